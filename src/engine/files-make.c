/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a files process stands on: its folder with shim.conf, its socket, which
 * the engine makes and hands over listening, and `carrel-shim --files`, which
 * mounts, gives up every right and becomes the agent.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "engine/local.h"
#include "engine/rootfs.h"
#include "net/sock.h"

#define MEMORY_BYTES         (512ULL << 20) /* a notebook of 250 MB passes through */
#define PIDS                 8
#define FD_LISTEN            3
#define FD_FILTER            4
#define FD_REPORT            5
#define CLOSE_RANGE_CLOEXEC_ 4

static int make_dir(const char *dir, const char *name, gid_t gid, mode_t mode, struct err *err)
{
	char path[300];

	(void)snprintf(path, sizeof(path), "%s%s", dir, name);
	if (mkdir(path, 0700) < 0 || chown(path, 0, gid) < 0 || chmod(path, mode) < 0)
		return ERR(err, -errno, "can't make %s: %m", path);
	return 0;
}

static int fill_conf(struct files *f, struct shim_conf *c, struct err *err)
{
	struct image *image = xcalloc(1, sizeof(*image));
	struct local *l = f->l;

	(void)snprintf(c->session, sizeof(c->session), "files");
	(void)snprintf(c->dir, sizeof(c->dir), "%s", f->dir);
	c->userns_base = slot_userns_base(l->cfg->slot, f->index);
	c->cpu_milli = 1000;
	c->memory_bytes = MEMORY_BYTES;
	c->pids = PIDS;
	cghost_session(&l->files_cgroups, f->key, c);
	volume_path(l->volumes, f->volume, c->volume);
	/* An image that is gone costs the list of its packages, nothing else. */
	if (f->image[0] && rootfs_find(l->cfg->image_dir, str_of(f->image), image, NULL) == 0)
		(void)snprintf(c->image, sizeof(c->image), "%s", image->rootfs);
	free(image);
	if ((size_t)snprintf(c->files, sizeof(c->files), "%s", l->cfg->session_dir) >=
	    sizeof(c->files))
		return ERR(err, -ENAMETOOLONG, "the path %s is too long", l->cfg->session_dir);
	return 0;
}

static int write_conf(struct files *f, struct err *err)
{
	struct shim_conf *c = xcalloc(1, sizeof(*c));
	struct buf b = BUF(SHIM_FILE_MAX);
	char path[300];
	int r = fill_conf(f, c, err);

	(void)snprintf(path, sizeof(path), "%s/shim.conf", f->dir);
	if (r == 0) {
		autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

		shim_conf_put(&b, c);
		r = fd < 0 ? ERR(err, -errno, "can't make %s: %m", path)
		           : file_write_all(fd, buf_str(&b), err);
	}
	buf_fini(&b);
	free(c);
	return r;
}

/* Edge's, and nobody else's: not even the process's own folder. */
static int make_socket(struct files *f, int *ret, struct err *err)
{
	char text[300];
	struct addr at;
	autoclose int fd = -1;
	int r;

	(void)snprintf(text, sizeof(text), "unix:%s/agent.sock", f->sockets);
	r = addr_parse(str_of(text), &at, err);
	if (r == 0)
		r = sock_listen(&at, 4096, 0660, &fd, err);
	if (r == 0 && chown(text + 5, 0, f->l->cfg->edge_gid) < 0)
		r = ERR(err, -errno, "can't give %s away: %m", text + 5);
	if (r == 0)
		*ret = steal_fd(&fd);
	return r;
}

static int filter_file(struct local *l, struct err *err)
{
	autoclose int fd = memfd_create("filter", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : file_write_all(fd, buf_str(&l->files_bpf), err);

	if (r < 0)
		return ERR(err, r, "can't make a memory file: %s", strerror(-r));
	return steal_fd(&fd);
}

static _Noreturn void exec_keeper(const struct files *f, const int fd[3])
{
	static const char *const env[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	const char *argv[] = { f->l->cfg->shim, "--files", f->dir, NULL };
	int at[3];
	sigset_t none;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid();
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* Out of each other's way first. */
	for (int i = 0; i < 3; i++)
		at[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, 64);
	if (chdir("/") < 0 || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || at[0] < 0 ||
	    at[1] < 0 || at[2] < 0 || dup2(at[0], FD_LISTEN) < 0 ||
	    dup2(at[1], FD_FILTER) < 0 || dup2(at[2], FD_REPORT) < 0 ||
	    syscall(SYS_close_range, 6U, ~0U, CLOSE_RANGE_CLOEXEC_) < 0)
		_exit(126);
	(void)execve(argv[0], (char *const *)(const void *)argv,
	             (char *const *)(const void *)env);
	_exit(127);
}

static int spawn(struct files *f, int listener, struct err *err)
{
	autoclose int filter = filter_file(f->l, err);
	autoclose int report = -1, report_w = -1;
	int p[2];

	if (filter < 0)
		return filter;
	if (access(f->l->cfg->shim, X_OK) < 0)
		return ERR(err, -errno, "can't run %s: %m", f->l->cfg->shim);
	if (pipe2(p, O_CLOEXEC) < 0)
		return ERR(err, -errno, "can't make a pipe: %m");
	report = p[0];
	report_w = p[1];
	if (fcntl(report, F_SETFL, O_NONBLOCK) < 0)
		return ERR(err, -errno, "can't set up a pipe: %m");
	f->keeper.pid = fork();
	if (f->keeper.pid < 0)
		return ERR(err, -errno, "can't fork: %m");
	if (f->keeper.pid == 0)
		exec_keeper(f, (const int[]){ listener, filter, report_w });
	f->report_fd = steal_fd(&report);
	return 0;
}

int files_make(struct files *f, struct err *err)
{
	const struct engine_cfg *cfg = f->l->cfg;
	autoclose int listener = -1;
	int r;

	(void)snprintf(f->dir, sizeof(f->dir), "%s/files/%s", cfg->run_dir, f->key);
	(void)snprintf(f->sockets, sizeof(f->sockets), "%s/edge/f/%s", cfg->run_dir, f->key);
	r = make_dir(f->dir, "", 0, 0700, err);
	if (r == 0)
		r = make_dir(f->dir, "/root", 0, 0755, err);
	if (r == 0)
		r = make_dir(f->dir, "/volume", 0, 0700, err);
	if (r == 0)
		r = make_dir(f->sockets, "", cfg->edge_gid, 0750, err);
	if (r == 0)
		r = write_conf(f, err);
	if (r == 0)
		r = make_socket(f, &listener, err);
	if (r == 0)
		r = spawn(f, listener, err);
	if (r < 0)
		files_unmake(f);
	return r;
}

void files_unmake(struct files *f)
{
	cghost_remove(&f->l->files_cgroups, f->key);
	(void)!file_remove_tree(AT_FDCWD, f->sockets, NULL);
	(void)!file_remove_tree(AT_FDCWD, f->dir, NULL);
}
