/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "shim/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/file.h"
#include "shim/cgroup.h"
#include "shim/loop.h"
#include "shim/mountapi.h"
#include "shim/net.h"
#include "shim/rights.h"

#define USERNS_IDS           65536
#define VOLUME_WAIT_MS       20000 /* a former session's container is just going */
#define CLOSE_RANGE_CLOEXEC_ 4

struct launch {
	const struct shim_conf *c;
	int log_fd, report_fd, go_fd;
};

static void report(const struct launch *l, enum launch_kind kind, int code, pid_t pid,
                   const char *text)
{
	struct launch_report m = { .kind = kind, .code = code, .pid = pid };

	(void)snprintf(m.text, sizeof(m.text), "%s", text);
	if (write(l->report_fd, &m, sizeof(m)) != sizeof(m))
		_exit(1); /* the shim has gone */
}

static void path_in(const struct launch *l, const char *name, char ret[SHIM_PATH_MAX + 32])
{
	(void)snprintf(ret, SHIM_PATH_MAX + 32, "%s/%s", l->c->dir, name);
}

static int make_dir(const char *path, uid_t owner, mode_t mode, struct err *err)
{
	if ((mkdir(path, mode) < 0 && errno != EEXIST) || chown(path, owner, owner) < 0 ||
	    chmod(path, mode) < 0)
		return ERR(err, -errno, "can't make %s: %m", path);
	return 0;
}

/* The runtime must not see cgroups: they are ours, and Debian's crun refuses
 * hybrid hosts before it looks at its own options. */
static int hide_cgroups(struct err *err)
{
	if (mount("tmpfs", "/sys/fs/cgroup", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
	          "size=4k,mode=755") < 0)
		return ERR(err, -errno, "can't hide /sys/fs/cgroup: %m");
	return 0;
}

static int mount_image(const struct launch *l, struct err *err)
{
	char lower[SHIM_PATH_MAX + 32];
	autoclose int userns = -1;
	int r = userns_open(l->c->userns_base, USERNS_IDS, &userns, err);

	path_in(l, "lower", lower);
	return r < 0 ? r : mount_idmapped(l->c->image, lower, userns, err);
}

static int mount_volume(const struct launch *l, struct err *err)
{
	char where[SHIM_PATH_MAX + 32], home[SHIM_PATH_MAX + 64];
	struct stat st;
	int r;

	path_in(l, "volume", where);
	r = loop_mount(l->c->volume, where, VOLUME_WAIT_MS, err);
	if (r < 0)
		return r;
	(void)snprintf(home, sizeof(home), "%s/home", where);
	if (lstat(home, &st) < 0 || !S_ISDIR(st.st_mode))
		return ERR(err, -ENOENT, "the volume %s holds no folder `home`", l->c->volume);
	return 0;
}

/* What is written outside home: a sized file system of its own, so that a
 * full volume still starts and the image stays as it is. */
static int mount_root(const struct launch *l, struct err *err)
{
	static const struct {
		const char *name;
		mode_t mode;
		bool shifted;
	} dirs[] = { { "upper", 0755, true }, { "work", 0700, true }, { "tmp", 01777, false } };
	char where[SHIM_PATH_MAX + 32], name[SHIM_PATH_MAX + 32], options[4 * SHIM_PATH_MAX];
	int r;

	path_in(l, "scratch", where);
	(void)snprintf(name, sizeof(name), "%s.%s-%u", l->c->scratch, l->c->session,
	               l->c->epoch);
	r = loop_mount_copy(l->c->scratch, name, where, err);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(dirs); i++) {
		char dir[SHIM_PATH_MAX + 64];

		(void)snprintf(dir, sizeof(dir), "%s/%s", where, dirs[i].name);
		r = make_dir(dir, dirs[i].shifted ? l->c->userns_base : 0, dirs[i].mode, err);
	}
	if (r < 0)
		return r;
	(void)snprintf(options, sizeof(options),
	               "lowerdir=%s/lower,upperdir=%s/upper,workdir=%s/work,volatile",
	               l->c->dir, where, where);
	path_in(l, "root", name);
	if (mount("overlay", name, "overlay", MS_NOSUID | MS_NODEV, options) < 0)
		return ERR(err, -errno, "can't mount the session's root: %m");
	return 0;
}

