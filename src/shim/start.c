/* SPDX-License-Identifier: Apache-2.0 */
/* How a shim comes to its session: it launches one, or adopts a running one. */
#define _GNU_SOURCE
#include "shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "shim/cgroup.h"
#include "shim/rights.h"

#define BEAT_MS  5000
#define HOME     "home/carrel" /* in the container, contracts section 8 */
#define NS_PER_S UINT64_C(1000000000)

/* PID 1 of the container. */

static void init_ended(struct shim *s, int status)
{
	s->init_gone = true;
	s->exit_status = status;
	shim_end(s);
}

static void on_init_child(struct ev_child *c, int code, int status)
{
	struct shim *s = CONTAINER_OF(c, struct shim, init_child);

	/* As wait() would have put it. */
	init_ended(s, code == CLD_EXITED ? (status & 0xff) << 8 : status & 0x7f);
}

static void on_init_pidfd(struct ev_fd *f, uint32_t events)
{
	struct shim *s = CONTAINER_OF(f, struct shim, init_ev);

	ev_fd_stop(f);
	init_ended(s, -1);
}

static int watch_init(struct shim *s, pid_t pid, struct err *err)
{
	int r;

	s->init_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (s->init_pidfd < 0)
		return ERR(err, -errno, "the container's first process has gone: %m");
	if (s->init_is_child) {
		r = ev_child_start(s->ev, &s->init_child, pid, on_init_child, err);
	} else {
		r = ev_fd_start(s->ev, &s->init_ev, s->init_pidfd, EPOLLIN, on_init_pidfd, err);
	}
	if (r == 0)
		s->init_gone = false;
	return r;
}

static void on_beat(struct ev_timer *t)
{
	struct shim *s = CONTAINER_OF(t, struct shim, beat);

	record_beat(s);
	ev_timer_start(s->ev, t, BEAT_MS, on_beat);
}

static void open_volume(struct shim *s)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		                .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS };
	autoclose int root = -1;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%lld/root", (long long)s->state.pid);
	root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root >= 0)
		s->volume_fd = (int)syscall(SYS_openat2, root, HOME, &how, sizeof(how));
}

/* The container runs: what follows needs few rights. */
static void enter_running(struct shim *s)
{
	struct err err = ERR_NONE;

	s->phase = SHIM_RUNNING;
	open_volume(s);
	if (rights_drop(&err) < 0)
		log_err(LOG_WARN, "rights_kept", &err);
	shim_set_deadline(s);
	on_beat(&s->beat);
}

static void on_not_ready(struct ev_timer *t)
{
	struct shim *s = CONTAINER_OF(t, struct shim, ready_timer);

	(void)snprintf(s->message, sizeof(s->message),
	               "the session's server did not answer within %u s%s%s",
	               s->conf.ready_seconds, s->log.last[0] ? ": " : "", s->log.last);
	s->failed = true;
	shim_reason(s, "start-failed");
	shim_end(s);
}

/* Launching. */

static void launch_failed(struct shim *s, const char *text)
{
	if (s->phase != SHIM_LAUNCHING)
		return;
	logpipe_drain(s);
	(void)snprintf(s->message, sizeof(s->message), "%s%s%s", text,
	               s->log.last[0] ? ": " : "", s->log.last);
	log_event(LOG_ERROR, "start_failed", LZ("session", s->conf.session),
	          LZ("phase", s->step), LZ("message", s->message));
	s->failed = true;
	shim_reason(s, "start-failed");
	shim_end(s);
}

