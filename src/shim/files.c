/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "shim/files.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/file.h"
#include "shim/cgroup.h"
#include "shim/loop.h"
#include "shim/mountapi.h"
#include "shim/rights.h"

#define USERNS_IDS           65536
#define USER_ID              1000
#define VOLUME_WAIT_MS       5000 /* the process before this one is just going */
#define FILTER_MAX           4096 /* instructions, the kernel's own limit */
#define CLOSE_RANGE_CLOEXEC_ 4

struct setup {
	const struct shim_conf *c;
	char root[SHIM_PATH_MAX + 32];
	int userns, agent, alive; /* alive: ends when the keeper does */
};

static volatile sig_atomic_t child_pid;

int files_fail(const struct err *err)
{
	struct files_report m = { .code = err->code };

	(void)snprintf(m.text, sizeof(m.text), "%s", err->msg);
	(void)!write(FILES_FD_REPORT, &m, sizeof(m));
	return 1;
}

/* ---- in the child, still with root's rights ---- */

static int make_root(const struct setup *s, struct err *err)
{
	static const char *const dirs[] = { "home", "home/carrel", "image", "proc" };

	if (mount("tmpfs", s->root, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	          "size=16k,mode=755") < 0)
		return ERR(err, -errno, "can't mount %s: %m", s->root);
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		char path[SHIM_PATH_MAX + 64];

		(void)snprintf(path, sizeof(path), "%s/%s", s->root, dirs[i]);
		if (mkdir(path, 0755) < 0)
			return ERR(err, -errno, "can't make %s: %m", path);
	}
	return 0;
}

static int mount_volume(const struct setup *s, struct err *err)
{
	char where[SHIM_PATH_MAX + 32], home[SHIM_PATH_MAX + 64], to[SHIM_PATH_MAX + 64];
	struct stat st;
	int r;

	(void)snprintf(where, sizeof(where), "%s/volume", s->c->dir);
	(void)snprintf(home, sizeof(home), "%s/home", where);
	(void)snprintf(to, sizeof(to), "%s/home/carrel", s->root);
	r = loop_mount(s->c->volume, where, VOLUME_WAIT_MS, err);
	if (r < 0) /* busy means: later; anything else is for an administrator */
		return r == -EBUSY ? r : err_wrap(err, -EIO, "the volume can't be opened");
	if (lstat(home, &st) < 0 || !S_ISDIR(st.st_mode))
		return ERR(err, -EIO, "the volume %s holds no folder `home`", s->c->volume);
	return mount_idmapped_files(home, to, s->userns, true, err);
}

