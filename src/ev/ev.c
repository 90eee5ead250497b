/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A descriptor is known to epoll by a slot number and that slot's generation.
 * Stopping a watcher empties its slot and bumps the generation, so an event
 * for it that is already in the batch finds nobody, even if the slot was
 * given to somebody else meanwhile.
 *
 * A silent watcher (want 0) stays in the set as EPOLLONESHOT: epoll reports
 * a hang-up for it at most once, which is filtered here, instead of in every
 * turn, and no later ev_fd_want() can fail for want of memory.
 *
 * Timers are a binary heap by time. epoll waits by CLOCK_MONOTONIC, timers
 * count CLOCK_BOOTTIME; WAIT_MAX_MS bounds how late a timer is after the
 * machine was suspended.
 *
 * glibc keeps what is freed: its thresholds grow with the largest buffer that
 * there ever was, and one message of 15 MB would make a process larger by two
 * of them for as long as it lives. So what lies free is given back EASE_MS
 * after something was done; a loop that does nothing is not woken for it.
 * musl gives back by itself.
 */
#include "ev/ev.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/signalfd.h>

#define BATCH       128
#define WAIT_MAX_MS 20000
#define EASE_MS     5000
#define EASE_BYTES  (1U << 20)
#define SIGNALS     65

struct slot {
	struct ev_fd *f;
	uint32_t gen;
	unsigned next_free; /* index + 1 */
};

struct handler {
	ev_signal_fn *fn;
	void *arg;
};

struct ev {
	int epfd, sigfd;
	bool stopped;
	mono_ms now;
	struct slot *slots;
	unsigned n_slots, free_slot; /* index + 1, 0: none */
	struct ev_timer **heap;
	size_t n_heap, cap_heap;
	struct ev_later *later, **later_tail;
	struct ev_timer ease;
	struct ev_fd sig;
	sigset_t mask;
	struct handler handlers[SIGNALS];
};

/* Ends the list of laters, so that a queued one never has a NULL next_. */
static struct ev_later last_later;

int ev_new(struct ev **ret, struct err *err)
{
	struct ev *ev = xcalloc(1, sizeof(*ev));

	ev->sigfd = -1;
	ev->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (ev->epfd < 0) {
		int r = ERR(err, -errno, "epoll_create1: %m");

		free(ev);
		return r;
	}
	sigemptyset(&ev->mask);
	ev->later = &last_later;
	ev->later_tail = &ev->later;
	ev->now = time_mono_ms();
	*ret = ev;
	return 0;
}

static void run_laters(struct ev *ev)
{
	while (ev->later != &last_later) {
		struct ev_later *l = ev->later;

		ev->later = l->next_;
		if (ev->later == &last_later)
			ev->later_tail = &ev->later;
		l->next_ = NULL;
		l->fn(l);
	}
}

void ev_free(struct ev *ev)
{
	if (!ev)
		return;
	run_laters(ev);
	for (unsigned i = 0; i < ev->n_slots; i++) {
		if (ev->slots[i].f)
			ev_fd_stop(ev->slots[i].f);
	}
	while (ev->n_heap)
		ev_timer_stop(ev->heap[ev->n_heap - 1]);
	own_close(&ev->sigfd);
	own_close(&ev->epfd);
	free(ev->slots);
	free(ev->heap);
	free(ev);
}

mono_ms ev_now_ms(const struct ev *ev)
{
	return ev->now;
}

void ev_stop(struct ev *ev)
{
	ev->stopped = true;
}

/* Descriptors. */

static void *grow(void *p, size_t n, size_t size)
{
	size_t bytes;

	CHECK(!__builtin_mul_overflow(n, size, &bytes));
	p = realloc(p, bytes);
	CHECK(p);
	return p;
}

static unsigned take_slot(struct ev *ev, struct ev_fd *f)
{
	unsigned i;

	if (!ev->free_slot) {
		unsigned n = ev->n_slots ? ev->n_slots * 2 : 64;

		ev->slots = grow(ev->slots, n, sizeof(*ev->slots));
		for (i = n; i > ev->n_slots; i--) {
			ev->slots[i - 1] = (struct slot){ .next_free = ev->free_slot };
			ev->free_slot = i;
		}
		ev->n_slots = n;
	}
	i = ev->free_slot - 1;
	ev->free_slot = ev->slots[i].next_free;
	ev->slots[i].f = f;
	return i;
}