/* Bound here first: the session's root need not be able to pass through the
 * folders above it. */
static int mount_files(const struct launch *l, struct err *err)
{
	char files[SHIM_PATH_MAX + 32];

	path_in(l, "files", files);
	if (mount(l->c->files, files, NULL, MS_BIND, NULL) < 0)
		return ERR(err, -errno, "can't bind %s: %m", l->c->files);
	return 0;
}

static bool is_crun(const char *runtime)
{
	const char *slash = strrchr(runtime, '/');

	return strncmp(slash ? slash + 1 : runtime, "crun", 4) == 0;
}

static _Noreturn void exec_runtime(const struct launch *l, pid_t parent,
                                   const char *const *tail)
{
	static const char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", NULL
	};
	const char *argv[16] = { l->c->runtime, "--root", l->c->runtime_root };
	int n = 3, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	if (is_crun(l->c->runtime))
		argv[n++] = "--cgroup-manager=disabled";
	while (*tail)
		argv[n++] = *tail++;
	if (null < 0 || dup2(null, 0) < 0 || dup2(l->log_fd, 1) < 0 || dup2(l->log_fd, 2) < 0 ||
	    syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC_) < 0)
		_exit(126);
	(void)execve(argv[0], (char *const *)(const void *)argv,
	             (char *const *)(const void *)env);
	_exit(127);
}

static int run_runtime(const struct launch *l, const char *verb, const char *const *tail,
                       struct err *err)
{
	pid_t parent = getpid(), child = fork();
	int status;

	if (child < 0)
		return ERR(err, -errno, "can't fork: %m");
	if (child == 0)
		exec_runtime(l, parent, tail);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return ERR(err, -errno, "can't wait: %m");
	if (status == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return ERR(err, -ENOENT, "can't run %s: install it or set `runtime`",
		           l->c->runtime);
	if (WIFSIGNALED(status))
		return ERR(err, -EIO,
		           "%s %s was killed by signal %d; its memory limit may be too "
		           "small",
		           l->c->runtime, verb, WTERMSIG(status));
	return ERR(err, -EIO, "%s %s failed", l->c->runtime, verb);
}

static int read_pid(const char *path, pid_t *ret, struct err *err)
{
	struct buf b = BUF(64);
	uint64_t pid;
	int r = file_read(AT_FDCWD, path, &b, err);

	if (r == 0 && str_to_u64(str_trim(buf_str(&b)), 1, INT32_MAX, &pid) < 0)
		r = ERR(err, -EINVAL, "the runtime wrote no pid");
	if (r == 0)
		*ret = (pid_t)pid;
	buf_fini(&b);
	return r;
}

static int create(const struct launch *l, pid_t *ret_pid, struct err *err)
{
	char pid_file[SHIM_PATH_MAX + 32], id[64];
	const char *argv[] = {
		"create", "--bundle", l->c->dir, "--pid-file", pid_file, id, NULL
	};
	int r;

	(void)snprintf(id, sizeof(id), "%s-%u", l->c->session, l->c->epoch);
	path_in(l, "pid", pid_file);
	r = run_runtime(l, "create", argv, err);
	return r < 0 ? r : read_pid(pid_file, ret_pid, err);
}

static int start(const struct launch *l, pid_t pid, struct err *err)
{
	struct net_link link = { l->c->ifname, l->c->host_ip, l->c->mtu, pid };
	const char *argv[] = { "start", NULL, NULL };
	char id[64];
	int r = l->c->ifname[0] ? net_link_make(&link, err) : 0;

	(void)snprintf(id, sizeof(id), "%s-%u", l->c->session, l->c->epoch);
	argv[1] = id;
	return r < 0 ? r : run_runtime(l, "start", argv, err);
}

static int wait_for_go(const struct launch *l, struct err *err)
{
	char c;

	return read(l->go_fd, &c, 1) == 1 ? 0 : ERR(err, -ECANCELED, "the shim has gone");
}

/* Another process moves us into our cgroups while we mount: each takes its
 * time, and neither needs the other. */
static int begin_join(const struct launch *l, pid_t *ret, struct err *err)
{
	pid_t me = getpid(), child = fork();

	if (child < 0)
		return ERR(err, -errno, "can't fork: %m");
	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(-cgroups_join(l->c, me, NULL));
	}
	*ret = child;
	return 0;
}

