/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/reexec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "agent/handover.h"
#include "agent/run.h"
#include "base/log.h"

#define SETTLE_MS      90000U /* a kernel may take a minute to start */
#define SETTLE_STEP_MS 200U
#define LEAVE_MS       12000U /* a slow browser still takes what was queued for it */
#define LEAVE_STEP_MS  10U
#define CHECK_MS       10000
#define ARGS_MAX       64U

enum phase { IDLE, SETTLING, LEAVING };

struct reexec {
	struct agent *a;
	enum phase phase;
	mono_ms since_ms;
	struct ev_timer timer;
	char exe[PATH_MAX];
	char *const *argv;
};

static void on_step(struct ev_timer *t);

/* ---- the new program ---- */

static pid_t start_check(const struct reexec *x, int fd)
{
	char number[16];
	char *argv[] = { x->argv[0], (char[]){ "--check-state" }, number, NULL };
	pid_t pid;

	(void)snprintf(number, sizeof(number), "%d", fd);
	pid = fork();
	if (pid == 0) {
		(void)execve(x->exe, argv, environ);
		_exit(127);
	}
	return pid;
}

/* Nothing else happens meanwhile, so that what is checked is what is handed
 * over. It takes milliseconds; one that takes seconds is ended. */
static int wait_check(pid_t pid, struct err *err)
{
	autoclose int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int status = 0, r;

	do {
		r = fd < 0 ? 0 : poll(&p, 1, CHECK_MS);
	} while (r < 0 && errno == EINTR);
	if (r <= 0)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (r <= 0)
		return ERR(err, -ETIMEDOUT, "the new program did not answer");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return ERR(err, -EPROTO, "the new program refuses this one's state (status %d)",
		           WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	return 0;
}

/* The state, and the new program has read it. Its descriptors stay open over
 * an exec until handover_keep(out, false). */
static int prepare(struct reexec *x, struct hand_out *out, int *ret_fd, struct err *err)
{
	int fd = -1, r = handover_save(x->a, out, &fd, err);
	pid_t pid;

	if (r < 0)
		return r;
	handover_keep(out, true);
	(void)fcntl(fd, F_SETFD, 0);
	pid = start_check(x, fd);
	r = pid < 0 ? ERR(err, -errno, "fork: %m") : wait_check(pid, err);
	if (r < 0) {
		handover_keep(out, false);
		(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

/* Comes back only if the kernel can't start the program. */
static int replace(struct reexec *x, int fd, struct err *err)
{
	char *argv[ARGS_MAX + 3], number[16], option[] = "--state";
	size_t n = 0;

	(void)snprintf(number, sizeof(number), "%d", fd);
	for (char *const *p = x->argv; *p; p++) {
		if (strcmp(*p, option) == 0 && p[1]) {
			p++;
			continue;
		}
		if (n == ARGS_MAX)
			return ERR(err, -E2BIG, "it was started with too many arguments");
		argv[n++] = *p;
	}
	argv[n++] = option;
	argv[n++] = number;
	argv[n] = NULL;
	(void)execve(x->exe, argv, environ);
	return ERR(err, -errno, "can't run %s: %m", x->exe);
}

/* ---- this one ---- */

static void go_on(struct reexec *x, const struct err *err)
{
	if (x->phase == LEAVING)
		http_server_hold(x->a->server, false);
	x->phase = IDLE;
	ev_timer_stop(&x->timer);
	log_err(LOG_ERROR, "reexec_failed", err);
}

static void move(struct reexec *x, enum phase to)
{
	x->phase = to;
	x->since_ms = ev_now_ms(x->a->ev);
	ev_timer_start(x->a->ev, &x->timer, 0, on_step);
}

/* Would it work? Only then are the browsers sent away. */
static int rehearse(struct reexec *x, struct err *err)
{
	struct hand_out out;
	int fd = -1, r = prepare(x, &out, &fd, err);

	if (r == 0) {
		handover_keep(&out, false);
		(void)close(fd);
	}
	hand_out_fini(&out);
	return r;
}

static int hand_over(struct reexec *x, struct err *err)
{
	struct hand_out out;
	int fd = -1, r = prepare(x, &out, &fd, err);

	if (r == 0) {
		r = replace(x, fd, err);
		handover_keep(&out, false);
		(void)close(fd);
	}
	hand_out_fini(&out);
	return r;
}

static void settle(struct reexec *x, mono_ms past)
{
	struct err err = ERR_NONE;

	if (!handover_settled(x->a)) {
		if (past < SETTLE_MS) {
			ev_timer_start(x->a->ev, &x->timer, SETTLE_STEP_MS, on_step);
			return;
		}
		(void)ERR(&err, -EBUSY, "a kernel or terminal starts or ends all the time");
		go_on(x, &err);
		return;
	}
	if (rehearse(x, &err) < 0) {
		go_on(x, &err);
		return;
	}
	log_event(LOG_INFO, "reexec", LZ("program", x->exe));
	http_server_hold(x->a->server, true);
	move(x, LEAVING);
	handover_leave(x->a);
}

static void leave(struct reexec *x, mono_ms past)
{
	struct err err = ERR_NONE;
	bool settled = handover_settled(x->a);

	/* A request that was in progress may have started a kernel. */
	if (!settled ? past < SETTLE_MS : handover_busy(x->a) && past < LEAVE_MS) {
		ev_timer_start(x->a->ev, &x->timer, LEAVE_STEP_MS, on_step);
		return;
	}
	handover_cut(x->a);
	if (settled)
		(void)hand_over(x, &err);
	else
		(void)ERR(&err, -EBUSY, "a kernel did not start or end in time");
	go_on(x, &err);
}

static void on_step(struct ev_timer *t)
{
	struct reexec *x = CONTAINER_OF(t, struct reexec, timer);
	mono_ms past = ev_now_ms(x->a->ev) - x->since_ms;
	struct err err = ERR_NONE;

	if (x->a->stopping) {
		(void)ERR(&err, -ECANCELED, "the session is being stopped");
		go_on(x, &err);
	} else if (x->phase == SETTLING) {
		settle(x, past);
	} else {
		leave(x, past);
	}
}

void reexec_ask(struct agent *a)
{
	if (a->reexec->phase == IDLE && !a->stopping)
		move(a->reexec, SETTLING);
}

static void on_signal(struct ev *ev, int signo, void *arg)
{
	(void)ev;
	(void)signo;
	reexec_ask(arg);
}

int reexec_init(struct agent *a, char *const *argv, struct err *err)
{
	struct reexec *x = xcalloc(1, sizeof(*x));
	ssize_t n = readlink("/proc/self/exe", x->exe, sizeof(x->exe) - 1);

	a->reexec = x;
	x->a = a;
	x->argv = argv;
	if (n < 0)
		return ERR(err, -errno, "/proc/self/exe can't be read: %m");
	return ev_signal(a->ev, SIGUSR2, on_signal, a, err);
}

void reexec_fini(struct agent *a)
{
	if (!a->reexec)
		return;
	ev_timer_stop(&a->reexec->timer);
	free(a->reexec);
	a->reexec = NULL;
}

/* ---- the other side ---- */

unsigned reexec_state_fd(char *const *argv)
{
	uint64_t fd;

	for (; *argv; argv++) {
		if (strcmp(*argv, "--state") == 0 && argv[1] &&
		    str_to_u64(str_of(argv[1]), 3, INT_MAX, &fd) == 0)
			return (unsigned)fd;
	}
	return 0;
}

int reexec_check_main(const char *text)
{
	struct handover *h = NULL;
	struct err err = ERR_NONE;
	uint64_t fd = 0;
	int r = str_to_u64(str_of(text), 3, INT_MAX, &fd);

	log_init("carrel-agent", LOG_INFO);
	if (r < 0)
		r = ERR(&err, r, "--check-state needs the number of a descriptor");
	if (r == 0)
		r = handover_open((int)fd, &h, &err);
	if (r == 0 && handover_of_session(h))
		r = session_check_self(&err);
	if (r == 0)
		r = handover_load(h, NULL, &err);
	if (r < 0)
		log_err(LOG_ERROR, "state_refused", &err);
	handover_free(h);
	return r < 0 ? 1 : 0;
}
