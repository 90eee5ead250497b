/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deleting: into the trash of freedesktop.org, the home's when it lies on the
 * same file system, else `.Trash-<uid>` at the top of that one; where neither can
 * be had, for good. On a nearly full disk nothing goes to the trash: the user
 * deletes to get space.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "agent/contents.h"
#include "agent/diskfull.h"
#include "agent/names.h"
#include "agent/trash.h"
#include "base/encode.h"
#include "base/file.h"

#define TRIES 1000U

void bin_fini(struct bin *b)
{
	own_close(&b->files);
	own_close(&b->info);
}

static int open_sub(struct arena *m, const char *bin, const char *sub)
{
	const char *path = arena_printf(m, "%s/%s", bin, sub).ptr;
	int fd;

	if (!path)
		return -ENOMEM;
	if (file_mkdirs(path, 0700, NULL) < 0)
		return -EACCES;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* On file system `dev` and no other. */
static int bin_open(struct arena *m, const char *path, dev_t dev, struct bin *ret)
{
	struct stat st;

	ret->files = open_sub(m, path, "files");
	ret->info = open_sub(m, path, "info");
	if (ret->files < 0 || ret->info < 0 || fstat(ret->files, &st) < 0 || st.st_dev != dev) {
		bin_fini(ret);
		return -EXDEV;
	}
	return 0;
}

/* Length of the path of the highest folder above that is on the same file
 * system; 0: that is "/", or can't be told. */
static size_t mount_top(struct arena *m, struct str folder, dev_t dev)
{
	struct str at = folder, up;
	struct stat st;

	for (;;) {
		const char *path;

		up = place_parent(at);
		path = up.len ? arena_strz(m, up) : "/";
		if (!path || lstat(path, &st) < 0)
			return 0;
		if (st.st_dev != dev)
			return at.len;
		if (!up.len)
			return 0;
		at = up;
	}
}

static int bin_elsewhere(const struct agent *a, struct arena *m, struct str folder, dev_t dev,
                         struct bin *ret)
{
	uid_t uid = a->cfg->session ? a->cfg->uid : geteuid();
	const char *path;
	struct stat st;

	ret->above = mount_top(m, folder, dev);
	if (!ret->above)
		return -EXDEV;
	path =
	    arena_printf(m, "%.*s/.Trash-%u", (int)ret->above, folder.ptr, (unsigned)uid).ptr;
	if (!path || (mkdir(path, 0700) < 0 && errno != EEXIST))
		return -EXDEV;
	/* What somebody else prepared there is no trash of ours. */
	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != uid)
		return -EXDEV;
	return bin_open(m, path, dev, ret);
}

static int bin_for(const struct agent *a, struct arena *m, struct str folder, dev_t dev,
                   struct bin *ret)
{
	const char *home = arena_printf(m, "%s/.local/share/Trash", a->cfg->home).ptr;

	*ret = BIN_NONE;
	if (home && bin_open(m, home, dev, ret) == 0)
		return 0;
	return bin_elsewhere(a, m, folder, dev, ret);
}

