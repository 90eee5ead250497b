/* SPDX-License-Identifier: Apache-2.0 */
#include "ev/ev.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "test.h"

static struct ev *ev;

static void begin(void)
{
	T_EQ(ev_new(&ev, NULL), 0);
}

static void turn(void)
{
	T_EQ(ev_turn(ev, 1000, NULL), 0);
}

struct end {
	struct ev_fd f;
	struct end *victim;
	int calls;
	uint32_t events;
};

static void on_end(struct ev_fd *f, uint32_t events)
{
	struct end *e = CONTAINER_OF(f, struct end, f);

	e->calls++;
	e->events = events;
	if (e->victim)
		ev_fd_stop(&e->victim->f);
}

static void a_ready_descriptor_calls_its_owner(void)
{
	int before = open_fds(), p[2];
	struct end e = { 0 };

	begin();
	T_EQ(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	T_EQ(ev_fd_start(ev, &e.f, p[0], EPOLLIN, on_end, NULL), 0);
	T_EQ(ev_turn(ev, 0, NULL), 0);
	T_EQ(e.calls, 0);
	T_EQ(write(p[1], "x", 1), 1);
	turn();
	turn(); /* level-triggered: still ready */
	T_EQ(e.calls, 2);
	T_EQ(e.events, EPOLLIN);
	ev_fd_stop(&e.f);
	ev_fd_stop(&e.f);
	T_EQ(ev_turn(ev, 0, NULL), 0);
	T_EQ(e.calls, 2);
	ev_free(ev);
	close(p[0]);
	close(p[1]);
	T_EQ(open_fds(), before);
}

static void two_ends(int p[2], struct end e[2])
{
	T_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, p), 0);
	for (int i = 0; i < 2; i++)
		T_EQ(ev_fd_start(ev, &e[i].f, p[i], EPOLLOUT, on_end, NULL), 0);
}

static void a_watcher_stopped_in_the_batch_gets_no_call(void)
{
	struct end e[2] = { 0 };
	int p[2];

	begin();
	two_ends(p, e);
	e[0].victim = &e[1];
	e[1].victim = &e[0];
	turn();
	T_EQ(e[0].calls + e[1].calls, 1);
	ev_fd_stop(&e[0].f);
	ev_fd_stop(&e[1].f);
	ev_free(ev);
	close(p[0]);
	close(p[1]);
}

static struct end fresh;
static int fresh_pipe[2];

static void on_swap(struct ev_fd *f, uint32_t events)
{
	struct end *e = CONTAINER_OF(f, struct end, f);

	/* The slot of the victim goes to a watcher that has nothing to read. */
	e->calls++;
	ev_fd_stop(&e->victim->f);
	if (!fresh.f.active_)
		T_EQ(ev_fd_start(ev, &fresh.f, fresh_pipe[0], EPOLLIN, on_end, NULL), 0);
}

static void a_slot_given_to_another_in_the_batch_keeps_old_events_away(void)
{
	struct end e[2] = { 0 };
	int p[2];

	begin();
	fresh = (struct end){ 0 };
	T_EQ(pipe2(fresh_pipe, O_CLOEXEC | O_NONBLOCK), 0);
	two_ends(p, e);
	for (int i = 0; i < 2; i++) {
		e[i].f.fn = on_swap;
		e[i].victim = &e[1 - i];
	}
	turn();
	T_EQ(e[0].calls + e[1].calls, 1);
	T_EQ(fresh.calls, 0);
	T_EQ(fresh.f.slot_, e[0].calls ? e[1].f.slot_ : e[0].f.slot_);
	ev_fd_stop(&fresh.f);
	ev_fd_stop(&e[0].f);
	ev_fd_stop(&e[1].f);
	ev_free(ev);
	for (int i = 0; i < 2; i++) {
		close(p[i]);
		close(fresh_pipe[i]);
	}
}

static void wanting_nothing_is_silent_even_on_hang_up(void)
{
	struct end e[2] = { 0 };
	uint64_t start;
	int p[2];

	begin();
	two_ends(p, e);
	ev_fd_want(&e[0].f, 0);
	ev_fd_stop(&e[1].f);
	close(p[1]);
	start = time_mono_ms();
	T_EQ(ev_turn(ev, 0, NULL), 0);
	T_EQ(ev_turn(ev, 40, NULL), 0);
	T_EQ(e[0].calls, 0);
	T_OK(time_mono_ms() - start >= 39); /* it waited: no busy loop */
	ev_fd_want(&e[0].f, EPOLLIN);
	turn();
	T_EQ(e[0].calls, 1);
	T_OK(e[0].events & EPOLLHUP);
	ev_fd_stop(&e[0].f);
	ev_free(ev);
	close(p[0]);
}

static void a_file_that_epoll_cannot_watch_is_an_error(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct err err = ERR_NONE;
	struct end e = { 0 };

	begin();
	T_EQ(ev_fd_start(ev, &e.f, fd, EPOLLIN, on_end, &err), -EPERM);
	T_OK(strstr(err.msg, "watch descriptor"));
	ev_fd_stop(&e.f);
	close(fd);
	ev_free(ev);
}

