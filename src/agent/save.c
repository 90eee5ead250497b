/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/save.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "agent/diskfull.h"
#include "agent/handover.h"
#include "base/file.h"
#include "base/rand.h"

#define SUFFIX   8U     /* hex digits that end a temporary name */
#define LOOK_MAX 20000U /* entries of a folder that are looked at for dead ones */
#define PAD_MAX  ((uint64_t)16 << 20)
#define OLD_S    3600 /* a dead temporary file of another name goes after so long */

static int fail(const struct save *s, int code, struct err *err)
{
	if (code == -ENOSPC || code == -EDQUOT)
		return diskfull_err(s->a, s->at.name, err);
	if (code == -EACCES || code == -EPERM || code == -EROFS)
		return ERR(err, code, "Permission denied: %s", s->at.name);
	errno = -code;
	return ERR(err, code, "%s could not be saved: %m", s->at.name);
}

static int create(struct save *s)
{
	return openat(s->at.dir, s->tmp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	              0666);
}

/* Names start with a dot: listings and file browsers never show them. */
static int open_temp(struct save *s)
{
	struct stat st;
	int fd, r;

	(void)snprintf(s->tmp, sizeof(s->tmp), ".~%.24s.%08x", s->at.name,
	               (unsigned)rand_u64());
	fd = create(s);
	if (fd < 0 && errno == EILSEQ) { /* a name cut inside a character */
		(void)snprintf(s->tmp, sizeof(s->tmp), ".~carrel.%08x", (unsigned)rand_u64());
		fd = create(s);
	}
	if (fd < 0) {
		r = -errno;
		s->tmp[0] = '\0';
		return r;
	}
	/* Where there are no locks nobody takes dead files away either. Between its
	 * birth and the lock it looked dead: then somebody may have been quick. */
	(void)flock(fd, LOCK_EX | LOCK_NB);
	if (fstat(fd, &st) == 0 && st.st_nlink == 0) {
		(void)close(fd);
		s->tmp[0] = '\0';
		return -EAGAIN;
	}
	return fd;
}

/* ".~<24 bytes of the name>.<8 hex digits>"; *own: of this file's name. */
static bool is_temp(const struct save *s, const char *name, bool *own)
{
	char prefix[32];
	size_t n = strlen(name);
	int len = snprintf(prefix, sizeof(prefix), ".~%.24s.", s->at.name);

	if (n < 3 + SUFFIX || name[0] != '.' || name[1] != '~' || name[n - SUFFIX - 1] != '.')
		return false;
	for (size_t i = n - SUFFIX; i < n; i++)
		if (!strchr("0123456789abcdef", name[i]))
			return false;
	*own = n == (size_t)len + SUFFIX && strncmp(name, prefix, (size_t)len) == 0;
	return true;
}

