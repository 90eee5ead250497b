/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "daemon/roles.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/log.h"

#define LIVED_MS     5000 /* who lived this long starts again at once */
#define DELAY_MAX_MS 1000
#define STOP_MS      10000 /* then SIGKILL */

static const char *const kept_env[] = { "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS" };

static void start(struct role *role);

/* The end of PATH is what crun, nft and ip of the engine are found by. */
static char env_path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
static char env_lang[] = "LANG=C.UTF-8";

/* 3 and 4 are filled from above them, so that neither overwrites the other. */
static int arrange_descriptors(const struct role *role)
{
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	int config = fcntl(role->all_->config_fd, F_DUPFD, 10);
	int listener = fcntl(role->listen_fd, F_DUPFD, 10);

	if (null_fd < 0 || config < 0 || listener < 0 || dup2(null_fd, 0) < 0 ||
	    dup2(null_fd, 1) < 0 || dup2(config, 3) < 0 || dup2(listener, 4) < 0)
		return -errno;
	return syscall(SYS_close_range, 5, ~0U, 0) < 0 ? -errno : 0;
}

/* Between fork and exec. */
static _Noreturn void become_role(const struct role *role, pid_t parent)
{
	char program[] = "carreld", name[16], state[1024], kept[ARRAY_LEN(kept_env)][512];
	char *argv[] = { program, name, state, NULL };
	char *env[ARRAY_LEN(kept_env) + 3] = { env_path, env_lang };
	sigset_t none;
	size_t n = 2;

	(void)snprintf(name, sizeof(name), "%s", role->name);
	(void)snprintf(state, sizeof(state), "%s", role->all_->state);
	for (size_t i = 0; i < ARRAY_LEN(kept_env); i++) {
		const char *v = getenv(kept_env[i]);

		if (!v)
			continue;
		(void)snprintf(kept[i], sizeof(kept[i]), "%s=%s", kept_env[i], v);
		env[n++] = kept[i];
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent)
		_exit(125);
	if (arrange_descriptors(role) < 0)
		_exit(126);
	(void)execve("/proc/self/exe", argv, env);
	_exit(127);
}

static void changed(struct roles *r)
{
	if (r->on_change)
		r->on_change(r);
}

static void on_again(struct ev_timer *t)
{
	start(CONTAINER_OF(t, struct role, again_));
}

static void start_later(struct role *role)
{
	if (ev_now_ms(role->all_->ev) - role->started_ms >= LIVED_MS)
		role->delay_ms = 0;
	ev_timer_start(role->all_->ev, &role->again_, role->delay_ms, on_again);
}

/* Why a role ended, in words: a killing filter is the one worth explaining. */
static void log_end(const struct role *role, int code, int status)
{
	bool killed = code != CLD_EXITED;
	const char *what = !killed            ? "exited"
	                   : status == SIGSYS ? "killed: a system call outside its allow-list"
	                                      : "killed";

	log_event(LOG_WARN, "role_ended", LZ("role", role->name), LI("pid", role->pid),
	          LZ("how", what), LI(killed ? "signal" : "status", status));
}

static void on_late(struct ev_timer *t)
{
	struct role *role = CONTAINER_OF(t, struct role, late_);

	log_event(LOG_WARN, "role_stop_late", LZ("role", role->name), LI("pid", role->pid));
	if (role->pid)
		(void)kill(role->pid, SIGKILL);
}

/* All of one name end together, then those of the next name. */
static void stop_next(struct roles *r)
{
	const char *name = NULL;

	for (size_t i = 0; i < r->n; i++) {
		if (!r->role[i].pid)
			continue;
		if (r->ending && strcmp(r->role[i].name, r->ending) == 0)
			return;
		if (!name)
			name = r->role[i].name;
	}
	r->ending = name;
	for (size_t i = 0; name && i < r->n; i++) {
		struct role *role = &r->role[i];

		if (!role->pid || strcmp(role->name, name) != 0)
			continue;
		(void)kill(role->pid, SIGTERM);
		ev_timer_start(r->ev, &role->late_, STOP_MS, on_late);
	}
	if (!name && list_empty(&r->leaving))
		r->on_stopped(r);
}

static void on_end(struct ev_child *c, int code, int status)
{
	struct role *role = CONTAINER_OF(c, struct role, child_);
	struct roles *r = role->all_;

	if (!r->stopping && !(role->planned && code == CLD_EXITED && status == 0))
		log_end(role, code, status);
	role->pid = 0;
	ev_timer_stop(&role->late_);
	if (r->stopping) {
		stop_next(r);
	} else if (role->planned) {
		role->planned = false;
		role->delay_ms = 0;
		start(role);
	} else {
		start_later(role);
	}
	changed(r);
}