static int mount_rest(const struct setup *s, struct err *err)
{
	char path[SHIM_PATH_MAX + 64];
	int r = 0;

	(void)snprintf(path, sizeof(path), "%s/image", s->root);
	if (s->c->image[0])
		r = mount_idmapped_files(s->c->image, path, s->userns, false, err);
	if (r < 0)
		return r;
	/* Of /proc nothing but the process itself. */
	(void)snprintf(path, sizeof(path), "%s/proc", s->root);
	if (mount("proc", path, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "subset=pid") < 0)
		return ERR(err, -errno, "can't mount %s: %m", path);
	if (mount(NULL, s->root, NULL,
	          MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return ERR(err, -errno, "can't make the root read-only: %m");
	return 0;
}

static int enter_root(const struct setup *s, struct err *err)
{
	if (chdir(s->root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return ERR(err, -errno, "can't make %s the root: %m", s->root);
	return 0;
}

/* ---- and on the way to none ---- */

static int become_user(const struct setup *s, struct err *err)
{
	const struct rlimit none = { 0, 0 }, files = { 1024, 1024 };

	if (setns(s->userns, CLONE_NEWUSER) < 0)
		return ERR(err, -errno, "can't enter the user namespace: %m");
	if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP) < 0)
		return ERR(err, -errno, "can't make namespaces: %m");
	if (setrlimit(RLIMIT_CORE, &none) < 0 || setrlimit(RLIMIT_NOFILE, &files) < 0)
		return ERR(err, -errno, "can't set limits: %m");
	for (int cap = 0; cap <= 63; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (setgroups(0, NULL) < 0 || setresgid(USER_ID, USER_ID, USER_ID) < 0 ||
	    setresuid(USER_ID, USER_ID, USER_ID) < 0)
		return ERR(err, -errno, "can't become the user: %m");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return ERR(err, -errno, "can't give up new privileges: %m");
	return 0;
}

static int load_filter(struct err *err)
{
	static struct sock_filter code[FILTER_MAX];
	struct sock_fprog prog = { .filter = code };
	ssize_t n = pread(FILES_FD_FILTER, code, sizeof(code), 0);

	if (n <= 0 || (size_t)n % sizeof(*code) != 0)
		return ERR(err, -EINVAL, "there is no system call filter");
	prog.len = (unsigned short)((size_t)n / sizeof(*code));
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) < 0)
		return ERR(err, -errno, "can't load the system call filter: %m");
	return 0;
}

/* A death before we could ask to hear of it would go unheard. */
static bool keeper_gone(const struct setup *s)
{
	struct pollfd p = { .fd = s->alive };

	return poll(&p, 1, 0) != 0;
}

static int exec_agent(const struct setup *s, struct err *err)
{
	const char *argv[] = { "carrel-agent", "files", NULL };
	const char *env[] = { "LANG=C.UTF-8", "HOME=/home/carrel", NULL };

	if (fcntl(FILES_FD_LISTEN, F_SETFD, 0) < 0)
		return ERR(err, -errno, "can't hand the socket over: %m");
	(void)syscall(SYS_execveat, s->agent, "", (char *const *)(const void *)argv,
	              (char *const *)(const void *)env, AT_EMPTY_PATH);
	return ERR(err, -errno, "can't run the agent: %m");
}

static int child_run(struct setup *s, struct err *err)
{
	int null, r;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)umask(022);
	r = mount_private_namespace(err);
	if (r == 0)
		r = make_root(s, err);
	if (r == 0)
		r = mount_volume(s, err);
	if (r == 0)
		r = mount_rest(s, err);
	if (r < 0)
		return r;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
	    syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC_) < 0)
		return ERR(err, -errno, "can't set up descriptors: %m");
	r = enter_root(s, err);
	if (r == 0)
		r = become_user(s, err);
	/* Another uid: what was asked for before is forgotten. */
	if (r == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || keeper_gone(s)))
		r = ERR(err, -ECANCELED, "the keeper has gone");
	if (r == 0)
		r = load_filter(err);
	return r < 0 ? r : exec_agent(s, err);
}

/* ---- the keeper ---- */

static void on_term(int signo)
{
	(void)signo;
	if (child_pid > 0)
		(void)kill((pid_t)child_pid, SIGKILL);
}

static int prepare(const struct shim_conf *c, struct setup *s, struct err *err)
{
	char agent[SHIM_PATH_MAX + 32];
	int r;

	(void)snprintf(s->root, sizeof(s->root), "%s/root", c->dir);
	(void)snprintf(agent, sizeof(agent), "%s/bin/carrel-agent", c->files);
	s->agent = open(agent, O_PATH | O_CLOEXEC);
	if (s->agent < 0)
		return ERR(err, -errno, "can't open %s: %m", agent);
	r = userns_open(c->userns_base, USERNS_IDS, &s->userns, err);
	if (r == 0)
		r = cgroups_make(c, err);
	if (r == 0)
		r = cgroups_join(c, getpid(), err);
	return r;
}

static int keep(const struct shim_conf *c, struct err *err)
{
	struct setup s = { .c = c };
	struct pollfd engine = { .fd = FILES_FD_REPORT };
	int p[2], status, r = prepare(c, &s, err);
	pid_t pid;

	if (r < 0)
		return r;
	if (pipe2(p, O_CLOEXEC) < 0 || unshare(CLONE_NEWPID) < 0)
		return ERR(err, -errno, "can't make a pid namespace: %m");
	s.alive = p[0];
	pid = fork();
	if (pid < 0)
		return ERR(err, -errno, "can't fork: %m");
	if (pid == 0) {
		(void)close(p[1]);
		(void)signal(SIGTERM, SIG_DFL);
		rights_no_oom_favour();
		(void)child_run(&s, err);
		_exit(files_fail(err));
	}
	child_pid = pid;
	(void)signal(SIGTERM, on_term);
	/* Its report now is the child's alone; and whoever connects is its, too. */
	if (poll(&engine, 1, 0) > 0 && (engine.revents & POLLERR))
		on_term(0);
	(void)close(FILES_FD_LISTEN);
	(void)close(FILES_FD_FILTER);
	(void)close(FILES_FD_REPORT);
	r = rights_drop(err);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return r;
}

int files_main(const struct shim_conf *c)
{
	struct err err = ERR_NONE;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (keep(c, &err) < 0)
		return files_fail(&err);
	return 0;
}