/* The .trashinfo file reserves the name (O_EXCL); then the move. */
static int reserve(int info, struct str original, const char *name)
{
	struct buf b = BUF(16384);
	char file[NAME_MAX + 16], when[TIME_RFC3339_MAX];
	int fd, r;

	if (snprintf(file, sizeof(file), "%s.trashinfo", name) > NAME_MAX)
		return -ENAMETOOLONG;
	fd = openat(info, file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	time_rfc3339(time_wall_us(), when);
	buf_put_z(&b, "[Trash Info]\nPath=");
	pct_put(&b, original, "/");
	buf_printf(&b, "\nDeletionDate=%.19s\n", when);
	r = buf_error(&b);
	if (r == 0)
		r = file_write_all(fd, buf_str(&b), NULL);
	buf_fini(&b);
	(void)close(fd);
	if (r < 0)
		(void)unlinkat(info, file, 0);
	return r;
}

/* `original`: what the .trashinfo file says; cut so that a number still fits. */
static int move_into(const struct bin *bin, struct place *p, struct str original)
{
	struct buf name = BUF((size_t)2 * NAME_MAX);
	int r = -EEXIST;

	for (unsigned n = 0; n < TRIES && r == -EEXIST; n++) {
		buf_clear(&name);
		buf_printf(&name, n ? "%.200s.%u" : "%.240s", p->name, n);
		r = reserve(bin->info, original, buf_cstr(&name));
		if (r == 0 && renameat(p->dir, p->name, bin->files, buf_cstr(&name)) < 0) {
			r = -errno;
			buf_put_z(&name, ".trashinfo");
			(void)unlinkat(bin->info, buf_cstr(&name), 0);
		}
	}
	buf_fini(&name);
	return r;
}

int bin_of(const struct agent *a, struct arena *m, const struct place *p, struct bin *ret,
           struct str *ret_original)
{
	char proc[64], folder[PATH_MAX];
	struct stat here;
	struct str whole;
	ssize_t n;
	int r;

	*ret = BIN_NONE;
	/* Where it really lies: the way there may lead through links. */
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", p->dir);
	n = readlink(proc, folder, sizeof(folder) - 1);
	if (n <= 0 || fstat(p->dir, &here) < 0)
		return -EXDEV;
	folder[n] = '\0';
	r = bin_for(a, m, str_of(folder), here.st_dev, ret);
	whole = arena_printf(m, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, p->name);
	*ret_original = str_sub(whole, ret->above ? ret->above + 1 : 0, whole.len);
	return r;
}

static int to_trash(const struct agent *a, struct place *p)
{
	struct arena m = ARENA(256U << 10);
	struct str original = STR_NONE;
	struct bin bin;
	int r = bin_of(a, &m, p, &bin, &original);

	if (r == 0)
		r = move_into(&bin, p, original);
	if (r == 0) {
		(void)fsync(bin.files);
		(void)!place_sync(p);
	}
	bin_fini(&bin);
	arena_fini(&m);
	return r;
}

static int for_good(struct place *p, struct err *err)
{
	autoclose int dir = openat(p->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return -errno;
	return file_remove_tree(dir, p->name, err);
}

/* A folder that holds only its checkpoints counts as empty. */
static int only_empty(struct place *p, struct err *err)
{
	struct stat st;
	autoclose int dir = -1;

	if (fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return unlinkat(p->dir, p->name, 0) < 0 ? -errno : 0;
	dir = openat(p->dir, p->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir >= 0 && unlinkat(p->dir, p->name, AT_REMOVEDIR) < 0 &&
	    (errno == ENOTEMPTY || errno == EEXIST)) {
		(void)(file_remove_tree(dir, ".ipynb_checkpoints", NULL) == 0);
		if (unlinkat(p->dir, p->name, AT_REMOVEDIR) < 0)
			return ERR(err, -EINVAL, "Directory %s not empty", p->name);
		return 0;
	}
	return dir < 0 ? -errno : 0;
}

int contents_delete(const struct agent *a, struct str path, struct err *err)
{
	struct place p = PLACE_NONE;
	struct stat st;
	int r = place_of(a, path, &p);

	if (r < 0)
		return r;
	if (fstatat(p.dir, p.name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		r = -errno;
		place_fini(&p);
		return r;
	}
	if (!a->cfg->delete_to_trash) {
		r = only_empty(&p, err);
	} else if (diskfull_near(a)) {
		r = for_good(&p, err);
	} else {
		r = to_trash(a, &p);
		if (r == -EXDEV || r == -ENOSPC || r == -EDQUOT)
			r = for_good(&p, err);
	}
	place_fini(&p);
	if (r == 0)
		checkpoint_drop(a, path);
	return r;
}