static void start(struct role *role)
{
	struct roles *r = role->all_;
	struct err err = ERR_NONE;
	pid_t parent = getpid(), pid;

	role->started_ms = ev_now_ms(r->ev);
	role->delay_ms = role->delay_ms ? 2 * role->delay_ms : 25;
	if (role->delay_ms > DELAY_MAX_MS)
		role->delay_ms = DELAY_MAX_MS;
	pid = fork();
	if (pid == 0)
		become_role(role, parent);
	if (pid < 0) {
		(void)ERR(&err, -errno, "fork: %m");
		log_err(LOG_ERROR, "role_start", &err);
		start_later(role);
		return;
	}
	if (ev_child_start(r->ev, &role->child_, pid, on_end, &err) < 0) {
		/* Out of descriptors: nobody would see it end. */
		log_err(LOG_ERROR, "role_start", &err);
		(void)kill(pid, SIGKILL);
		start_later(role);
		return;
	}
	role->pid = pid;
	log_event(LOG_INFO, "role_started", LZ("role", role->name), LI("pid", pid));
	changed(r);
}

/* --- planned restarts --- */

static void on_left_gone(struct ev_later *l)
{
	free(CONTAINER_OF(l, struct leaving, gone_));
}

static void on_left(struct ev_child *c, int code, int status)
{
	struct leaving *l = CONTAINER_OF(c, struct leaving, child_);
	struct roles *r = l->all_;

	log_event(code == CLD_EXITED && status == 0 ? LOG_INFO : LOG_WARN, "role_left",
	          LZ("role", l->name), LI("pid", l->pid), LI("status", status));
	list_del(&l->node);
	ev_at_turn_end(r->ev, &l->gone_, on_left_gone);
	changed(r);
	if (r->stopping)
		stop_next(r);
}

static void leave(struct roles *r, const char *name, pid_t pid)
{
	struct leaving *l = xcalloc(1, sizeof(*l));
	struct err err = ERR_NONE;

	l->name = name;
	l->pid = pid;
	l->all_ = r;
	list_init(&l->node);
	if (ev_child_start(r->ev, &l->child_, pid, on_left, &err) < 0) {
		log_err(LOG_ERROR, "role_leave", &err);
		(void)kill(pid, SIGTERM); /* unwatched, but it goes */
		free(l);
		return;
	}
	list_push(&r->leaving, &l->node);
	(void)kill(pid, SIGHUP);
}

/* The successor first, so that there is somebody at the listener all the time. */
static void replace(struct role *role)
{
	pid_t old = role->pid;

	ev_child_stop(&role->child_);
	role->pid = 0;
	role->delay_ms = 0;
	start(role);
	leave(role->all_, role->name, old);
}

static void renew(struct role *role)
{
	if (!role->pid)
		return; /* it is just being started */
	log_event(LOG_INFO, "role_restart", LZ("role", role->name), LI("pid", role->pid));
	if (strcmp(role->name, "edge") == 0) {
		replace(role);
		return;
	}
	role->planned = true;
	(void)kill(role->pid, SIGTERM);
	ev_timer_start(role->all_->ev, &role->late_, STOP_MS, on_late);
}

void roles_restart(struct roles *r, const char *name)
{
	if (r->stopping)
		return;
	for (size_t i = 0; i < r->n; i++)
		if (!name || strcmp(r->role[i].name, name) == 0)
			renew(&r->role[i]);
	changed(r);
}

void roles_adopt(struct roles *r, const char *name, pid_t pid, bool leaving)
{
	struct err err = ERR_NONE;

	for (size_t i = 0; i < r->n; i++) {
		struct role *role = &r->role[i];

		if (strcmp(role->name, name) != 0)
			continue;
		name = role->name; /* which lives */
		if (role->pid || leaving)
			continue;
		role->started_ms = ev_now_ms(r->ev);
		if (ev_child_start(r->ev, &role->child_, pid, on_end, &err) < 0)
			log_err(LOG_ERROR, "role_adopt", &err);
		else
			role->pid = pid;
		return;
	}
	leave(r, name, pid);
}

void roles_init(struct roles *r)
{
	list_init(&r->leaving);
}

void roles_add(struct roles *r, const char *name, int listen_fd)
{
	CHECK(r->n < ROLES_MAX);
	r->role[r->n++] = (struct role){ .name = name, .listen_fd = listen_fd, .all_ = r };
}

int roles_start(struct roles *r, struct err *err)
{
	for (size_t i = r->n; i > 0; i--) {
		if (!r->role[i - 1].pid)
			start(&r->role[i - 1]);
		if (!r->role[i - 1].pid)
			return ERR(err, -EAGAIN, "can't start %s: see the log",
			           r->role[i - 1].name);
	}
	return 0;
}

void roles_stop(struct roles *r)
{
	if (r->stopping)
		return;
	r->stopping = true;
	for (size_t i = 0; i < r->n; i++)
		ev_timer_stop(&r->role[i].again_);
	list_for_each (it, &r->leaving)
		(void)kill(LIST_ENTRY(it, struct leaving, node)->pid, SIGTERM);
	stop_next(r);
}
