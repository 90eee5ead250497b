/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "agent/diskfull.h"
#include "base/file.h"
#include "base/rand.h"

static int fail(const struct save *s, int code, struct err *err)
{
	if (code == -ENOSPC || code == -EDQUOT)
		return diskfull_err(s->a, s->at.name, err);
	if (code == -EACCES || code == -EPERM || code == -EROFS)
		return ERR(err, code, "Permission denied: %s", s->at.name);
	errno = -code;
	return ERR(err, code, "%s could not be saved: %m", s->at.name);
}

/* Names start with a dot: listings and file browsers never show them. */
static int open_temp(struct save *s)
{
	int fd;

	(void)snprintf(s->tmp, sizeof(s->tmp), ".~%.24s.%08x", s->at.name,
	               (unsigned)rand_u64());
	fd =
	    openat(s->at.dir, s->tmp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0 && errno == EILSEQ) { /* a name cut inside a character */
		(void)snprintf(s->tmp, sizeof(s->tmp), ".~carrel.%08x", (unsigned)rand_u64());
		fd = openat(s->at.dir, s->tmp,
		            O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
	}
	if (fd < 0) {
		s->tmp[0] = '\0';
		return -errno;
	}
	return fd;
}

int save_begin(const struct agent *a, struct str path, struct save *ret, struct err *err)
{
	struct save s = SAVE_NONE;
	struct stat st;
	int r;

	s.a = a;
	r = place_resolve(a, path, &s.at);
	if (r < 0) {
		errno = -r;
		return ERR(err, r, "No such folder for %.*s: %m", STR_ARG(path));
	}
	if (fstatat(s.at.dir, s.at.name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (!S_ISREG(st.st_mode)) {
			place_fini(&s.at);
			return ERR(err, -EISDIR, "%.*s is not a file", STR_ARG(path));
		}
		if (!place_writable(s.at.dir, s.at.name)) {
			place_fini(&s.at);
			return ERR(err, -EACCES, "Permission denied: %.*s", STR_ARG(path));
		}
		s.existed = true;
		s.mode = st.st_mode & 07777;
		s.in_place = st.st_nlink > 1;
	}
	if (!s.in_place) {
		s.fd = open_temp(&s);
		if (s.fd == -EACCES || s.fd == -EROFS || s.fd == -EPERM)
			s.in_place = s.existed;
	}
	if (s.in_place)
		s.fd = memfd_create("save", MFD_CLOEXEC);
	if (s.fd < 0) {
		r = fail(&s, s.fd == -1 ? -errno : s.fd, err);
		place_fini(&s.at);
		return r;
	}
	*ret = s;
	return 0;
}

int save_write(struct save *s, struct str data, struct err *err)
{
	struct err e = ERR_NONE;
	int r = file_write_all(s->fd, data, &e);

	return r < 0 ? fail(s, r, err) : 0;
}

static int copy_all(int from, int to, uint64_t len)
{
	uint64_t off = 0;
	char piece[12288];

	while (off < len) {
		ssize_t n = pread(from, piece, sizeof(piece), (off_t)off);

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		for (ssize_t done = 0; done < n;) {
			ssize_t w =
			    pwrite(to, piece + done, (size_t)(n - done), (off_t)off + done);

			if (w < 0)
				return -errno;
			done += w;
		}
		off += (uint64_t)n;
	}
	return 0;
}

static int overwrite(struct save *s, struct err *err)
{
	autoclose int to = openat(s->at.dir, s->at.name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r = 0;

	if (to < 0 || fstat(s->fd, &st) < 0)
		return fail(s, -errno, err);
	/* With its blocks reserved, the copy cannot run out of space half way. */
	if (st.st_size > 0 && fallocate(to, FALLOC_FL_KEEP_SIZE, 0, st.st_size) < 0 &&
	    errno != EOPNOTSUPP && errno != ENOSYS)
		return fail(s, -errno, err);
	r = copy_all(s->fd, to, (uint64_t)st.st_size);
	if (r == 0 && ftruncate(to, st.st_size) < 0)
		r = -errno;
	if (r == 0 && fsync(to) < 0)
		r = -errno;
	return r < 0 ? fail(s, r, err) : 0;
}

int save_commit(struct save *s, struct err *err)
{
	autoclose int dir = -1;
	int r = 0;

	if (s->in_place)
		return overwrite(s, err);
	if (s->existed && fchmod(s->fd, s->mode) < 0 && errno != EPERM)
		return fail(s, -errno, err);
	if (fsync(s->fd) < 0)
		return fail(s, -errno, err);
	if (renameat(s->at.dir, s->tmp, s->at.dir, s->at.name) < 0) {
		r = -errno;
		if (r == -EBUSY || r == -EXDEV)
			return overwrite(s, err);
		return fail(s, r, err);
	}
	s->tmp[0] = '\0';
	dir = openat(s->at.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fsync(dir) < 0)
		return errno == EACCES || errno == EINVAL ? 0 : fail(s, -errno, err);
	return 0;
}

void save_fini(struct save *s)
{
	if (s->tmp[0])
		(void)unlinkat(s->at.dir, s->tmp, 0);
	s->tmp[0] = '\0';
	own_close(&s->fd);
	place_fini(&s->at);
}