static int created(struct shim *s, pid_t pid, struct err *err)
{
	boot_ns now;
	int r;

	s->init_is_child = true;
	s->state.pid = pid;
	r = watch_init(s, pid, err);
	if (r == 0)
		s->state.start_time = proc_start_time(pid);
	if (r == 0 && s->state.start_time == 0)
		r = ERR(err, -ESRCH, "the container's first process has gone");
	if (r < 0)
		return r;
	now = time_boot_ns();
	s->state.since_boot_ns = now;
	s->deadline.last_active = now;
	if (s->conf.max_seconds)
		s->deadline.max_at = now + s->conf.max_seconds * NS_PER_S;
	(void)snprintf(s->state.phase, sizeof(s->state.phase), "created");
	r = record_state(s, err);
	if (r == 0)
		r = record_start(s, err);
	if (r == 0 && write(s->launcher.go_fd, "g", 1) != 1)
		r = ERR(err, -EPIPE, "the launcher has gone");
	return r;
}

static void started(struct shim *s)
{
	struct err err = ERR_NONE;

	(void)snprintf(s->state.phase, sizeof(s->state.phase), "%s",
	               s->ready ? "ready" : "running");
	if (record_state(s, &err) < 0)
		log_err(LOG_ERROR, "state_unwritten", &err);
	enter_running(s);
	shim_step(s, "server");
	if (s->ready)
		link_ready(s);
	else
		ev_timer_start(s->ev, &s->ready_timer, s->conf.ready_seconds * 1000ULL,
		               on_not_ready);
}

static void handle_report(struct shim *s, struct launch_report *m)
{
	struct err err = ERR_NONE;

	m->text[sizeof(m->text) - 1] = '\0';
	switch (m->kind) {
	case LAUNCH_PHASE:
		shim_step(s, m->text);
		break;
	case LAUNCH_CREATED:
		if (created(s, m->pid, &err) < 0)
			launch_failed(s, err.msg);
		break;
	case LAUNCH_STARTED:
		started(s);
		break;
	default:
		launch_failed(s, m->text);
		break;
	}
}

/* False: there is no whole message (any more). */
static bool read_report(struct shim *s)
{
	struct launch_report m;
	ssize_t n = read(s->launcher.report_fd, &m, sizeof(m));

	if (n == 0) /* its end: on_launcher_gone decides */
		ev_fd_stop(&s->report_ev);
	if (n != sizeof(m))
		return false;
	if (s->phase == SHIM_LAUNCHING)
		handle_report(s, &m);
	return true;
}

static void on_report(struct ev_fd *f, uint32_t events)
{
	(void)read_report(CONTAINER_OF(f, struct shim, report_ev));
}

/* Its own children may hold the pipe a little longer: no waiting for its end. */
static void on_launcher_gone(struct ev_child *c, int code, int status)
{
	struct shim *s = CONTAINER_OF(c, struct shim, launcher_child);

	s->launcher.pid = 0;
	while (read_report(s))
		;
	ev_fd_stop(&s->report_ev);
	launch_failed(s, "the launcher was killed");
}

static int open_all(struct shim *s, struct err *err)
{
	int r = time_boot_id(s->boot_id);

	if (r < 0)
		return ERR(err, r, "can't read the boot id");
	s->exit_status = -1;
	s->init_gone = true; /* until there is one */
	s->grace_seconds = 10;
	s->deadline.idle_seconds = s->conf.idle_seconds;
	s->deadline.calendar_at = s->conf.calendar_at_boot_ns;
	s->deadline.lease_until = s->conf.lease_until_boot_ns;
	(void)snprintf(s->state.boot_id, sizeof(s->state.boot_id), "%s", s->boot_id);
	r = shim_open_deadline(s, err);
	if (r == 0)
		r = logpipe_open(s, err);
	if (r == 0)
		r = shim_open_engine(s, err);
	if (r == 0)
		r = jfile_open(&s->journal, s->conf.journal_dir, s->conf.session, s->conf.epoch,
		               err);
	return r;
}

