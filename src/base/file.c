/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "base/rand.h"

#define READ_STEP ((size_t)64 * 1024)
/* Descriptors that the removal of a tree holds at most. */
#define REMOVE_DEPTH  24U
#define REMOVE_PASSES 1000000U
#define BENEATH_TRIES 64U

int file_read_fd(int fd, struct buf *b, struct err *err)
{
	struct stat st;
	size_t step = READ_STEP;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		if ((uint64_t)st.st_size > buf_room(b))
			return ERR(err, -EFBIG, "the file has %lld bytes, at most %zu are read",
			           (long long)st.st_size, buf_room(b));
		step = (size_t)st.st_size;
	}
	for (;;) {
		size_t room = buf_room(b), want = step < room ? step : room;
		char extra, *to = want ? buf_reserve(b, want) : &extra;
		ssize_t n;

		if (!to)
			return ERR(err, buf_error(b), "no memory for %zu bytes", want);
		n = read(fd, to, want ? want : 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR(err, -errno, "read: %m");
		if (n == 0)
			return 0;
		if (!want)
			return ERR(err, -EFBIG, "the file is larger than what may be read");
		buf_commit(b, (size_t)n);
		step = READ_STEP;
	}
}

int file_read(int dirfd, const char *path, struct buf *b, struct err *err)
{
	autoclose int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int r;

	if (fd < 0)
		return ERR(err, -errno, "open %s: %m", path);
	r = file_read_fd(fd, b, err);
	return r < 0 ? err_wrap(err, r, "%s", path) : 0;
}

int file_write_all(int fd, struct str data, struct err *err)
{
	while (data.len) {
		ssize_t n = write(fd, data.ptr, data.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR(err, -errno, "write: %m");
		data = str_sub(data, (size_t)n, data.len);
	}
	return 0;
}

/* The folder that holds `path`, opened; *name is the last component. */
static int open_parent(int dirfd, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	autofree char *dir = NULL;
	int fd;

	*name = slash ? slash + 1 : path;
	if (!**name)
		return -EINVAL;
	if (!slash)
		dir = str_dup_z(STR("."));
	else
		dir = str_dup_z(slash == path ? STR("/")
		                              : (struct str){ path, (size_t)(slash - path) });
	if (!dir)
		return -ENOMEM;
	fd = openat(dirfd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int write_new(int dir, const char *temp, struct str data, mode_t mode, struct err *err)
{
	autoclose int fd =
	    openat(dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return ERR(err, -errno, "create a file beside it: %m");
	r = file_write_all(fd, data, err);
	if (r < 0)
		return r;
	if (fchmod(fd, mode) < 0)
		return ERR(err, -errno, "chmod: %m");
	if (fsync(fd) < 0)
		return ERR(err, -errno, "fsync: %m");
	return 0;
}

int file_write_atomic(int dirfd, const char *path, struct str data, mode_t mode,
                      struct err *err)
{
	const char *name;
	autoclose int dir = open_parent(dirfd, path, &name);
	char temp[40];
	int r;

	if (dir < 0) {
		r = dir;
		errno = -r;
		return ERR(err, r, "open the folder of %s: %m", path);
	}
	(void)snprintf(temp, sizeof(temp), ".carrel-%016llx.tmp",
	               (unsigned long long)rand_u64());
	r = write_new(dir, temp, data, mode, err);
	if (r == 0 && renameat(dir, temp, dir, name) < 0)
		r = ERR(err, -errno, "rename: %m");
	if (r < 0) {
		(void)unlinkat(dir, temp, 0);
		return err_wrap(err, r, "write %s", path);
	}
	if (fsync(dir) < 0)
		return ERR(err, -errno, "write %s: fsync the folder: %m", path);
	return 0;
}

int file_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.mode = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? mode & 07777 : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};

	/* EAGAIN: a rename somewhere made the kernel's check of ".." unsure. */
	for (unsigned tries = 0;; tries++) {
		long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if ((errno != EAGAIN && errno != EINTR) || tries == BENEATH_TRIES)
			return -errno;
	}
}

int file_mkdirs(const char *path, mode_t mode, struct err *err)
{
	autofree char *p = str_dup_z(str_of(path));
	struct stat st;

	if (!p)
		return ERR(err, -ENOMEM, "no memory for the path %s", path);
	if (!*p)
		return ERR(err, -EINVAL, "make a folder: the path is empty");
	for (char *at = p + 1;; at++) {
		char c = *at;

		if (c && c != '/')
			continue;
		*at = 0;
		if (mkdir(p, mode) < 0 && errno != EEXIST)
			return ERR(err, -errno, "make the folder %s: %m", p);
		*at = c;
		if (!c)
			break;
	}
	if (stat(p, &st) < 0)
		return ERR(err, -errno, "make the folder %s: %m", path);
	if (!S_ISDIR(st.st_mode))
		return ERR(err, -ENOTDIR, "make the folder %s: there is a file of that name",
		           path);
	return 0;
}

static int remove_entry(int dir, const char *name, int top, unsigned depth, struct err *err);

/* Removes what is in the folder `fd` (consumed). */
static int empty_dir(int fd, int top, unsigned depth, struct err *err)
{
	DIR *d = fdopendir(fd);
	int r = 0;

	if (!d) {
		r = ERR(err, -errno, "read a folder: %m");
		(void)close(fd);
		return r;
	}
	while (r == 0) {
		const struct dirent *e;

		errno = 0;
		e = readdir(d);
		if (!e) {
			if (errno)
				r = ERR(err, -errno, "read a folder: %m");
			break;
		}
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = remove_entry(dirfd(d), e->d_name, top < 0 ? dirfd(d) : top, depth,
			                 err);
	}
	(void)closedir(d);
	return r;
}

/* A tree may be deeper than we may hold descriptors: what is too deep moves up
 * to the top folder and is met again there. */
static int remove_entry(int dir, const char *name, int top, unsigned depth, struct err *err)
{
	char up[40];
	int fd, r;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return ERR(err, -errno, "remove %s: %m", name);
	if (depth >= REMOVE_DEPTH) {
		(void)snprintf(up, sizeof(up), ".carrel-%016llx.rm",
		               (unsigned long long)rand_u64());
		if (renameat(dir, name, top, up) < 0)
			return ERR(err, -errno, "move %s up to remove it: %m", name);
		return 0;
	}
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return ERR(err, -errno, "open %s to remove it: %m", name);
	r = empty_dir(fd, top, depth + 1, err);
	if (r < 0)
		return r;
	if (unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT && errno != ENOTEMPTY)
		return ERR(err, -errno, "remove the folder %s: %m", name);
	return 0;
}

int file_remove_tree(int dirfd, const char *name, struct err *err)
{
	for (unsigned pass = 0; pass < REMOVE_PASSES; pass++) {
		int fd, r;

		if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
			return 0;
		if (errno != EISDIR && errno != EPERM)
			return ERR(err, -errno, "remove %s: %m", name);
		if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != ENOTEMPTY && errno != EEXIST)
			return ERR(err, -errno, "remove %s: %m", name);
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return ERR(err, -errno, "open %s to remove it: %m", name);
		r = empty_dir(fd, -1, 0, err);
		if (r < 0)
			return err_wrap(err, r, "remove %s", name);
	}
	return ERR(err, -EBUSY,
	           "remove %s: something keeps writing in it; stop that and try again", name);
}
