/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: one per process, one thread. Watchers are embedded in their
 * owner and found again with CONTAINER_OF. Level-triggered epoll. Callbacks
 * never re-enter the loop and do a bounded amount of work.
 *
 * Close now, free at the end of the turn: a watcher may be stopped from any
 * callback, and a stopped watcher gets no further call, not even one already
 * in the current batch; the memory that holds it must live until the end of
 * the turn (ev_at_turn_end), because the batch may still point to it.
 */
#pragma once

#include <signal.h>
#include <sys/epoll.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/list.h"
#include "base/time.h"

struct ev;
struct ev_fd;
struct ev_timer;
struct ev_later;
struct ev_child;

typedef void ev_fd_fn(struct ev_fd *f, uint32_t events);
typedef void ev_timer_fn(struct ev_timer *t);
typedef void ev_later_fn(struct ev_later *l);
/* As from waitid: code CLD_EXITED and the exit status, or CLD_KILLED,
 * CLD_DUMPED and the signal; code 0 if somebody else reaped it. */
typedef void ev_child_fn(struct ev_child *c, int code, int status);
typedef void ev_signal_fn(struct ev *ev, int signo, void *arg);

struct ev_fd {
	int fd; /* the owner's; the loop never closes it */
	ev_fd_fn *fn;
	uint32_t want_;
	bool active_;
	struct ev *ev_;
	unsigned slot_;
};
struct ev_timer {
	ev_timer_fn *fn;
	uint64_t at_ms_;
	size_t heap_; /* index + 1, 0 when not armed */
	struct ev *ev_;
};
struct ev_later {
	ev_later_fn *fn;
	struct ev_later *next_;
};
struct ev_child {
	pid_t pid;
	int pidfd; /* owned by the watcher, closed by ev_child_stop and at exit */
	ev_child_fn *fn;
	struct ev_fd fd_;
};

MUST_CHECK int ev_new(struct ev **ret, struct err *err);
void ev_free(struct ev *ev);
/* Until ev_stop(). -errno only if epoll itself fails. */
MUST_CHECK int ev_run(struct ev *ev, struct err *err);
/* One turn, waiting at most timeout_ms (-1: for ever). For tests. */
MUST_CHECK int ev_turn(struct ev *ev, int timeout_ms, struct err *err);
void ev_stop(struct ev *ev);
/* Cached at the start of the turn (CLOCK_BOOTTIME). */
mono_ms ev_now_ms(const struct ev *ev);

MUST_CHECK int ev_fd_start(struct ev *ev, struct ev_fd *f, int fd, uint32_t want, ev_fd_fn *fn,
                           struct err *err);
void ev_fd_want(struct ev_fd *f, uint32_t want); /* 0 keeps it, silent (HUP/ERR too) */
void ev_fd_stop(struct ev_fd *f);                /* safe when not started or zeroed */

void ev_timer_start(struct ev *ev, struct ev_timer *t, uint64_t delay_ms, ev_timer_fn *fn);
void ev_timer_stop(struct ev_timer *t);
static inline bool ev_timer_armed(const struct ev_timer *t)
{
	return t->heap_ != 0;
}

/* Runs fn when the turn's callbacks are done; for frees. *l is zeroed before its
 * first use; while it waits, further calls with it do nothing. */
void ev_at_turn_end(struct ev *ev, struct ev_later *l, ev_later_fn *fn);

/* Blocks the signal and delivers it by signalfd. One handler per signal. */
MUST_CHECK int ev_signal(struct ev *ev, int signo, ev_signal_fn *fn, void *arg,
                         struct err *err);

/* Watches a child of ours by pidfd; fn runs once, after the child was reaped. */
MUST_CHECK int ev_child_start(struct ev *ev, struct ev_child *c, pid_t pid, ev_child_fn *fn,
                              struct err *err);
void ev_child_stop(struct ev_child *c);
