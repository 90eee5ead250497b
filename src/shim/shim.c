/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "shim/shim.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include "base/log.h"
#include "shim/cgroup.h"

#define TERM_AFTER_MS 2000
#define NS_PER_S      UINT64_C(1000000000)

static void on_ending(struct ev_timer *t);

void shim_step(struct shim *s, const char *step)
{
	(void)snprintf(s->step, sizeof(s->step), "%s", step);
	s->step_at = time_boot_ns();
	link_phase(s);
}

/* The deadline. */

void shim_set_deadline(struct shim *s)
{
	struct itimerspec at = { 0 };
	const char *why;
	boot_ns ns = deadline_at(&s->deadline, &why);

	if (s->phase == SHIM_RUNNING && ns != DEADLINE_NEVER) {
		at.it_value.tv_sec = (time_t)(ns / NS_PER_S);
		at.it_value.tv_nsec = (long)(ns % NS_PER_S) + (ns == 0);
	}
	(void)timerfd_settime(s->deadline_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void on_deadline(struct ev_fd *f, uint32_t events)
{
	struct shim *s = CONTAINER_OF(f, struct shim, deadline_ev);
	const char *why;
	uint64_t times;

	if (read(s->deadline_fd, &times, sizeof(times)) < 0 || s->phase != SHIM_RUNNING)
		return;
	if (deadline_at(&s->deadline, &why) > time_boot_ns())
		shim_set_deadline(s);
	else
		shim_stop(s, why, s->grace_seconds);
}

int shim_open_deadline(struct shim *s, struct err *err)
{
	s->deadline_fd = timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	if (s->deadline_fd < 0)
		return ERR(err, -errno, "can't make a timer: %m");
	return ev_fd_start(s->ev, &s->deadline_ev, s->deadline_fd, EPOLLIN, on_deadline, err);
}

/* Stopping. */

void shim_reason(struct shim *s, const char *reason)
{
	if (!s->reason[0])
		(void)snprintf(s->reason, sizeof(s->reason), "%s", reason);
}

static void on_term(struct ev_timer *t)
{
	struct shim *s = CONTAINER_OF(t, struct shim, term);

	cgroups_term(&s->conf, (pid_t)s->state.pid);
}

static void on_force(struct ev_timer *t)
{
	struct shim *s = CONTAINER_OF(t, struct shim, force);

	shim_end(s);
}

void shim_stop(struct shim *s, const char *reason, unsigned grace_seconds)
{
	struct err err = ERR_NONE;
	uint64_t grace_ms = grace_seconds * 1000ULL;

	if (s->phase == SHIM_STOPPING && grace_seconds < s->grace_seconds) {
		s->grace_seconds = grace_seconds; /* asked again, more urgently */
		ev_timer_start(s->ev, &s->force, grace_ms, on_force);
	}
	if (s->phase >= SHIM_STOPPING)
		return;
	shim_reason(s, reason[0] ? reason : "user");
	log_event(LOG_INFO, "stopping", LZ("session", s->conf.session),
	          LZ("reason", s->reason));
	if (s->phase == SHIM_LAUNCHING) {
		shim_end(s);
		return;
	}
	s->phase = SHIM_STOPPING;
	s->grace_seconds = grace_seconds;
	if (record_state(s, &err) < 0)
		log_err(LOG_ERROR, "state_unwritten", &err);
	shim_set_deadline(s);
	ev_timer_stop(&s->ready_timer);
	link_stopping(s);
	/* The agent is given time to save and to end its kernels in order. */
	ev_timer_start(s->ev, &s->term,
	               s->agent.fd < 0                ? 0
	               : grace_ms / 2 < TERM_AFTER_MS ? grace_ms / 2
	                                              : TERM_AFTER_MS,
	               on_term);
	ev_timer_start(s->ev, &s->force, grace_ms, on_force);
}

static void kill_all(struct shim *s)
{
	if (s->launcher.pid > 0)
		(void)kill(s->launcher.pid, SIGKILL);
	if (s->init_pidfd >= 0 && !s->init_gone)
		(void)syscall(SYS_pidfd_send_signal, s->init_pidfd, SIGKILL, NULL, 0);
	cgroups_kill(&s->conf);
}

/* From any state, once: kill what is left and wait for the end of it. */
void shim_end(struct shim *s)
{
	if (s->phase >= SHIM_ENDING)
		return;
	s->phase = SHIM_ENDING;
	s->ending_since = time_mono_ms();
	shim_set_deadline(s);
	ev_timer_stop(&s->ready_timer);
	ev_timer_stop(&s->term);
	ev_timer_stop(&s->force);
	ev_timer_stop(&s->beat);
	own_close(&s->volume_fd);
	/* Frozen, nothing forks while it is looked for; thawed, it dies. */
	cgroups_freeze(&s->conf, true);
	kill_all(s);
	cgroups_freeze(&s->conf, false);
	ev_timer_start(s->ev, &s->tick, 0, on_ending);
}

static void decide_reason(struct shim *s)
{
	if (s->reason[0])
		return;
	/* Ended by itself before it ever served: nobody could use it. */
	if (!s->ready && !s->estimate) {
		s->failed = true;
		shim_reason(s, "start-failed");
		if (!s->message[0])
			(void)snprintf(s->message, sizeof(s->message),
			               "the session's server ended before it answered%s%s",
			               s->log.last[0] ? ": " : "", s->log.last);
		return;
	}
	shim_reason(s, WIFSIGNALED(s->exit_status) && s->exit_status >= 0 &&
	                       WTERMSIG(s->exit_status) == SIGKILL
	                   ? "oom"
	                   : "exit");
}

static void on_ending(struct ev_timer *t)
{
	struct shim *s = CONTAINER_OF(t, struct shim, tick);
	struct err err = ERR_NONE;

	if (s->launcher.pid > 0 || !s->init_gone || !cgroups_empty(&s->conf)) {
		kill_all(s);
		cgroups_freeze(
		    &s->conf,
		    false); /* a thaw may have failed, and what is frozen never dies */
		ev_timer_start(s->ev, &s->tick, ++s->ticks < 20 ? 5 : 100, on_ending);
		return;
	}
	logpipe_drain(s);
	decide_reason(s);
	if (record_stop(s, &err) < 0) { /* what is billed must be on disk first */
		log_err(LOG_ERROR, "stop_unwritten", &err);
		ev_timer_start(s->ev, &s->tick, 1000, on_ending);
		return;
	}
	if (s->failed)
		link_failed(s);
	log_event(LOG_INFO, "stopped", LZ("session", s->conf.session), LZ("reason", s->reason));
	shim_clean(s);
}
