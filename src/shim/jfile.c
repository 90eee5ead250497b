/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "shim/jfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#define RECORDS_MAX 1024 /* far more than one run ever has */
#define RESERVE     8192

static int open_one(int dir, const char *session, uint32_t epoch, const char *suffix,
                    struct err *err)
{
	char name[96];
	int fd;

	(void)snprintf(name, sizeof(name), "%s-%u.%s", session, epoch, suffix);
	fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return ERR(err, -errno, "can't open the journal %s: %m", name);
	/* Not every file system can; then a full disk may delay a stop record. */
	(void)fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, RESERVE);
	return fd;
}

static bool read_at(int fd, uint32_t i, struct journal_rec *ret)
{
	uint8_t bytes[JOURNAL_RECORD];

	return pread(fd, bytes, sizeof(bytes), (off_t)i * JOURNAL_RECORD) == sizeof(bytes) &&
	       journal_decode(bytes, ret) == 0;
}

int jfile_open(struct jfile *j, const char *dir, const char *session, uint32_t epoch,
               struct err *err)
{
	autoclose int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct jfile f = JFILE;

	if (at < 0)
		return ERR(err, -errno, "can't open the journal folder %s: %m", dir);
	f.fd = open_one(at, session, epoch, "journal", err);
	if (f.fd < 0)
		return f.fd;
	f.beat_fd = open_one(at, session, epoch, "beat", err);
	if (f.beat_fd < 0 || fsync(at) < 0) {
		int r = f.beat_fd < 0 ? f.beat_fd : ERR(err, -errno, "can't sync %s: %m", dir);

		jfile_close(&f);
		return r;
	}
	while (f.records < RECORDS_MAX && read_at(f.fd, f.records, &f.last)) {
		f.running = f.last.kind == JOURNAL_START;
		f.records++;
	}
	*j = f;
	return 0;
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
