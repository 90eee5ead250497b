/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "shim/jfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define RECORDS_MAX 1024 /* far more than one run ever has */
#define RESERVE     8192

static int open_one(int dir, const char *name, int flags, struct err *err)
{
	int fd = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);

	if (fd < 0)
		return ERR(err, -errno, "can't open the journal %s: %m", name);
	/* Not every file system can; then a full disk may delay a stop record. */
	(void)fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, RESERVE);
	return fd;
}

/*
 * The journal goes to done/ in one step once it is acknowledged (journals.c of
 * the engine): looked for here first and there next, it is never missed, and a
 * run that is in the books gets no second one.
 */
static int open_journal(int dir, const char *key, struct err *err)
{
	char name[96], done[112];
	int fd;

	(void)snprintf(name, sizeof(name), "%s.journal", key);
	(void)snprintf(done, sizeof(done), "done/%s", name);
	fd = open_one(dir, name, 0, err);
	if (fd == -ENOENT)
		fd = open_one(dir, done, 0, err);
	if (fd == -ENOENT)
		fd = open_one(dir, name, O_CREAT, err);
	return fd;
}

static bool read_at(int fd, uint32_t i, struct journal_rec *ret)
{
	uint8_t bytes[JOURNAL_RECORD];

	return pread(fd, bytes, sizeof(bytes), (off_t)i * JOURNAL_RECORD) == sizeof(bytes) &&
	       journal_decode(bytes, ret) == 0;
}

static int open_beat(struct jfile *j, int dir, const char *key, struct err *err)
{
	char name[96];

	if (jfile_has_ended(j))
		return 0;
	(void)snprintf(name, sizeof(name), "%s.beat", key);
	j->beat_fd = open_one(dir, name, O_CREAT, err);
	if (j->beat_fd < 0)
		return j->beat_fd;
	return fsync(dir) < 0 ? ERR(err, -errno, "can't sync the journals' folder: %m") : 0;
}

int jfile_open(struct jfile *j, const char *dir, const char *session, uint32_t epoch,
               struct err *err)
{
	autoclose int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct jfile f = JFILE;
	char key[80];
	int r;

	if (at < 0)
		return ERR(err, -errno, "can't open the journal folder %s: %m", dir);
	(void)snprintf(key, sizeof(key), "%s-%u", session, epoch);
	f.fd = open_journal(at, key, err);
	if (f.fd < 0)
		return f.fd;
	while (f.records < RECORDS_MAX && read_at(f.fd, f.records, &f.last)) {
		f.running = f.last.kind == JOURNAL_START;
		f.records++;
	}
	r = open_beat(&f, at, key, err);
	if (r < 0)
		jfile_close(&f);
	else
		*j = f;
	return r;
}

void jfile_close(struct jfile *j)
{
	own_close(&j->fd);
	own_close(&j->beat_fd);
}

static int write_at(int fd, uint32_t i, const struct journal_rec *r, struct err *err)
{
	uint8_t bytes[JOURNAL_RECORD];
	ssize_t n;

	journal_encode(r, bytes);
	n = pwrite(fd, bytes, sizeof(bytes), (off_t)i * JOURNAL_RECORD);
	if (n != sizeof(bytes))
		return ERR(err, n < 0 ? -errno : -ENOSPC, "can't write the journal: %s",
		           n < 0 ? strerror(errno) : "the disk is full");
	return 0;
}

int jfile_append(struct jfile *j, struct journal_rec *r, struct err *err)
{
	int res;

	r->seq = j->records;
	res = write_at(j->fd, j->records, r, err);
	if (res < 0)
		return res;
	if (fdatasync(j->fd) < 0)
		return ERR(err, -errno, "can't sync the journal: %m");
	j->last = *r;
	j->running = r->kind == JOURNAL_START;
	j->records++;
	return 0;
}

int jfile_beat(struct jfile *j, struct journal_rec *r, struct err *err)
{
	r->kind = JOURNAL_BEAT;
	r->seq = 0;
	return write_at(j->beat_fd, 0, r, err);
}

bool jfile_last_beat(const struct jfile *j, struct journal_rec *ret)
{
	struct journal_rec beat;

	if (j->records == 0 || !read_at(j->beat_fd, 0, &beat) ||
	    beat.segment != j->last.segment || strcmp(beat.boot_id, j->last.boot_id) != 0 ||
	    beat.boottime_ns < j->last.boottime_ns)
		return false;
	*ret = beat;
	return true;
}