#define TIMERS 500
struct tick {
	struct ev_timer t;
	uint64_t due;
	int calls;
};
static struct tick ticks[TIMERS];
static uint64_t last_due;
static int fired, disorder;

static void on_tick(struct ev_timer *t)
{
	struct tick *k = CONTAINER_OF(t, struct tick, t);

	k->calls++;
	fired++;
	if (k->t.at_ms_ < last_due || k->t.at_ms_ > ev_now_ms(ev))
		disorder++;
	last_due = k->t.at_ms_;
}

static void timers_fire_once_in_order_and_never_early(void)
{
	unsigned seed = 7;
	int stopped = 0;

	begin();
	memset(ticks, 0, sizeof(ticks));
	fired = disorder = 0;
	last_due = 0;
	for (int i = 0; i < TIMERS; i++) {
		seed = seed * 1103515245 + 12345;
		ev_timer_start(ev, &ticks[i].t, seed / 65536 % 50, on_tick);
	}
	for (int i = 0; i < TIMERS; i += 3) {
		ev_timer_stop(&ticks[i].t);
		ev_timer_stop(&ticks[i].t);
		stopped++;
	}
	for (int i = 1; i < TIMERS; i += 7) {
		if (i % 3)
			ev_timer_start(ev, &ticks[i].t, 60, on_tick);
	}
	while (fired < TIMERS - stopped)
		turn();
	T_EQ(disorder, 0);
	for (int i = 0; i < TIMERS; i++) {
		T_EQ(ticks[i].calls, i % 3 ? 1 : 0);
		T_OK(!ev_timer_armed(&ticks[i].t));
	}
	ev_free(ev);
}

static void on_again(struct ev_timer *t)
{
	fired++;
	ev_timer_start(ev, t, 0, on_again);
}

static void a_timer_that_arms_itself_does_not_hold_the_turn(void)
{
	struct ev_timer t = { 0 };

	begin();
	fired = 0;
	ev_timer_start(ev, &t, 0, on_again);
	for (int i = 0; i < 3; i++)
		turn();
	T_EQ(fired, 3);
	ev_free(ev);
	T_OK(!ev_timer_armed(&t));
}

static void timers_of_absurd_length_are_armed(void)
{
	struct ev_timer t = { 0 };

	begin();
	ev_timer_start(ev, &t, UINT64_MAX, on_again);
	T_EQ(ev_turn(ev, 0, NULL), 0);
	T_OK(ev_timer_armed(&t));
	ev_timer_stop(&t);
	ev_free(ev);
}

struct thing {
	struct ev_later gone, more;
	int frees;
};
static struct thing thing;

static void on_more(struct ev_later *l)
{
	thing.frees += 10;
}

static void on_gone(struct ev_later *l)
{
	thing.frees++;
	ev_at_turn_end(ev, &thing.more, on_more);
}

static void frees_run_once_at_the_end_of_the_turn(void)
{
	begin();
	thing = (struct thing){ 0 };
	ev_at_turn_end(ev, &thing.gone, on_gone);
	ev_at_turn_end(ev, &thing.gone, on_gone); /* closed twice: freed once */
	T_EQ(thing.frees, 0);
	T_EQ(ev_turn(ev, -1, NULL), 0); /* does not wait */
	T_EQ(thing.frees, 11);
	ev_at_turn_end(ev, &thing.gone, on_gone);
	ev_free(ev);
	T_EQ(thing.frees, 22);
}

static int got[65];

static void on_signal(struct ev *e, int signo, void *arg)
{
	got[signo]++;
	if (arg)
		ev_stop(e);
}

static void signals_come_through_the_loop(void)
{
	int before = open_fds();
	sigset_t none;

	begin();
	T_EQ(ev_signal(ev, SIGUSR1, on_signal, NULL, NULL), 0);
	T_EQ(ev_signal(ev, SIGTERM, on_signal, &got, NULL), 0);
	T_EQ(raise(SIGUSR1), 0);
	turn();
	T_EQ(got[SIGUSR1], 1);
	T_EQ(raise(SIGTERM), 0);
	T_EQ(ev_run(ev, NULL), 0);
	T_EQ(got[SIGTERM], 1);
	ev_free(ev);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	T_EQ(open_fds(), before);
}

TEST_MAIN(
    { "a ready descriptor calls its owner", a_ready_descriptor_calls_its_owner },
    { "a watcher stopped in the batch gets no call",
      a_watcher_stopped_in_the_batch_gets_no_call },
    { "a slot given to another in the batch keeps old events away",
      a_slot_given_to_another_in_the_batch_keeps_old_events_away },
    { "wanting nothing is silent, even on hang-up", wanting_nothing_is_silent_even_on_hang_up },
    { "a file that epoll can't watch is an error", a_file_that_epoll_cannot_watch_is_an_error },
    { "timers fire once, in order and never early", timers_fire_once_in_order_and_never_early },
    { "a timer that arms itself does not hold the turn",
      a_timer_that_arms_itself_does_not_hold_the_turn },
    { "timers of absurd length are armed", timers_of_absurd_length_are_armed },
    { "frees run once, at the end of the turn", frees_run_once_at_the_end_of_the_turn },
    { "signals come through the loop", signals_come_through_the_loop })
