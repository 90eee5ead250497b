/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deleting: into the trash of freedesktop.org when it lies on the same file
 * system, else for good. On a nearly full disk nothing goes to the trash: the
 * user deletes to get space.
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
#include "base/encode.h"
#include "base/file.h"

#define TRIES 1000U

static int open_trash(const struct agent *a, const char *sub)
{
	char path[PATH_MAX];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/.local/share/Trash/%s", a->cfg->home, sub);
	if (file_mkdirs(path, 0700, NULL) < 0)
		return -EACCES;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
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

static int to_trash(const struct agent *a, struct str path, struct place *p)
{
	autoclose int files = open_trash(a, "files"), info = -1;
	struct buf original = BUF(PATH_MAX * 2), name = BUF(NAME_MAX);
	struct stat here, there;
	int r = -EEXIST;

	if (files < 0 || fstat(files, &there) < 0 || fstat(p->dir, &here) < 0)
		return -EXDEV;
	if (here.st_dev != there.st_dev)
		return -EXDEV;
	info = open_trash(a, "info");
	if (info < 0)
		return -EXDEV;
	buf_printf(&original, "%s/%.*s", strcmp(a->cfg->root, "/") == 0 ? "" : a->cfg->root,
	           STR_ARG(path));
	for (unsigned n = 0; n < TRIES && r == -EEXIST; n++) {
		buf_clear(&name);
		buf_printf(&name, n ? "%.200s.%u" : "%.240s", p->name, n);
		r = reserve(info, buf_str(&original), buf_cstr(&name));
		if (r == 0 && renameat(p->dir, p->name, files, buf_cstr(&name)) < 0) {
			r = -errno;
			buf_put_z(&name, ".trashinfo");
			(void)unlinkat(info, buf_cstr(&name), 0);
		}
	}
	buf_fini(&original);
	buf_fini(&name);
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
		r = to_trash(a, path, &p);
		if (r == -EXDEV || r == -ENOSPC || r == -EDQUOT)
			r = for_good(&p, err);
	}
	place_fini(&p);
	if (r == 0)
		checkpoint_drop(a, path);
	return r;
}