int shim_launch(struct shim *s, struct err *err)
{
	autoclose int log = -1;
	int r = open_all(s, err);

	if (r == 0)
		r = shim_open_agent(s, err);
	if (r == 0 && s->journal.records > 0)
		r = ERR(err, -EEXIST, "this run has a journal already");
	if (r == 0)
		r = cgroups_make(&s->conf, err);
	if (r == 0) {
		log = logpipe_writer(s, err);
		r = log < 0 ? log : launch_start(&s->conf, log, &s->launcher, err);
	}
	if (r == 0)
		r = ev_fd_start(s->ev, &s->report_ev, s->launcher.report_fd, EPOLLIN, on_report,
		                err);
	if (r == 0)
		r = ev_child_start(s->ev, &s->launcher_child, s->launcher.pid, on_launcher_gone,
		                   err);
	return r;
}

/* Adopting. */

static int read_state(struct shim *s, struct err *err)
{
	char path[SHIM_PATH_MAX + 32];
	struct buf b = BUF(SHIM_FILE_MAX);
	int r;

	(void)snprintf(path, sizeof(path), "%s/state", s->conf.dir);
	r = file_read(AT_FDCWD, path, &b, err);
	if (r == 0)
		r = shim_state_get(buf_str(&b), &s->state, err);
	buf_fini(&b);
	return r;
}

/* A process that ended but was not yet reaped still has its number. */
static bool has_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

/* Is the process of the state file alive, and really that one? */
static bool find_init(struct shim *s)
{
	if (s->state.pid <= 0 || strcmp(s->state.boot_id, s->boot_id) != 0)
		return false;
	/* The pidfd first: what is compared then can't be replaced any more. */
	if (watch_init(s, (pid_t)s->state.pid, NULL) < 0)
		return false;
	if (s->state.start_time > 0 &&
	    proc_start_time((pid_t)s->state.pid) == s->state.start_time &&
	    !has_ended(s->init_pidfd))
		return true;
	ev_fd_stop(&s->init_ev);
	own_close(&s->init_pidfd);
	s->init_gone = true;
	return false;
}

int shim_adopt(struct shim *s, struct err *err)
{
	struct err deaf = ERR_NONE;
	bool had_state, ran;
	int r;

	/* The one before may have died while it took everything away. */
	(void)mkdir(s->conf.socket_dir, 0700);
	r = open_all(s, err);
	if (r < 0)
		return r;
	/* An agent may keep us from listening in its own folder, not from its end. */
	if (shim_open_agent(s, &deaf) < 0)
		log_err(LOG_ERROR, "agent_unheard", &deaf);
	had_state = read_state(s, NULL) == 0;
	s->ready = strcmp(s->state.phase, "ready") == 0;
	ran = s->ready || strcmp(s->state.phase, "running") == 0;
	if (had_state && find_init(s) && ran && s->journal.running) {
		log_event(LOG_INFO, "adopted", LZ("session", s->conf.session),
		          LI("pid", s->state.pid));
		s->deadline = (struct deadline){
			s->state.idle_seconds,         time_boot_ns(),
			s->state.extend_until_boot_ns, s->state.max_at_boot_ns,
			s->state.calendar_at_boot_ns,  s->state.lease_until_boot_ns
		};
		(void)snprintf(s->step, sizeof(s->step), "server");
		s->step_at = s->state.since_boot_ns;
		enter_running(s);
		if (!s->ready)
			ev_timer_start(s->ev, &s->ready_timer, s->conf.ready_seconds * 1000ULL,
			               on_not_ready);
		if (s->state.stop_reason[0])
			shim_stop(s, s->state.stop_reason, s->grace_seconds);
		return 0;
	}
	/* Dead, or only half made: it ends here. */
	s->estimate = s->journal.running && s->init_gone;
	if (s->state.stop_reason[0])
		shim_reason(s, s->state.stop_reason);
	if (!s->journal.running || !ran) {
		s->failed = s->reason[0] == '\0';
		(void)snprintf(s->message, sizeof(s->message),
		               "the start was cut short by a crash; start it again");
		(void)snprintf(s->step, sizeof(s->step), "container");
		shim_reason(s, "start-failed");
	}
	shim_reason(s, "shim-lost");
	shim_end(s);
	return 0;
}