static void drop_slot(struct ev *ev, unsigned i)
{
	ev->slots[i].f = NULL;
	ev->slots[i].gen++;
	ev->slots[i].next_free = ev->free_slot;
	ev->free_slot = i + 1;
}

static struct epoll_event event_of(const struct ev_fd *f)
{
	return (struct epoll_event){
		.events = f->want_ ? f->want_ : EPOLLONESHOT,
		.data.u64 = (uint64_t)f->ev_->slots[f->slot_].gen << 32 | f->slot_,
	};
}

int ev_fd_start(struct ev *ev, struct ev_fd *f, int fd, uint32_t want, ev_fd_fn *fn,
                struct err *err)
{
	struct epoll_event e;

	CHECK(!f->active_);
	*f = (struct ev_fd){ .fd = fd, .fn = fn, .want_ = want, .active_ = true, .ev_ = ev };
	f->slot_ = take_slot(ev, f);
	e = event_of(f);
	if (epoll_ctl(ev->epfd, EPOLL_CTL_ADD, fd, &e) < 0) {
		int r = -errno;

		drop_slot(ev, f->slot_);
		f->active_ = false;
		return ERR(err, r, "watch descriptor %d: %m", fd);
	}
	return 0;
}

void ev_fd_want(struct ev_fd *f, uint32_t want)
{
	struct epoll_event e;

	if (!f->active_ || f->want_ == want)
		return;
	f->want_ = want;
	e = event_of(f);
	/* Fails only if the owner closed the descriptor before it stopped us. */
	CHECK(epoll_ctl(f->ev_->epfd, EPOLL_CTL_MOD, f->fd, &e) == 0);
}

void ev_fd_stop(struct ev_fd *f)
{
	if (!f->active_)
		return;
	f->active_ = false;
	(void)epoll_ctl(f->ev_->epfd, EPOLL_CTL_DEL, f->fd, NULL);
	drop_slot(f->ev_, f->slot_);
}

static void dispatch(struct ev *ev, const struct epoll_event *e)
{
	uint32_t i = (uint32_t)e->data.u64, gen = (uint32_t)(e->data.u64 >> 32), events;
	struct ev_fd *f = i < ev->n_slots ? ev->slots[i].f : NULL;

	if (!f || ev->slots[i].gen != gen || !f->want_)
		return;
	events = e->events & (f->want_ | EPOLLHUP | EPOLLERR);
	if (events)
		f->fn(f, events);
}

/* Timers. */

static void put_at(struct ev *ev, size_t i, struct ev_timer *t)
{
	ev->heap[i] = t;
	t->heap_ = i + 1;
}