static int end_join(pid_t child, struct err *err)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return ERR(err, -errno, "can't wait: %m");
	if (status == 0)
		return 0;
	return ERR(err, -EIO, "can't join the session's cgroups: %s",
	           WIFEXITED(status) ? strerror(WEXITSTATUS(status)) : "killed");
}

static int launch(const struct launch *l, struct err *err)
{
	pid_t pid = 0, joiner = 0;
	int r = begin_join(l, &joiner, err);

	rights_no_oom_favour();
	if (r == 0)
		r = mount_private_namespace(err);
	if (r == 0)
		r = hide_cgroups(err);
	if (r == 0) {
		report(l, LAUNCH_PHASE, 0, 0, "image");
		r = mount_image(l, err);
	}
	if (r == 0) {
		report(l, LAUNCH_PHASE, 0, 0, "volume");
		r = mount_volume(l, err);
	}
	if (r == 0)
		r = mount_root(l, err);
	if (r == 0)
		r = mount_files(l, err);
	/* Nothing of the runtime or the user ever runs outside of them. */
	if (joiner > 0) {
		int joined = end_join(joiner, r == 0 ? err : NULL);

		r = r < 0 ? r : joined;
	}
	if (r == 0) {
		report(l, LAUNCH_PHASE, 0, 0, "container");
		r = create(l, &pid, err);
	}
	if (r < 0)
		return r;
	report(l, LAUNCH_CREATED, 0, pid, "");
	r = wait_for_go(l, err);
	return r < 0 ? r : start(l, pid, err);
}

static _Noreturn void child(const struct launch *l, pid_t parent)
{
	struct err err = ERR_NONE;
	sigset_t none;
	int r;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 0); /* the container is to be the shim's child */
	if (getppid() != parent)
		_exit(1);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)umask(022);
	r = launch(l, &err);
	report(l, r < 0 ? LAUNCH_FAILED : LAUNCH_STARTED, r, 0, err.msg);
	_exit(0);
}

int launch_start(const struct shim_conf *c, int log_fd, struct launcher *ret, struct err *err)
{
	autoclose int go = -1, report_w = -1;
	autoclose int go_w = -1, report_r = -1;
	struct launch l = { .c = c, .log_fd = log_fd };
	pid_t parent = getpid(), pid;
	int a[2], b[2];

	if (pipe2(a, O_CLOEXEC) < 0)
		return ERR(err, -errno, "can't make a pipe: %m");
	report_r = a[0];
	report_w = a[1];
	if (pipe2(b, O_CLOEXEC) < 0)
		return ERR(err, -errno, "can't make a pipe: %m");
	go = b[0];
	go_w = b[1];
	if (fcntl(report_r, F_SETFL, O_NONBLOCK) < 0)
		return ERR(err, -errno, "can't set up a pipe: %m");
	pid = fork();
	if (pid < 0)
		return ERR(err, -errno, "can't fork: %m");
	if (pid == 0) {
		l.go_fd = go;
		l.report_fd = report_w;
		/* Else the read of go never ends when the shim dies. */
		own_close(&go_w);
		own_close(&report_r);
		child(&l, parent);
	}
	*ret = (struct launcher){ pid, steal_fd(&report_r), steal_fd(&go_w) };
	return 0;
}
