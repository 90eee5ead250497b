/* SPDX-License-Identifier: Apache-2.0 */
#include "http/pipe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

static char shared[PIPE_READ];
static struct fixture {
	struct ev *ev;
	struct pipe p;
	int client, server, before, closed;
} fx;

static void on_close(struct pipe *p)
{
	(void)p;
	fx.closed++;
}

static void turns(int n)
{
	struct err e = ERR_NONE;

	for (int i = 0; i < n; i++)
		T_EQ(ev_turn(fx.ev, 0, &e), 0);
}

static void start(struct str from_server, struct str from_client)
{
	int c[2], s[2], type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
	struct err e = ERR_NONE;

	fx = (struct fixture){ .before = open_fds() };
	T_EQ(ev_new(&fx.ev, &e), 0);
	T_EQ(socketpair(AF_UNIX, type, 0, c), 0);
	T_EQ(socketpair(AF_UNIX, type, 0, s), 0);
	T_EQ(pipe_open(
	         &fx.p, fx.ev, shared,
	         &(struct pipe_start){ c[0], s[0], STR("HEAD"), from_server, from_client }, &e),
	     0);
	fx.p.on_close = on_close;
	fx.client = c[1];
	fx.server = s[1];
}

static void stop(void)
{
	pipe_close(&fx.p);
	pipe_close(&fx.p);
	if (fx.client >= 0)
		close(fx.client);
	if (fx.server >= 0)
		close(fx.server);
	ev_free(fx.ev);
	T_EQ(open_fds(), fx.before);
}

static struct str get(int fd, char *tmp, size_t max)
{
	ssize_t n = read(fd, tmp, max);

	return (struct str){ tmp, n > 0 ? (size_t)n : 0 };
}

static void both_ways(void)
{
	char tmp[1000];

	start(STR("\x81\x02hi"), STR("early"));
	T_STR(get(fx.client, tmp, sizeof(tmp)), STR("HEAD\x81\x02hi"));
	T_STR(get(fx.server, tmp, sizeof(tmp)), STR("early"));
	T_EQ(write(fx.client, "abc", 3), 3);
	T_EQ(write(fx.server, "\x81\x01x", 3), 3);
	turns(2);
	T_STR(get(fx.server, tmp, sizeof(tmp)), STR("abc"));
	T_STR(get(fx.client, tmp, sizeof(tmp)), STR("\x81\x01x"));
	T_OK(!fx.p.client.out.ptr_ && !fx.p.server.out.ptr_); /* idle: no memory */
	stop();
}

static void stuck(void)
{
	static char block[65536], back[65536];
	size_t sent = 0, got = 0;

	start(STR(""), STR(""));
	for (int i = 0; i < 200; i++) {
		ssize_t n = write(fx.client, block, sizeof(block));

		sent += n > 0 ? (size_t)n : 0;
		turns(2);
	}
	T_OK(buf_len(&fx.p.server.out) <= 2 * PIPE_READ && sent < 4 << 20);
	/* The other way is not held up. */
	T_EQ(write(fx.server, "\x82\x00", 2), 2);
	turns(2);
	T_EQ(get(fx.client, back, sizeof(back)).len, 6);
	/* The client says all and leaves: nothing of it is lost. */
	close(fx.client);
	fx.client = -1;
	for (int i = 0; i < 1000 && !fx.closed; i++) {
		got += get(fx.server, back, sizeof(back)).len;
		turns(1);
	}
	for (struct str s; (s = get(fx.server, back, sizeof(back))).len;)
		got += s.len;
	T_EQ(got, sent);
	T_EQ(fx.closed, 1);
	stop();
}

static void ends(void)
{
	start(STR(""), STR(""));
	close(fx.server);
	fx.server = -1;
	turns(3);
	T_EQ(fx.closed, 1);
	stop();
}

/* A side that goes while something that it never read is on its way to it: a
 * reset, but what it said last is still there. */
static void last_words(bool in_vain)
{
	char tmp[1000];

	start(STR(""), STR(""));
	(void)get(fx.client, tmp, sizeof(tmp));
	T_EQ(write(fx.client, "abc", 3), 3);
	if (!in_vain)
		turns(2); /* it lies unread at the server */
	T_EQ(write(fx.server, "\x88\x02\x03\xe9", 4), 4);
	close(fx.server);
	fx.server = -1;
	turns(3);
	T_STR(get(fx.client, tmp, sizeof(tmp)), STR("\x88\x02\x03\xe9"));
	T_EQ(fx.closed, 1);
	stop();
}

static void goodbyes(void)
{
	last_words(false);
	last_words(true);
}

/* The same of a side that had stopped reading before. */
static void stuck_goodbye(void)
{
	static char block[65536];
	char tmp[1000];

	start(STR(""), STR(""));
	(void)get(fx.client, tmp, sizeof(tmp));
	for (int i = 0; i < 200; i++) {
		(void)!write(fx.client, block, sizeof(block));
		turns(2);
	}
	T_OK(fx.p.server.blocked);
	T_EQ(write(fx.server, "\x88\x00", 2), 2);
	close(fx.server);
	fx.server = -1;
	turns(5);
	T_STR(get(fx.client, tmp, sizeof(tmp)), STR("\x88\x00"));
	T_EQ(fx.closed, 1);
	stop();
}

static void said(struct str from_server, bool frame)
{
	char tmp[1000];

	start(from_server, STR(""));
	(void)get(fx.client, tmp, sizeof(tmp));
	T_EQ(write(fx.client, "more", 4), 4);
	pipe_say_close(&fx.p, 4401, STR("out"));
	turns(3);
	T_STR(get(fx.client, tmp, sizeof(tmp)), frame ? STR("\x88\x05\x11\x31out") : STR(""));
	T_EQ(get(fx.server, tmp, sizeof(tmp)).len, 0);
	T_EQ(fx.closed, frame ? 0 : 1); /* it waits for the client's end */
	close(fx.client);
	fx.client = -1;
	turns(3);
	T_EQ(fx.closed, 1);
	stop();
}

static void close_frames(void)
{
	said(STR(""), true);
	said(STR("\x81\x02hi"), true);
	said(STR("\x81\x02h"), false); /* within a frame: none of ours fits */
	said(STR("\x81"), false);
	said(STR("\xc1\x02hi"), false);        /* frames that we don't understand */
	said(STR("\x01\x02hi\x89\x00"), true); /* between the parts of a message */
}

TEST_MAIN({ "bytes go both ways", both_ways },
          { "a side that takes nothing holds up only its own way", stuck },
          { "one end is the end", ends },
          { "what a side says last arrives, though it takes nothing any more", goodbyes },
          { "also of a side that is behind", stuck_goodbye },
          { "a close frame is put between two frames or not at all", close_frames })
