/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork, become the user, exec. The agent has no threads, so the child may use
 * all of libc; it reports the step that failed through a pipe that a
 * successful exec closes.
 */
#define _GNU_SOURCE
#include "agent/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/str.h"

#define REPORT_FD 3 /* in the child, the only one beyond 0, 1, 2 */

enum step { STEP_STDIO, STEP_USER, STEP_EXEC };

struct report {
	enum step step;
	int error;
};

static _Noreturn void fail(enum step step)
{
	struct report r = { step, errno };

	(void)!write(REPORT_FD, &r, sizeof(r));
	_exit(127);
}

/* Every signal as a fresh program expects it: ours are blocked or ignored. */
static void default_signals(void)
{
	static const uint64_t
	    fresh[4]; /* the kernel's struct sigaction: handler, flags, restorer, mask */
	sigset_t none;

	/* By the system call: the C library refuses its own two (32 and 33), which
	 * a parent that used posix_spawn leaves ignored. All zeros is SIG_DFL. */
	for (int s = 1; s <= 64; s++)
		(void)syscall(SYS_rt_sigaction, s, fresh, NULL, sizeof(uint64_t));
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Moves *fd (or /dev/null) out of the way of 0 to 3. */
static int lift(int fd, int null_flags)
{
	int src = fd >= 0 ? fd : open("/dev/null", null_flags | O_CLOEXEC);

	return src < 0 ? -1 : fcntl(src, F_DUPFD_CLOEXEC, 10);
}

static void set_stdio(const struct spawn *s, int report)
{
	int from[3], up;

	up = fcntl(report, F_DUPFD_CLOEXEC, 10);
	from[0] = lift(s->tty >= 0 ? s->tty : s->in, O_RDONLY);
	from[1] = lift(s->tty >= 0 ? s->tty : s->out, O_WRONLY);
	from[2] = lift(s->tty >= 0 ? s->tty : s->err, O_WRONLY);
	if (up < 0 || dup3(up, REPORT_FD, O_CLOEXEC) < 0)
		_exit(127);
	for (int i = 0; i < 3; i++) {
		if (from[i] < 0 || dup2(from[i], i) < 0)
			fail(STEP_STDIO);
	}
	(void)syscall(SYS_close_range, REPORT_FD + 1, UINT_MAX, 0);
	if (setsid() < 0 || (s->tty >= 0 && ioctl(0, TIOCSCTTY, 0) < 0))
		fail(STEP_STDIO);
}

/* The file belongs to uid 0 of the namespace, and only while we are dumpable;
 * files are otherwise touched as the user. Not a reason to fail. */
static void set_oom_score(int adj)
{
	char text[16];
	int fd, n = snprintf(text, sizeof(text), "%d", adj);

	(void)prctl(PR_SET_DUMPABLE, 1);
	(void)setfsuid(geteuid());
	fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		(void)!write(fd, text, (size_t)n);
		(void)close(fd);
	}
}

static void become_user(const struct agent_cfg *cfg)
{
	if (cfg->session &&
	    (setgroups(0, NULL) < 0 || setresgid(cfg->gid, cfg->gid, cfg->gid) < 0 ||
	     setresuid(cfg->uid, cfg->uid, cfg->uid) < 0))
		fail(STEP_USER);
	/* A cell that keeps every processor busy must not keep its server from
	 * reading what it says: what is not read in time is lost. */
	if (cfg->session)
		(void)setpriority(PRIO_PROCESS, 0, 5);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fail(STEP_USER);
	/* Nothing of a stand-alone server stays behind when it is killed. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)umask(022);
}

static const char *env_value(const char *const *env, const char *name)
{
	size_t n = strlen(name);

	for (; *env; env++) {
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	}
	return NULL;
}

static char **for_exec(const char *const *v)
{
	char **ret;

	memcpy(&ret, &v, sizeof(ret)); /* execve's type forgets a const */
	return ret;
}

static void exec_path(const struct spawn *s)
{
	struct str path = str_of(env_value(s->env, "PATH")), dir;
	char file[PATH_MAX];
	bool denied = false;

	if (!path.ptr)
		path = STR("/usr/local/bin:/usr/bin:/bin");
	while (str_split(&path, ':', &dir)) {
		int n = snprintf(file, sizeof(file), "%.*s/%s", STR_ARG(dir), s->argv[0]);

		if (dir.len == 0 || n < 0 || (size_t)n >= sizeof(file))
			continue;
		(void)execve(file, for_exec(s->argv), for_exec(s->env));
		if (errno == EACCES)
			denied = true;
		else if (errno != ENOENT && errno != ENOTDIR)
			return;
	}
	errno = denied ? EACCES : ENOENT;
}

static _Noreturn void child(const struct agent *a, const struct spawn *s, int report)
{
	default_signals();
	set_stdio(s, report);
	set_oom_score(s->oom_score_adj);
	if (s->memory_max)
		(void)setrlimit(RLIMIT_AS, &(struct rlimit){ s->memory_max, s->memory_max });
	become_user(a->cfg);
	if (!s->cwd || chdir(s->cwd) < 0) {
		if (!a->cfg->home || chdir(a->cfg->home) < 0)
			(void)!chdir("/");
	}
	if (strchr(s->argv[0], '/'))
		(void)execve(s->argv[0], for_exec(s->argv), for_exec(s->env));
	else
		exec_path(s);
	fail(STEP_EXEC);
}

/* False when exec closed the pipe; else *ret is what the child said. */
static bool read_report(int fd, struct report *ret)
{
	ssize_t n;

	do {
		n = read(fd, ret, sizeof(*ret));
	} while (n < 0 && errno == EINTR);
	return n == sizeof(*ret);
}

static int explain(const struct spawn *s, const struct report *r, struct err *err)
{
	errno = r->error; /* for %m */
	switch (r->step) {
	case STEP_EXEC:
		if (r->error == ENOENT)
			return ERR(err, -ENOENT, "there is no program %s", s->argv[0]);
		return ERR(err, -r->error, "can't run %s: %m", s->argv[0]);
	case STEP_USER:
		return ERR(err, -r->error, "can't become the user: %m");
	case STEP_STDIO:
	default:
		return ERR(err, -r->error, "can't prepare the program's input and output: %m");
	}
}

int spawn_start(const struct agent *a, const struct spawn *s, pid_t *ret_pid, struct err *err)
{
	struct report report;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return ERR(err, -errno, "pipe: %m");
	pid = fork();
	if (pid < 0) {
		int r = ERR(err, -errno, "fork: %m");

		(void)close(fds[0]);
		(void)close(fds[1]);
		return r;
	}
	if (pid == 0)
		child(a, s, fds[1]);
	(void)close(fds[1]);
	if (read_report(fds[0], &report)) {
		(void)close(fds[0]);
		(void)waitpid(pid, NULL, 0);
		return explain(s, &report, err);
	}
	(void)close(fds[0]);
	*ret_pid = pid;
	return 0;
}
