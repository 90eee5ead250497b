/* SPDX-License-Identifier: Apache-2.0 */
#include "net/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

#define MAX 65536

static struct fixture {
	struct ev *ev;
	struct stream s;
	int peer, before;
	int data, drained, eof, closed, code;
	bool eat;
} fx;

static void on_data(struct stream *s)
{
	fx.data++;
	if (fx.eat)
		buf_clear(&s->in);
}

static void on_drain(struct stream *s)
{
	(void)s;
	fx.drained++;
}

static void on_eof(struct stream *s)
{
	(void)s;
	fx.eof++;
}

static void on_close(struct stream *s, const struct err *err)
{
	fx.closed++;
	fx.code = err->code;
	stream_close(s);
}

static void start(void)
{
	struct err e = ERR_NONE;
	int sv[2];

	fx = (struct fixture){ .before = open_fds() };
	T_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sv), 0);
	T_EQ(ev_new(&fx.ev, &e), 0);
	T_EQ(stream_open(&fx.s, fx.ev, sv[0], MAX, MAX, false, &e), 0);
	fx.s.on_data = on_data;
	fx.s.on_drain = on_drain;
	fx.s.on_close = on_close;
	fx.peer = sv[1];
}

static void turns(int n)
{
	struct err e = ERR_NONE;

	for (int i = 0; i < n; i++)
		T_EQ(ev_turn(fx.ev, 0, &e), 0);
}

static void stop(void)
{
	stream_close(&fx.s);
	stream_close(&fx.s); /* twice is fine */
	if (fx.peer >= 0)
		close(fx.peer);
	ev_free(fx.ev);
	T_EQ(open_fds(), fx.before);
}

static size_t drain_peer(void)
{
	char tmp[8192];
	size_t all = 0;
	ssize_t n;

	while ((n = read(fx.peer, tmp, sizeof(tmp))) > 0)
		all += (size_t)n;
	return all;
}

static void reading(void)
{
	start();
	T_EQ(write(fx.peer, "abc", 3), 3);
	turns(2);
	T_STR(buf_str(&fx.s.in), STR("abc"));
	stream_pause(&fx.s);
	T_EQ(write(fx.peer, "def", 3), 3);
	turns(3);
	T_EQ(fx.data, 1);
	stream_resume(&fx.s);
	turns(2);
	T_STR(buf_str(&fx.s.in), STR("abcdef"));
	buf_clear(&fx.s.in);
	buf_shrink(&fx.s.in);
	close(fx.peer);
	fx.peer = -1;
	turns(2);
	T_EQ(fx.closed, 1);
	T_EQ(fx.code, 0);
	stop();
}

static void full_input_stops_reading(void)
{
	static char block[MAX];
	size_t sent = 0;

	start();
	for (int i = 0; i < 100; i++) {
		ssize_t n = write(fx.peer, block, sizeof(block));

		sent += n > 0 ? (size_t)n : 0;
		turns(3);
	}
	T_EQ(buf_len(&fx.s.in), MAX);
	T_OK(sent > MAX);
	fx.eat = true;
	buf_clear(&fx.s.in);
	stream_resume(&fx.s);
	turns(50);
	T_EQ(buf_len(&fx.s.in), 0);
	T_OK(!fx.s.in.ptr_); /* an idle stream holds no buffer */
	stop();
}

static void writing(void)
{
	static char block[MAX];
	size_t sent = 0, got = 0;
	int r;

	start();
	T_EQ(stream_write(&fx.s, STR("now")), 0);
	T_EQ(drain_peer(), 3); /* at once, no turn between */
	T_EQ(stream_queuev(&fx.s, &STR("la"), 1), 0);
	T_EQ(stream_queuev(&fx.s, &STR("ter"), 1), 0);
	T_EQ(drain_peer(), 0);
	turns(2);
	T_EQ(drain_peer(), 5);
	for (;;) {
		r = stream_write(&fx.s, (struct str){ block, 10000 });
		if (r < 0)
			break;
		sent += 10000;
	}
	T_EQ(r, -ENOBUFS);
	T_OK(stream_pending(&fx.s) > 0 && stream_pending(&fx.s) <= MAX);
	fx.drained = 0;
	for (int i = 0; i < 1000 && got < sent; i++) {
		got += drain_peer();
		turns(1);
	}
	T_EQ(got, sent);
	T_EQ(fx.drained, 1);
	T_EQ(stream_write(&fx.s, (struct str){ block, MAX + 1 }), -ENOBUFS);
	T_EQ(
	    stream_writev_all(&fx.s, (const struct str[]){ { block, MAX }, { block, MAX } }, 2),
	    0);
	for (got = 0; got < 2 * MAX;) {
		turns(1);
		got += drain_peer();
	}
	T_OK(!fx.s.out.ptr_);
	stop();
}

static void many_parts(void)
{
	struct str parts[40];

	start();
	for (int i = 0; i < 40; i++)
		parts[i] = STR("xyz");
	T_EQ(stream_writev(&fx.s, parts, 40), 0);
	turns(3);
	T_EQ(drain_peer(), 120);
	stop();
}