static void sift_up(struct ev *ev, size_t i, struct ev_timer *t)
{
	while (i > 0 && ev->heap[(i - 1) / 2]->at_ms_ > t->at_ms_) {
		put_at(ev, i, ev->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	put_at(ev, i, t);
}

static void sift_down(struct ev *ev, size_t i, struct ev_timer *t)
{
	for (size_t child = 2 * i + 1; child < ev->n_heap; child = 2 * i + 1) {
		if (child + 1 < ev->n_heap &&
		    ev->heap[child + 1]->at_ms_ < ev->heap[child]->at_ms_)
			child++;
		if (ev->heap[child]->at_ms_ >= t->at_ms_)
			break;
		put_at(ev, i, ev->heap[child]);
		i = child;
	}
	put_at(ev, i, t);
}

void ev_timer_start(struct ev *ev, struct ev_timer *t, uint64_t delay_ms, ev_timer_fn *fn)
{
	mono_ms now = time_mono_ms();

	ev_timer_stop(t);
	if (ev->n_heap == ev->cap_heap) {
		ev->cap_heap = ev->cap_heap ? ev->cap_heap * 2 : 64;
		ev->heap = grow(ev->heap, ev->cap_heap, sizeof(struct ev_timer *));
	}
	t->fn = fn;
	t->ev_ = ev;
	if (__builtin_add_overflow(now, delay_ms, &t->at_ms_))
		t->at_ms_ = UINT64_MAX;
	sift_up(ev, ev->n_heap++, t);
}

void ev_timer_stop(struct ev_timer *t)
{
	struct ev *ev = t->ev_;
	struct ev_timer *last;
	size_t i;

	if (!t->heap_)
		return;
	i = t->heap_ - 1;
	t->heap_ = 0;
	last = ev->heap[--ev->n_heap];
	if (last == t)
		return;
	if (i > 0 && ev->heap[(i - 1) / 2]->at_ms_ > last->at_ms_)
		sift_up(ev, i, last);
	else
		sift_down(ev, i, last);
}

/* At most as many as there were: a timer that arms itself with no delay waits
 * for the next turn. */
static void run_timers(struct ev *ev)
{
	for (size_t n = ev->n_heap; n > 0 && ev->n_heap && ev->heap[0]->at_ms_ <= ev->now;
	     n--) {
		struct ev_timer *t = ev->heap[0];

		ev_timer_stop(t);
		t->fn(t);
	}
}

static void on_ease(struct ev_timer *t)
{
#ifdef __GLIBC__
	if (mallinfo2().fordblks >= EASE_BYTES)
		(void)malloc_trim(0);
#endif
}

static int wait_ms(const struct ev *ev, int timeout_ms)
{
	int wait = timeout_ms < 0 || timeout_ms > WAIT_MAX_MS ? WAIT_MAX_MS : timeout_ms;
	mono_ms now, at;

	if (ev->later != &last_later || ev->stopped)
		return 0;
	if (!ev->n_heap)
		return timeout_ms;
	now = time_mono_ms();
	at = ev->heap[0]->at_ms_;
	if (at <= now)
		return 0;
	return at - now < (mono_ms)wait ? (int)(at - now) : wait;
}

void ev_at_turn_end(struct ev *ev, struct ev_later *l, ev_later_fn *fn)
{
	if (l->next_)
		return;
	l->fn = fn;
	l->next_ = &last_later;
	*ev->later_tail = l;
	ev->later_tail = &l->next_;
}

int ev_turn(struct ev *ev, int timeout_ms, struct err *err)
{
	struct epoll_event batch[BATCH];
	int n = epoll_wait(ev->epfd, batch, BATCH, wait_ms(ev, timeout_ms));

	if (n < 0 && errno != EINTR)
		return ERR(err, -errno, "epoll_wait: %m");
	ev->now = time_mono_ms();
	for (int i = 0; i < n; i++)
		dispatch(ev, &batch[i]);
	run_timers(ev);
	run_laters(ev);
	if (n > 0 && !ev_timer_armed(&ev->ease))
		ev_timer_start(ev, &ev->ease, EASE_MS, on_ease);
	return 0;
}

int ev_run(struct ev *ev, struct err *err)
{
	while (!ev->stopped) {
		int r = ev_turn(ev, -1, err);

		if (r < 0)
			return r;
	}
	ev->stopped = false;
	return 0;
}

/* Signals. */

static void on_signals(struct ev_fd *f, uint32_t events)
{
	struct ev *ev = f->ev_;
	struct signalfd_siginfo info;

	for (int budget = 16; budget > 0; budget--) {
		if (read(f->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
			return;
		if (info.ssi_signo < SIGNALS && ev->handlers[info.ssi_signo].fn)
			ev->handlers[info.ssi_signo].fn(ev, (int)info.ssi_signo,
			                                ev->handlers[info.ssi_signo].arg);
	}
}

int ev_signal(struct ev *ev, int signo, ev_signal_fn *fn, void *arg, struct err *err)
{
	sigset_t one;
	int fd;

	CHECK(signo > 0 && signo < SIGNALS);
	sigemptyset(&one);
	sigaddset(&one, signo);
	sigaddset(&ev->mask, signo);
	if (sigprocmask(SIG_BLOCK, &one, NULL) < 0)
		return ERR(err, -errno, "block signal %d: %m", signo);
	fd = signalfd(ev->sigfd, &ev->mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return ERR(err, -errno, "signalfd: %m");
	ev->handlers[signo] = (struct handler){ fn, arg };
	if (ev->sigfd >= 0)
		return 0;
	ev->sigfd = fd;
	return ev_fd_start(ev, &ev->sig, fd, EPOLLIN, on_signals, err);
}
