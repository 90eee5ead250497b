/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the runtime and the container's PID 1 print goes through a FIFO into
 * the session's log file, of which the last LOG_MAX bytes are kept. A FIFO by
 * name, opened for both ways by its writers, outlives a shim: they never see
 * a broken pipe, and the next shim reads on. Theirs is an open file description
 * of its own: PID 1 may turn its O_NONBLOCK off, and must not make us wait.
 */
#define _GNU_SOURCE
#include "shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define LOG_MAX ((size_t)256 * 1024)

/* The last line that is not empty. */
static void remember(struct logpipe *p, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = bytes[i];

		if (c == '\n' || p->last_len == sizeof(p->last) - 1) {
			if (p->last_len > 0)
				p->last[p->last_len] = '\0';
			p->last_len = 0;
			continue;
		}
		p->last[p->last_len++] = (char)(c >= ' ' && c < 0x7f ? c : '?');
		p->last[p->last_len] = '\0';
	}
}

/* Drops the first half. */
static void shorten(struct logpipe *p)
{
	static char half[LOG_MAX / 2];
	ssize_t n = pread(p->file, half, sizeof(half), (off_t)(p->size - sizeof(half)));

	if (n <= 0 || ftruncate(p->file, 0) < 0 || pwrite(p->file, half, (size_t)n, 0) != n)
		n = 0;
	p->size = (uint64_t)n;
}

static bool read_some(struct logpipe *p)
{
	char bytes[4096];
	ssize_t n = read(p->fd, bytes, sizeof(bytes));

	if (n <= 0)
		return false;
	remember(p, bytes, (size_t)n);
	if (p->size + (size_t)n > LOG_MAX)
		shorten(p);
	if (pwrite(p->file, bytes, (size_t)n, (off_t)p->size) == n)
		p->size += (size_t)n;
	return true;
}

static void on_log(struct ev_fd *f, uint32_t events)
{
	struct logpipe *p = CONTAINER_OF(f, struct logpipe, ev);

	for (unsigned i = 0; i < 16 && read_some(p); i++)
		;
}

int logpipe_writer(struct shim *s, struct err *err)
{
	char path[SHIM_PATH_MAX + 32];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/log", s->conf.dir);
	/* Both ways: it never comes to an end. */
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? ERR(err, -errno, "can't open %s: %m", path) : fd;
}

int logpipe_open(struct shim *s, struct err *err)
{
	char path[SHIM_PATH_MAX + 32];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/log", s->conf.dir);
	if (mkfifo(path, 0600) < 0 && errno != EEXIST)
		return ERR(err, -errno, "can't make %s: %m", path);
	s->log.fd = logpipe_writer(s, err); /* who reads holds it open for writing too */
	if (s->log.fd < 0)
		return s->log.fd;
	s->log.file = open(s->conf.log, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->log.file < 0 || fstat(s->log.file, &st) < 0)
		return ERR(err, -errno, "can't open the log %s: %m", s->conf.log);
	s->log.size = (uint64_t)st.st_size;
	return ev_fd_start(s->ev, &s->log.ev, s->log.fd, EPOLLIN, on_log, err);
}

void logpipe_drain(struct shim *s)
{
	for (unsigned i = 0; i < 64 && read_some(&s->log); i++)
		;
}

void logpipe_close(struct shim *s)
{
	ev_fd_stop(&s->log.ev);
	own_close(&s->log.fd);
	own_close(&s->log.file);
}