static void files(void)
{
	char name[] = "/tmp/test-stream-XXXXXX", block[1000] = { 0 };
	size_t got = 0;
	int fd;

	start();
	fd = mkstemp(name);
	T_OK(fd >= 0);
	unlink(name);
	for (int i = 0; i < 3000; i++)
		T_EQ(write(fd, block, sizeof(block)), sizeof(block));
	T_EQ(stream_queuev(&fx.s, &STR("head"), 1), 0);
	T_EQ(stream_send_file(&fx.s, dup(fd), 100, 2999900), 0);
	while (got < 2999904) {
		got += drain_peer();
		turns(1);
	}
	turns(2);
	T_EQ(got, 2999904);
	T_EQ(fx.drained, 1);
	/* Shorter than was promised: the connection breaks. */
	T_EQ(stream_send_file(&fx.s, fd, 2999000, 2000), 0);
	turns(3);
	T_EQ(fx.closed, 1);
	stop();
}

static void half_close(void)
{
	start();
	fx.s.on_eof = on_eof;
	T_EQ(shutdown(fx.peer, SHUT_WR), 0);
	turns(3);
	T_EQ(fx.eof, 1);
	T_EQ(fx.closed, 0);
	T_EQ(stream_write(&fx.s, STR("still")), 0);
	stream_shutdown(&fx.s);
	T_EQ(stream_write(&fx.s, STR("x")), -EPIPE);
	T_EQ(drain_peer(), 5);
	stop();
}

static void the_peer_goes_while_we_write(void)
{
	static char block[MAX];

	start();
	while (stream_write(&fx.s, (struct str){ block, 10000 }) == 0)
		;
	stream_pause(&fx.s);
	close(fx.peer);
	fx.peer = -1;
	turns(3);
	T_EQ(fx.closed, 1); /* although nobody reads */
	stop();
}

static void last_words(void)
{
	char tmp[16];

	start();
	T_EQ(write(fx.peer, "unread", 6), 6);
	T_EQ(stream_write(&fx.s, STR("bye")), 0);
	stream_close_soon(&fx.s, 5000);
	turns(2);
	T_EQ(fx.closed, 0); /* waits for the peer's end */
	T_EQ(read(fx.peer, tmp, sizeof(tmp)), 3);
	T_EQ(read(fx.peer, tmp, sizeof(tmp)), 0);
	close(fx.peer);
	fx.peer = -1;
	turns(3);
	T_EQ(fx.closed, 1);
	T_EQ(fx.code, 0);
	stop();
}

/* A slow reader gets all of it, however short the wait for its FIN is. */
static void slow_last_words(void)
{
	static char block[MAX], tmp[1000];
	struct err e = ERR_NONE;
	size_t sent = 0, got = 0;

	start();
	while (stream_write(&fx.s, (struct str){ block, 10000 }) == 0)
		sent += 10000;
	stream_close_soon(&fx.s, 1);
	for (int i = 0; i < 20000 && got < sent; i++) {
		ssize_t n = read(fx.peer, tmp, sizeof(tmp));

		got += n > 0 ? (size_t)n : 0;
		T_EQ(ev_turn(fx.ev, i % 50 ? 0 : 2, &e), 0);
	}
	T_EQ(got, sent);
	for (int i = 0; i < 100 && !fx.closed; i++)
		T_EQ(ev_turn(fx.ev, 5, &e), 0);
	T_EQ(fx.closed, 1);
	stop();
}

static void released(void)
{
	int fd;

	start();
	fd = stream_release(&fx.s);
	turns(1);
	T_EQ(write(fd, "x", 1), 1);
	T_EQ(drain_peer(), 1);
	close(fd);
	stop();
}

static void plain_descriptors(void)
{
	struct err e = ERR_NONE;
	int p[2];
	char tmp[8];

	start();
	T_EQ(pipe2(p, O_NONBLOCK | O_CLOEXEC), 0);
	stream_close(&fx.s);
	turns(1);
	T_EQ(stream_open(&fx.s, fx.ev, p[1], MAX, MAX, false, &e), 0);
	fx.s.on_close = on_close;
	fx.s.on_data = on_data;
	T_EQ(stream_write(&fx.s, STR("pipe")), 0);
	T_EQ(read(p[0], tmp, sizeof(tmp)), 4);
	close(p[0]);
	stop();
}

TEST_MAIN({ "reading, pausing, the end", reading },
          { "a full input buffer stops the reading", full_input_stops_reading },
          { "writing at once, later, and past the maximum", writing },
          { "more parts than fit one call", many_parts },
          { "files follow what is queued", files },
          { "a peer that has said all still listens", half_close },
          { "a peer that goes is noticed by writing", the_peer_goes_while_we_write },
          { "the last bytes arrive before the end", last_words },
          { "a slow reader gets the last bytes too", slow_last_words },
          { "a descriptor can leave", released },
          { "pipes are streams too", plain_descriptors })