static void remove_if_dead(const struct save *s, const char *name, bool own)
{
	autoclose int fd =
	    openat(s->at.dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if (!own && time_wall_us() / 1000000 - st.st_mtim.tv_sec < OLD_S)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(s->at.dir, name, 0);
}

/* What writers that were killed left in this folder. */
static void sweep(const struct save *s)
{
	int fd = openat(s->at.dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	bool own;

	if (!d) {
		own_close(&fd);
		return;
	}
	for (unsigned n = 0; n < LOOK_MAX && (e = readdir(d)); n++)
		if (is_temp(s, e->d_name, &own))
			remove_if_dead(s, e->d_name, own);
	(void)closedir(d);
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
		s.uid = st.st_uid;
		s.gid = st.st_gid;
		s.old_size = (uint64_t)st.st_size;
		s.in_place = st.st_nlink > 1;
	}
	if (!s.in_place) {
		s.fd = open_temp(&s);
		if (s.fd == -EAGAIN)
			s.fd = open_temp(&s);
		if (s.existed && (s.fd == -EACCES || s.fd == -EROFS || s.fd == -EPERM ||
		                  s.fd == -ENOSPC || s.fd == -EDQUOT))
			s.in_place = true;
		s.no_room = s.fd == -ENOSPC || s.fd == -EDQUOT;
	}
	if (s.in_place) {
		s.fd = memfd_create("save", MFD_CLOEXEC);
		if (s.fd < 0)
			s.fd = -errno;
	}
	if (s.fd < 0) {
		r = fail(&s, s.fd, err);
		place_fini(&s.at);
		return r;
	}
	*ret = s;
	return 0;
}

/* The disk has no room for a second file: if the first need not grow, what was
 * written so far goes on in memory. */
static int into_memory(struct save *s)
{
	char piece[12288];
	autoclose int from = steal_fd(&s->fd);
	int r = 0;

	s->fd = memfd_create("save", MFD_CLOEXEC);
	if (s->fd < 0)
		r = -errno;
	for (uint64_t off = 0; r == 0 && off < s->len;) {
		size_t want =
		    s->len - off < sizeof(piece) ? (size_t)(s->len - off) : sizeof(piece);
		ssize_t n = pread(from, piece, want, (off_t)off);

		if (n <= 0)
			r = n < 0 ? -errno : -EIO;
		else
			r = file_write_all(s->fd, (struct str){ piece, (size_t)n }, NULL);
		off += n > 0 ? (uint64_t)n : 0;
	}
	(void)unlinkat(s->at.dir, s->tmp, 0);
	s->tmp[0] = '\0';
	s->in_place = s->no_room = true;
	return r;
}

int save_write(struct save *s, struct str data, struct err *err)
{
	uint64_t len = s->len + data.len;
	int r;

	if (s->no_room && len > s->old_size)
		return fail(s, -ENOSPC, err);
	if (s->in_place && len > SAVE_MEMORY_MAX)
		return ERR(err, -EFBIG,
		           "%s can only be overwritten (it has several names, or its folder is "
		           "read-only), and is too large for that: save it under another name",
		           s->at.name);
	r = file_write_all(s->fd, data, NULL);
	if ((r == -ENOSPC || r == -EDQUOT) && s->existed && !s->in_place &&
	    len <= s->old_size && len <= SAVE_MEMORY_MAX) {
		r = into_memory(s);
		if (r == 0)
			r = file_write_all(s->fd, data, NULL);
	}
	if (r < 0)
		return fail(s, r, err);
	s->len = len;
	return 0;
}

static int write_at_once(int to, const char *p, uint64_t len)
{
	for (uint64_t off = 0; off < len;) {
		ssize_t n = pwrite(to, p + off, len - off, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		off += (uint64_t)n;
	}
	return 0;
}

/* The new content, with newlines up to the old length, goes in by one call;
 * then the rest is cut off. Killed between the two, a notebook or a text is
 * whole but for empty lines at its end. `fd` is a memory file. */
static int overwrite_with(struct save *s, int to, uint64_t old_size)
{
	uint64_t total = s->len;
	char *p;
	int r;

	if (old_size > s->len && old_size - s->len <= PAD_MAX)
		total = old_size;
	if (!total)
		return 0;
	if (ftruncate(s->fd, (off_t)total) < 0)
		return -errno;
	p = mmap(NULL, total, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	memset(p + s->len, '\n', total - s->len);
	r = write_at_once(to, p, total);
	(void)munmap(p, total);
	return r;
}

static int overwrite(struct save *s, struct err *err)
{
	autoclose int to = openat(s->at.dir, s->at.name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int r = 0;

	if (to < 0 || fstat(to, &st) < 0)
		return fail(s, -errno, err);
	/* With its blocks reserved, the write cannot run out of space half way. */
	if (s->len > 0 && fallocate(to, FALLOC_FL_KEEP_SIZE, 0, (off_t)s->len) < 0 &&
	    errno != EOPNOTSUPP && errno != ENOSYS)
		return fail(s, -errno, err);
	r = overwrite_with(s, to, (uint64_t)st.st_size);
	if (r == 0 && ftruncate(to, (off_t)s->len) < 0)
		r = -errno;
	if (r == 0 && fsync(to) < 0)
		r = -errno;
	return r < 0 ? fail(s, r, err) : 0;
}

int save_commit(struct save *s, struct err *err)
{
	int r;

	if (s->in_place)
		return overwrite(s, err);
	if (s->existed && fchown(s->fd, s->uid, s->gid) < 0)
		(void)(fchown(s->fd, (uid_t)-1, s->gid) == 0);
	if (s->existed && fchmod(s->fd, s->mode) < 0 && errno != EPERM)
		return fail(s, -errno, err);
	if (fsync(s->fd) < 0)
		return fail(s, -errno, err);
	if (renameat(s->at.dir, s->tmp, s->at.dir, s->at.name) < 0) {
		r = -errno;
		if ((r == -EBUSY || r == -EXDEV) && s->len <= SAVE_MEMORY_MAX) {
			r = into_memory(s);
			return r < 0 ? fail(s, r, err) : overwrite(s, err);
		}
		return fail(s, r, err);
	}
	s->tmp[0] = '\0';
	sweep(s);
	r = place_sync(&s->at);
	return r < 0 ? fail(s, r, err) : 0;
}

void save_fini(struct save *s)
{
	if (s->tmp[0])
		(void)unlinkat(s->at.dir, s->tmp, 0);
	s->tmp[0] = '\0';
	own_close(&s->fd);
	place_fini(&s->at);
}

/* ---- over an exec ---- */

void save_save(const struct save *s, struct hand_out *out)
{
	hand_put_fd(out, s->at.dir);
	hand_put_str(out, str_of(s->at.name));
	hand_put_str(out, str_of(s->tmp));
	hand_put_fd(out, s->fd);
	buf_put_u32le(&out->b, s->existed);
	buf_put_u32le(&out->b, s->in_place);
	buf_put_u32le(&out->b, s->no_room);
	buf_put_u64le(&out->b, s->len);
	buf_put_u64le(&out->b, s->old_size);
	buf_put_u32le(&out->b, s->mode);
	buf_put_u32le(&out->b, s->uid);
	buf_put_u32le(&out->b, s->gid);
}

/* A name that stays in its folder. */
static bool is_name(const char *name)
{
	return name[0] && !strchr(name, '/') && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0;
}

int save_load(struct save *ret, struct hand_in *in, struct err *err)
{
	struct save s = SAVE_NONE;

	s.a = in->a;
	s.at.dir = hand_fd(in);
	hand_text(in, s.at.name, sizeof(s.at.name));
	hand_text(in, s.tmp, sizeof(s.tmp));
	s.fd = hand_fd(in);
	s.existed = hand_bool(in);
	s.in_place = hand_bool(in);
	s.no_room = hand_bool(in);
	s.len = cur_u64le(&in->c);
	s.old_size = cur_u64le(&in->c);
	s.mode = (mode_t)hand_u32(in, 07777);
	s.uid = (uid_t)cur_u32le(&in->c);
	s.gid = (gid_t)cur_u32le(&in->c);
	if (cur_bad(&in->c) || s.at.dir < 0 || s.fd < 0 || !is_name(s.at.name) ||
	    (s.tmp[0] ? !is_name(s.tmp) : !s.in_place))
		return ERR(err, -EPROTO, "a file that is being saved is none");
	*ret = s;
	return 0;
}
