/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of files and folders within the root. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/contents.h"
#include "agent/diskfull.h"
#include "agent/names.h"
#include "base/file.h"
#include "base/rand.h"

#define TREE_MAX  ((uint64_t)500 << 20) /* a folder larger than this is refused */
#define DEPTH_MAX 64U
#define TRIES     10000U

int copy_file(int from_dir, const char *from, int to_dir, const char *to, struct err *err)
{
	autoclose int in = openat(from_dir, from, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	autoclose int out = -1;
	struct stat st;
	ssize_t n;

	if (in < 0 || fstat(in, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EOPNOTSUPP;
	out = openat(to_dir, to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (out < 0)
		return -errno;
	do {
		n = copy_file_range(in, NULL, out, NULL, 1U << 30, 0);
	} while (n > 0);
	if (n < 0 &&
	    (errno == EXDEV || errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) {
		char piece[14000];

		while ((n = read(in, piece, sizeof(piece))) > 0)
			if (file_write_all(out, (struct str){ piece, (size_t)n }, err) < 0) {
				n = -1;
				break;
			}
	}
	if (n < 0 || fchmod(out, st.st_mode & 0777) < 0) {
		int r = errno ? -errno : -EIO;

		(void)unlinkat(to_dir, to, 0);
		return r;
	}
	return 0;
}

/* Bytes of a tree, up to a little past the limit; links are not followed. */
static int tree_size(int dir, unsigned depth, uint64_t *sum)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		r = -errno;
		own_close(&fd);
		return r;
	}
	while (r == 0 && *sum <= TREE_MAX && (e = readdir(d))) {
		struct stat st;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		*sum += (uint64_t)st.st_size;
		if (S_ISDIR(st.st_mode)) {
			autoclose int sub = openat(
			    fd, e->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			r = depth >= DEPTH_MAX ? -ELOOP
			    : sub < 0          ? -errno
			                       : tree_size(sub, depth + 1, sum);
		}
	}
	(void)closedir(d);
	return r;
}

static int copy_tree(int from, int to, unsigned depth, struct err *err);

static int copy_entry(int from, int to, const char *name, unsigned depth, struct err *err)
{
	struct stat st;
	char target[PATH_MAX];
	ssize_t n;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISREG(st.st_mode))
		return copy_file(from, name, to, name, err);
	if (S_ISLNK(st.st_mode)) {
		n = readlinkat(from, name, target, sizeof(target) - 1);
		if (n < 0)
			return -errno;
		target[n] = '\0';
		return symlinkat(target, to, name) < 0 ? -errno : 0;
	}
	if (S_ISDIR(st.st_mode)) {
		autoclose int f =
		    openat(from, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		autoclose int t = -1;

		if (f < 0 || mkdirat(to, name, 0777) < 0)
			return -errno;
		t = openat(to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		return t < 0 ? -errno : copy_tree(f, t, depth + 1, err);
	}
	return 0; /* sockets, pipes and devices stay behind */
}

static int copy_tree(int from, int to, unsigned depth, struct err *err)
{
	int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		r = -errno;
		own_close(&fd);
		return r;
	}
	while (r == 0 && (e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = depth >= DEPTH_MAX ? -ELOOP : copy_entry(fd, to, e->d_name, depth, err);
	}
	(void)closedir(d);
	return r;
}

static int copy_dir(const struct agent *a, struct str from, struct place *to, struct err *err)
{
	autoclose int f = place_open(a, from, O_PATH | O_DIRECTORY);
	autoclose int t = -1;
	uint64_t sum = 0;
	int r = f < 0 ? f : tree_size(f, 0, &sum);

	if (r < 0)
		return r;
	if (sum > TREE_MAX)
		return ERR(err, -EINVAL,
		           "Can't copy %.*s: it is larger than %u MB. Use a terminal: cp -r",
		           STR_ARG(from), (unsigned)(TREE_MAX >> 20));
	if (mkdirat(to->dir, to->name, 0777) < 0)
		return -errno;
	t = openat(to->dir, to->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (t < 0)
		return -errno;
	r = copy_tree(f, t, 0, err);
	if (r < 0) {
		int dir = openat(to->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		/* Half a copy is worse than none. */
		if (dir >= 0) {
			(void)(file_remove_tree(dir, to->name, NULL) == 0);
			(void)close(dir);
		}
	}
	return r;
}

/* Under another name until it is whole: what a kill leaves is hidden, and goes
 * with a later save in that folder. */
static int copy_whole(const struct place *from, const struct place *to, struct err *err)
{
	struct place tmp = { .dir = to->dir };
	struct stat st;
	int r;

	/* No copy for a name that is taken: it is the next name's turn. */
	if (fstatat(to->dir, to->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST;
	(void)snprintf(tmp.name, sizeof(tmp.name), ".~copy.%08x", (unsigned)rand_u64());
	r = copy_file(from->dir, from->name, tmp.dir, tmp.name, err);
	if (r < 0)
		return r;
	r = rename_noreplace(&tmp, to);
	if (r < 0)
		(void)unlinkat(tmp.dir, tmp.name, 0);
	return r;
}

static int copy_to(struct call *c, struct str from, bool is_dir, struct str to, struct err *err)
{
	struct place f = PLACE_NONE, t = PLACE_NONE;
	int r = place_of(c->a, to, &t);

	if (r == 0)
		r = place_resolve(c->a, from, &f);
	if (r == 0)
		r = is_dir ? copy_dir(c->a, from, &t, err) : copy_whole(&f, &t, err);
	if (r == -ENOSPC || r == -EDQUOT)
		r = diskfull_err(c->a, t.name, err);
	place_fini(&f);
	place_fini(&t);
	return r;
}

static int make_dir(const struct agent *a, struct str path)
{
	struct place p = PLACE_NONE;
	int r = place_of(a, path, &p);

	if (r == 0 && mkdirat(p.dir, p.name, 0777) < 0)
		r = -errno;
	place_fini(&p);
	return r;
}

int contents_copy(struct call *c, struct str from, struct str to, struct str *ret,
                  struct err *err)
{
	struct str stem, ext, name = place_name(from);
	struct entry src, dst;
	bool is_dir;
	int r = entry_load(c->a, from, &src);

	if (r < 0)
		return r;
	is_dir = src.type == ENTRY_DIR;
	if (is_dir && (str_eq(from, to) || !from.len ||
	               (to.len > from.len && to.ptr[from.len] == '/' && str_starts(to, from))))
		return ERR(err, -EINVAL, "A folder can't be copied into itself");
	if (entry_load(c->a, to, &dst) < 0 && is_dir) {
		/* A folder is copied into the one that is named: make that. */
		r = make_dir(c->a, to);
		if (r < 0)
			return r;
	} else if (entry_load(c->a, to, &dst) < 0) { /* a name for the copy was given */
		*ret = to;
		return copy_to(c, from, is_dir, to, err);
	}
	name_cut(name, &stem, &ext);
	stem = name_strip_copy(stem);
	for (unsigned n = 0; n < TRIES; n++) {
		struct str path = place_child(
		    &c->r->arena, to, name_numbered(&c->r->arena, stem, "-Copy", n, ext));

		if (!path.ptr)
			return -ENOMEM;
		r = copy_to(c, from, is_dir, path, err);
		if (r == 0)
			*ret = path;
		if (r != -EEXIST)
			return r;
	}
	return -EEXIST;
}
