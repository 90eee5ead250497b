/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of this folder: a server in this process and a raw peer to it,
 * both moved by turning the loop. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/macros.h"
#include "http/server.h"
#include "test.h"

struct fixture {
	struct ev *ev;
	struct http_server *srv;
	char dir[64], path[96];
	struct addr addr;
};

static inline void fixture_open(struct fixture *f, const struct http_server_cfg *cfg)
{
	struct err e = ERR_NONE;
	int fd;

	memcpy(f->dir, "/tmp/test-http-XXXXXX", 22);
	T_OK(mkdtemp(f->dir));
	(void)snprintf(f->path, sizeof(f->path), "unix:%s/s", f->dir);
	T_EQ(addr_parse(str_of(f->path), &f->addr, &e), 0);
	T_EQ(ev_new(&f->ev, &e), 0);
	T_EQ(sock_listen(&f->addr, 64, 0600, &fd, &e), 0);
	T_EQ(http_server_new(f->ev, cfg, &f->srv, &e), 0);
	T_EQ(http_server_listen(f->srv, fd, &e), 0);
}

static inline void fixture_close(struct fixture *f)
{
	http_server_free(f->srv);
	ev_free(f->ev);
	(void)unlink(f->path + 5);
	(void)rmdir(f->dir);
}

static inline void turns(struct fixture *f, int n)
{
	struct err e = ERR_NONE;

	for (int i = 0; i < n; i++)
		T_EQ(ev_turn(f->ev, 0, &e), 0);
}

static inline int peer_open(struct fixture *f)
{
	struct err e = ERR_NONE;
	int fd;

	T_EQ(sock_connect(&f->addr, &fd, &e), 0);
	return fd;
}

static inline void peer_send(struct fixture *f, int fd, struct str s)
{
	while (s.len) {
		ssize_t n = send(fd, s.ptr, s.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EPIPE)
			return;
		T_OK(n > 0 || errno == EAGAIN);
		if (n > 0)
			s = str_sub(s, (size_t)n, s.len);
		turns(f, 1);
	}
}

/* Reads until the text so far ends in `end`, or (NULL) until the server
 * closes. */
static inline void peer_read(struct fixture *f, int fd, struct buf *b, const char *end)
{
	struct err e = ERR_NONE;

	for (int idle = 0; idle < 2000;) {
		char tmp[8192];
		ssize_t n = read(fd, tmp, sizeof(tmp));

		if (n > 0) {
			buf_put(b, tmp, (size_t)n);
			idle = 0;
			if (end && str_ends(buf_str(b), str_of(end)))
				return;
			continue;
		}
		if (n == 0 || (n < 0 && errno != EAGAIN)) {
			T_OK(!end);
			return;
		}
		idle++;
		T_EQ(ev_turn(f->ev, 1, &e), 0);
	}
	printf("# read so far: %.*s\n", STR_ARG(buf_str(b)));
	T_OK(!"nothing came for two seconds");
}

/* The part after the head. */
static inline struct str after_head(struct str s)
{
	size_t i = str_find(s, STR("\r\n\r\n"));

	T_OK(i < s.len);
	return str_sub(s, i + 4, s.len);
}
