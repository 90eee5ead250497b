/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carrel-shim DIR            starts the session described in DIR/shim.conf
 * carrel-shim --adopt DIR    takes over a session whose shim was killed: goes
 *                            on with what runs, or ends and records the rest
 * carrel-shim --files DIR    the keeper of a stopped workspace's files (files.h)
 * carrel-shim --close JOURNAL_DIR SESSION EPOCH
 *                            closes the journal of a run that a crash of the
 *                            host ended, at its last beat
 *
 * Exits 0 when nothing of the session is left.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/log.h"
#include "shim/files.h"
#include "shim/shim.h"

static int read_conf(const char *dir, struct shim_conf *ret, struct err *err)
{
	char path[SHIM_PATH_MAX + 32];
	struct buf b = BUF(SHIM_FILE_MAX);
	int r;

	(void)snprintf(path, sizeof(path), "%s/shim.conf", dir);
	r = file_read(AT_FDCWD, path, &b, err);
	if (r == 0)
		r = shim_conf_get(buf_str(&b), ret, err);
	buf_fini(&b);
	return r;
}

/* The one before took the folder away, and its lock with it: all is said and done. */
static bool is_over(int lock_fd, const char *dir)
{
	char path[SHIM_PATH_MAX + 32];
	struct stat held, named;

	(void)snprintf(path, sizeof(path), "%s/lock", dir);
	if (stat(path, &named) < 0)
		return errno == ENOENT;
	return fstat(lock_fd, &held) == 0 && held.st_ino != named.st_ino;
}

/* One shim a session: a second one leaves at once. */
static int lock(const char *dir, int *ret, struct err *err)
{
	char path[SHIM_PATH_MAX + 32];
	autoclose int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/lock", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return ERR(err, -errno, "can't open %s: %m", path);
	/* The engine may be asking just now whether somebody holds it. */
	for (unsigned tries = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; tries++) {
		if (tries == 20)
			return ERR(err, -EBUSY, "another shim has this session");
		(void)poll(NULL, 0, 10);
	}
	*ret = steal_fd(&fd);
	return 0;
}

/* What the runtime left behind by forking twice. */
static void on_orphan(struct ev *ev, int signo, void *arg)
{
	const struct shim *s = arg;
	siginfo_t info = { 0 };

	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid > 0 &&
	       info.si_pid != s->state.pid && info.si_pid != s->launcher.pid) {
		(void)waitpid(info.si_pid, NULL, WNOHANG);
		info.si_pid = 0;
	}
}

static void on_terminate(struct ev *ev, int signo, void *arg)
{
	struct shim *s = arg;

	shim_stop(s, "shutdown", s->grace_seconds);
}

static int run(const char *dir, bool adopt, struct err *err)
{
	struct shim *s = xcalloc(1, sizeof(*s));
	int r;

	s->lock_fd = s->init_pidfd = s->volume_fd = s->deadline_fd = -1;
	s->log.fd = s->log.file = s->agent.fd = s->engine.fd = -1;
	s->agent.listen_fd = s->engine.listen_fd = -1;
	s->launcher.report_fd = s->launcher.go_fd = -1;
	s->journal = JFILE;
	r = read_conf(dir, &s->conf, err);
	if (r == 0)
		r = lock(dir, &s->lock_fd, err);
	if (r == 0 && is_over(s->lock_fd, dir)) {
		free(s);
		return 0;
	}
	if (r == 0)
		r = ev_new(&s->ev, err);
	if (r == 0)
		r = ev_signal(s->ev, SIGCHLD, on_orphan, s, err);
	if (r == 0)
		r = ev_signal(s->ev, SIGTERM, on_terminate, s, err);
	if (r == 0)
		r = adopt ? shim_adopt(s, err) : shim_launch(s, err);
	if (r == 0)
		r = ev_run(s->ev, err);
	ev_free(s->ev);
	free(s); /* descriptors go with the process */
	return r;
}

static int close_journal(char **argv, struct err *err)
{
	struct jfile j = JFILE;
	struct journal_rec stop, beat;
	uint64_t epoch;
	int r;

	if (str_to_u64(str_of(argv[4]), 0, UINT32_MAX, &epoch) < 0)
		return ERR(err, -EINVAL, "%s is no epoch", argv[4]);
	r = jfile_open(&j, argv[2], argv[3], (uint32_t)epoch, err);
	if (r < 0)
		return r;
	if (j.running) {
		stop = j.last;
		if (jfile_last_beat(&j, &beat)) {
			stop = beat;
			stop.seq = 0;
		}
		stop.kind = JOURNAL_STOP;
		stop.estimated = 1;
		stop.exit_status = -1;
		memset(stop.reason, 0, sizeof(stop.reason));
		(void)snprintf(stop.reason, sizeof(stop.reason), "host-lost");
		r = jfile_append(&j, &stop, err);
	}
	jfile_close(&j);
	return r;
}

static int keep_files(const char *dir)
{
	struct shim_conf *c = xcalloc(1, sizeof(*c));
	struct err err = ERR_NONE;
	int r = read_conf(dir, c, &err);

	return r < 0 ? files_fail(&err) : files_main(c);
}

int main(int argc, char **argv)
{
	struct err err = ERR_NONE;
	bool adopt = argc == 3 && strcmp(argv[1], "--adopt") == 0;
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	(void)umask(077);
	log_init("carrel-shim", LOG_INFO);
	if (argc == 3 && strcmp(argv[1], "--files") == 0)
		return keep_files(argv[2]);
	if (argc == 5 && strcmp(argv[1], "--close") == 0) {
		r = close_journal(argv, &err);
	} else if (argc == 2 || adopt) {
		(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
		r = run(argv[argc - 1], adopt, &err);
	} else {
		(void)fputs("usage: carrel-shim [--adopt] DIR\n"
		            "       carrel-shim --close JOURNAL_DIR SESSION EPOCH\n",
		            stderr);
		return 2;
	}
	if (r < 0)
		log_err(LOG_ERROR, "shim_failed", &err);
	return r < 0;
}
