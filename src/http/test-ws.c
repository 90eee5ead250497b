/* SPDX-License-Identifier: Apache-2.0 */
#include "http/ws.h"

#include "http/wsframe.h"
#include "test-peer.h"

static struct seen {
	int messages, closed, drained, freed, refused;
	unsigned code;
	int last_error;
	struct ws *w;
} seen;

static unsigned ping_ms; /* 0: as shipped */
static struct wsd_pool pool;

static void on_message(struct ws *w, enum ws_op op, struct str data, void *arg)
{
	(void)arg;
	seen.messages++;
	if (str_is(data, "pause"))
		ws_pause(w);
	else if (str_is(data, "close")) {
		ws_close(w, 4000, STR("as you wish"));
		T_STR(data, STR("close")); /* valid until we return, whatever we do */
	} else if (str_is(data, "drop")) {
		ws_drop(w);
		T_STR(data, STR("drop"));
	} else if (str_starts(data, STR("flood"))) {
		for (int i = 0; i < 6; i++)
			seen.last_error = ws_send(w, op, data);
		T_EQ(data.ptr[data.len - 1], 'x');
	} else if (str_is(data, "parts"))
		T_EQ(ws_sendv(w, op, (const struct str[]){ STR("a"), STR(""), STR("bc") }, 3),
		     0);
	else
		seen.last_error = ws_send(w, op, data);
}

static void on_close(struct ws *w, unsigned code, void *arg)
{
	(void)w;
	(void)arg;
	seen.closed++;
	seen.code = code;
	seen.w = NULL;
}

static void on_drain(struct ws *w, void *arg)
{
	(void)w;
	(void)arg;
	seen.drained++;
}

static void on_free(struct http_req *r)
{
	(void)r;
	seen.freed++;
}

static void handler(struct http_req *r, void *arg)
{
	const struct ws_cfg cfg = {
		.message_max = 1000000,
		.out_max = 2000000,
		.ping_ms = ping_ms,
		.timeout_ms = ping_ms * 5,
		.protocol = ws_offered(r, "chat") ? STR("chat") : STR_NONE,
		.deflate = &pool,
		.on_message = on_message,
		.on_close = on_close,
		.on_drain = on_drain,
		.arg = arg,
	};

	r->on_free = on_free;
	if (!ws_is_handshake(r)) {
		seen.refused++;
		http_reply(r, 400, STR("no"));
		return;
	}
	http_hdr(r, "X-Test", STR("yes"));
	seen.w = ws_accept(r, &cfg);
}

static const struct http_server_cfg cfg = { .handler = handler };
static struct fixture fx;
static int before;

#define SHAKE "Connection: Upgrade\r\nUpgrade: websocket\r\n"
#define KEY   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define GET   "GET /ws HTTP/1.1\r\nHost: a\r\n"

static int start_with(const char *extension, const char *agreed)
{
	struct buf b = BUF(10000);
	int fd;

	before = open_fds();
	seen = (struct seen){ 0 };
	fixture_open(&fx, &cfg);
	fd = peer_open(&fx);
	peer_send(&fx, fd,
	          STR(GET SHAKE KEY "Sec-WebSocket-Version: 13\r\n"
	                            "Sec-WebSocket-Protocol: talk, chat\r\n"));
	peer_send(&fx, fd, str_of(extension));
	peer_send(&fx, fd, STR("\r\n"));
	peer_read(&fx, fd, &b, "\r\n\r\n");
	T_OK(str_starts(buf_str(&b), STR("HTTP/1.1 101 ")));
	T_OK(str_find(buf_str(&b),
	              STR("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")) <
	     buf_len(&b));
	T_OK(str_find(buf_str(&b), STR("Sec-WebSocket-Protocol: chat\r\n")) < buf_len(&b));
	T_OK(str_find(buf_str(&b), STR("X-Test: yes\r\n")) < buf_len(&b));
	T_EQ(str_find(buf_str(&b), STR("Sec-WebSocket-Extensions")) < buf_len(&b),
	     agreed[0] != 0);
	T_OK(str_find(buf_str(&b), str_of(agreed)) < buf_len(&b));
	T_EQ(seen.freed, 1);
	T_EQ(http_server_conns(fx.srv), 0);
	buf_fini(&b);
	return fd;
}

static int start(void)
{
	return start_with("", "");
}

static void stop(int fd)
{
	close(fd);
	turns(&fx, 5);
	T_EQ(seen.closed, 1);
	fixture_close(&fx);
	T_EQ(open_fds(), before);
	wsd_pool_fini(&pool);
}

static void send_frame(int fd, bool fin, unsigned op, struct str data)
{
	static const uint8_t mask[4] = { 1, 2, 3, 4 };
	struct buf b = BUF(4 << 20);
	char head[WSF_HEAD_MAX], *p;

	size_t n = wsf_head(head, fin, (enum wsf_op)(op & 15), data.len, mask);

	head[0] = (char)(head[0] | (int)(op & WSF_PACKED));
	buf_put(&b, head, n);
	p = buf_reserve(&b, data.len);
	if (data.len)
		memcpy(p, data.ptr, data.len);
	wsf_mask(p, data.len, mask, 0);
	buf_commit(&b, data.len);
	peer_send(&fx, fd, buf_str(&b));
	buf_fini(&b);
}

/* The next frames exactly. */
static void expect(int fd, enum wsf_op op, struct str data)
{
	struct buf want = BUF(4 << 20), got = BUF(4 << 20);
	char head[WSF_HEAD_MAX], c;
	struct err e = ERR_NONE;

	buf_put(&want, head, wsf_head(head, true, op, data.len, NULL));
	buf_put_str(&want, data);
	for (int i = 0; buf_len(&got) < buf_len(&want) && i < 1000000; i++) {
		if (read(fd, &c, 1) == 1)
			buf_put_c(&got, c);
		else
			T_EQ(ev_turn(fx.ev, 5, &e), 0);
	}
	T_STR(buf_str(&got), buf_str(&want));
	buf_fini(&want);
	buf_fini(&got);
}

static void expect_close(int fd, unsigned code)
{
	unsigned char h[4] = { 0 };
	size_t n = 0;

	for (int i = 0; n < 4 && i < 100000; i++) {
		if (read(fd, h + n, 1) == 1)
			n++;
		else
			turns(&fx, 1);
	}
	T_EQ(h[0], 0x88);
	T_EQ((unsigned)h[2] << 8 | h[3], code);
}

static void messages(void)
{
	int fd = start();
	char *big = calloc(1, 300000);

	memset(big, 'm', 300000);
	send_frame(fd, true, WSF_TEXT, STR("hello \xe2\x82\xac"));
	expect(fd, WSF_TEXT, STR("hello \xe2\x82\xac"));
	send_frame(fd, false, WSF_BINARY, STR("ab"));
	send_frame(fd, true, WSF_PING, STR("are you there"));
	send_frame(fd, true, WSF_CONT, STR("cd"));
	expect(fd, WSF_PONG, STR("are you there"));
	expect(fd, WSF_BINARY, STR("abcd"));
	send_frame(fd, true, WSF_TEXT, STR("parts"));
	expect(fd, WSF_TEXT, STR("abc"));
	send_frame(fd, true, WSF_BINARY, (struct str){ big, 300000 });
	expect(fd, WSF_BINARY, (struct str){ big, 300000 });
	send_frame(fd, true, WSF_PONG, STR("unasked"));
	send_frame(fd, true, WSF_TEXT, STR(""));
	expect(fd, WSF_TEXT, STR(""));
	T_EQ(seen.closed, 0);
	free(big);
	stop(fd);
	T_EQ(seen.code, 1006);
}

static void closing(void)
{
	int fd = start();

	send_frame(fd, true, WSF_TEXT, STR("close"));
	expect(fd, WSF_CLOSE,
	       STR("\x0f\xa0"
	           "as you wish"));
	stop(fd);
	T_EQ(seen.code, 4000);
	fd = start();
	send_frame(fd, true, WSF_CLOSE,
	           STR("\x03\xe8"
	               "bye"));
	expect(fd, WSF_CLOSE,
	       STR("\x03\xe8"
	           "bye"));
	stop(fd);
	T_EQ(seen.code, 1000);
	fd = start();
	send_frame(fd, true, WSF_CLOSE, STR(""));
	expect(fd, WSF_CLOSE, STR(""));
	stop(fd);
	T_EQ(seen.code, 1005);
}

static void violation(bool fin, unsigned op, struct str data, unsigned code)
{
	int fd = start();

	send_frame(fd, fin, op, data);
	expect_close(fd, code);
	stop(fd);
	T_EQ(seen.code, code);
	T_EQ(seen.messages, 0);
}

static void violations(void)
{
	char *big = calloc(1, 1000001);
	int fd;

	violation(true, WSF_TEXT, STR("\xff"), 1007);
	violation(false, WSF_TEXT, STR("a\xc0\x80"), 1007); /* at once, not at the end */
	violation(true, WSF_TEXT, STR("\xe2\x82"), 1007);
	violation(true, WSF_CONT, STR("x"), 1002);
	violation(true, WSF_CLOSE, STR("x"), 1002);
	violation(true, WSF_CLOSE, STR("\x03\xed"), 1002);
	violation(true, WSF_CLOSE, STR("\x03\xe8\xff"), 1007);
	violation(true, WSF_BINARY, (struct str){ big, 1000001 }, 1009);
	fd = start();
	send_frame(fd, false, WSF_BINARY, (struct str){ big, 600000 });
	send_frame(fd, true, WSF_CONT, (struct str){ big, 600000 });
	expect_close(fd, 1009);
	stop(fd);
	free(big);
}

/* ---- permessage-deflate ---- */

#define OFFER  "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
#define AGREED "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n"
#define HELLO  STR("\xf2\x48\xcd\xc9\xc9\x07\x00") /* RFC 7692 7.2.3.1 */

static void packed_messages(void)
{
	int fd = start_with(OFFER, AGREED);
	struct buf said = BUF(100000), got = BUF(100000), out = BUF(100000);
	struct wsd d;

	send_frame(fd, true, WSF_TEXT | WSF_PACKED, HELLO);
	expect(fd, WSF_TEXT, STR("Hello"));
	send_frame(fd, false, WSF_TEXT | WSF_PACKED, str_sub(HELLO, 0, 1));
	send_frame(fd, true, WSF_PING, STR("p"));
	expect(fd, WSF_PONG, STR("p"));
	for (size_t i = 1; i < HELLO.len; i++)
		send_frame(fd, i == HELLO.len - 1, WSF_CONT, str_sub(HELLO, i, i + 1));
	expect(fd, WSF_TEXT, STR("Hello"));
	send_frame(fd, true, WSF_BINARY, STR("as it is"));
	expect(fd, WSF_BINARY, STR("as it is"));
	send_frame(fd, true, WSF_TEXT | WSF_PACKED, STR("\0"));
	expect(fd, WSF_TEXT, STR(""));
	/* What is long enough comes back packed. */
	for (int i = 0; i < 100; i++)
		buf_printf(&said, "line %d\n", i);
	send_frame(fd, true, WSF_TEXT, buf_str(&said));
	for (int i = 0; buf_len(&got) < 4 || buf_len(&got) < 4U + (uint8_t)buf_str(&got).ptr[3];
	     i++) {
		char c;

		T_OK(i < 100000);
		if (read(fd, &c, 1) == 1)
			buf_put_c(&got, c);
		else
			turns(&fx, 1);
	}
	T_EQ((uint8_t)buf_str(&got).ptr[0], 0xc1);
	T_EQ(buf_str(&got).ptr[1], 126);
	T_EQ(buf_str(&got).ptr[2], 0);
	wsd_init(&d, &pool, (struct wsext){ .deflate = true });
	T_EQ(wsd_unpack(&d, str_sub(buf_str(&got), 4, buf_len(&got)), &out), WSD_OK);
	T_EQ(wsd_unpack_end(&d, &out), WSD_OK);
	T_STR(buf_str(&out), buf_str(&said));
	wsd_fini(&d);
	buf_fini(&said);
	buf_fini(&got);
	buf_fini(&out);
	stop(fd);
}

static void packed_violation(bool fin, unsigned op, struct str data, unsigned code)
{
	int fd = start_with(OFFER, AGREED);

	send_frame(fd, fin, op, data);
	expect_close(fd, code);
	stop(fd);
	T_EQ(seen.code, code);
	T_EQ(seen.messages, 0);
}

static void packed_violations(void)
{
	char *big = calloc(1, 1000001);
	struct str bomb = { big, 1000001 };
	struct wsd_pool other = { 0 };
	struct wsd d;
	int fd;

	wsd_init(&d, &other, (struct wsext){ .deflate = true });
	T_OK(wsd_pack(&d, &bomb, 1, 0, false, &bomb));
	packed_violation(true, WSF_BINARY | WSF_PACKED, bomb, 1009);
	wsd_fini(&d);
	wsd_pool_fini(&other);
	violation(true, WSF_TEXT | WSF_PACKED, HELLO, 1002); /* nobody agreed to that */
	packed_violation(true, WSF_PING | WSF_PACKED, STR(""), 1002);
	packed_violation(true, WSF_CONT | WSF_PACKED, STR("x"), 1002);
	packed_violation(true, WSF_TEXT | WSF_PACKED, STR("\xff\xff\xff"), 1007);
	packed_violation(true, WSF_TEXT | WSF_PACKED, str_sub(HELLO, 0, 4), 1007);
	packed_violation(true, WSF_TEXT | WSF_PACKED, STR(""), 1007);
	/* Not UTF-8, as soon as it is there: stored \xff. */
	packed_violation(false, WSF_TEXT | WSF_PACKED, STR("\0\1\0\xfe\xff\xff"), 1007);
	packed_violation(true, WSF_BINARY | WSF_PACKED, (struct str){ big, 1000001 }, 1009);
	fd = start_with(OFFER, AGREED);
	send_frame(fd, false, WSF_TEXT | WSF_PACKED, STR("\0"));
	send_frame(fd, true, WSF_CONT | WSF_PACKED, STR("\0"));
	expect_close(fd, 1002);
	stop(fd);
	free(big);
}

static void slow_reader(void)
{
	char *big = calloc(1, 900000);
	int fd = start();

	for (int i = 0; i < 20 && !seen.closed; i++)
		send_frame(fd, true, WSF_BINARY, (struct str){ big, 900000 });
	T_EQ(seen.last_error, -ENOBUFS);
	T_EQ(seen.code, 1013);
	free(big);
	stop(fd);
}

static void back_pressure(void)
{
	int fd = start();

	send_frame(fd, true, WSF_TEXT, STR("pause"));
	send_frame(fd, true, WSF_TEXT, STR("later"));
	turns(&fx, 20);
	T_EQ(seen.messages, 1);
	ws_resume(seen.w);
	expect(fd, WSF_TEXT, STR("later"));
	turns(&fx, 3);
	T_OK(seen.drained > 0);
	stop(fd);
}

/* Pinged, and dropped when not even a pong comes. */
static void silent_client(void)
{
	struct err e = ERR_NONE;
	int fd;

	ping_ms = 20;
	fd = start();
	ping_ms = 0;
	expect(fd, WSF_PING, STR(""));
	send_frame(fd, true, WSF_PONG, STR(""));
	expect(fd, WSF_PING, STR(""));
	for (int i = 0; i < 1000 && !seen.closed; i++)
		T_EQ(ev_turn(fx.ev, 10, &e), 0);
	stop(fd);
	T_EQ(seen.code, 1006);
}

/* The message that is being read outlives the end that reading it brings. */
static void ends_within_a_message(void)
{
	char *big = calloc(1, 700000);
	int fd = start();

	send_frame(fd, true, WSF_TEXT, STR("drop"));
	turns(&fx, 3);
	stop(fd);
	T_EQ(seen.code, 1006);
	fd = start();
	memcpy(big, "flood", 5);
	big[699999] = 'x';
	send_frame(fd, true, WSF_BINARY, (struct str){ big, 700000 });
	turns(&fx, 3);
	T_EQ(seen.last_error, -EPIPE);
	T_EQ(seen.code, 1013);
	free(big);
	stop(fd);
}

static void wait_ms(unsigned ms)
{
	mono_ms end = time_mono_ms() + ms;
	struct err e = ERR_NONE;

	while (time_mono_ms() < end)
		T_EQ(ev_turn(fx.ev, 5, &e), 0);
}

/* No ping gets through behind what is queued for it, and so no pong comes. */
static void slow_but_alive(void)
{
	size_t big = 1900000, got = 0;
	char *data = calloc(1, big);
	int fd;

	ping_ms = 20; /* given up after 100 */
	fd = start();
	ping_ms = 0;
	T_EQ(ws_send(seen.w, WS_BINARY, (struct str){ data, big }), 0);
	while (got < big) {
		ssize_t n = read(fd, data, 100000);

		T_OK(n > 0 && !seen.closed);
		got += (size_t)n;
		wait_ms(20);
	}
	T_EQ(seen.closed, 0);
	/* It takes nothing more: that is the end. */
	wait_ms(300);
	T_EQ(seen.closed, 1);
	free(data);
	stop(fd);
}

/* Who is not listened to can't be heard. */
static void paused_is_not_silent(void)
{
	int fd;

	ping_ms = 20;
	fd = start();
	ping_ms = 0;
	send_frame(fd, true, WSF_TEXT, STR("pause"));
	wait_ms(300);
	T_EQ(seen.closed, 0);
	ws_resume(seen.w);
	wait_ms(300);
	T_EQ(seen.closed, 1);
	stop(fd);
}

/* As after the machine was suspended: the timer comes far too late. */
static void long_sleep(void)
{
	int fd;

	ping_ms = 20;
	fd = start();
	ping_ms = 0;
	expect(fd, WSF_PING, STR(""));
	send_frame(fd, true, WSF_PONG, STR(""));
	turns(&fx, 2);
	(void)poll(NULL, 0, 300);
	turns(&fx, 2);
	T_EQ(seen.closed, 0);
	expect(fd, WSF_PING, STR(""));
	send_frame(fd, true, WSF_PONG, STR(""));
	turns(&fx, 2);
	T_EQ(seen.closed, 0);
	stop(fd);
}

static void handshakes(void)
{
	static const struct str bad[] = {
		STR(GET SHAKE KEY "\r\n"),
		STR(GET SHAKE KEY "Sec-WebSocket-Version: 8\r\n\r\n"),
		STR(GET SHAKE "Sec-WebSocket-Version: 13\r\n\r\n"),
		STR(GET SHAKE KEY KEY "Sec-WebSocket-Version: 13\r\n\r\n"),
		STR(GET SHAKE
		    "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"),
		STR(GET "Upgrade: websocket\r\n" KEY "Sec-WebSocket-Version: 13\r\n\r\n"),
		STR(GET "Connection: upgrade\r\n" KEY "Sec-WebSocket-Version: 13\r\n\r\n"),
		STR("POST /ws HTTP/1.1\r\nHost: a\r\n" SHAKE KEY
		    "Sec-WebSocket-Version: 13\r\n\r\n"),
		STR(GET SHAKE KEY "Sec-WebSocket-Version: 13\r\nContent-Length: 1\r\n\r\nx"),
	};

	before = open_fds();
	seen = (struct seen){ 0 };
	fixture_open(&fx, &cfg);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct buf b = BUF(10000);
		int fd = peer_open(&fx);

		peer_send(&fx, fd, bad[i]);
		peer_read(&fx, fd, &b, "no");
		T_EQ(seen.refused, (int)i + 1);
		buf_fini(&b);
		close(fd);
	}
	turns(&fx, 3);
	fixture_close(&fx);
	T_EQ(open_fds(), before);
}

static void early_bytes(void)
{
	struct buf b = BUF(10000);
	int fd;

	before = open_fds();
	seen = (struct seen){ 0 };
	fixture_open(&fx, &cfg);
	fd = peer_open(&fx);
	peer_send(&fx, fd,
	          STR(GET SHAKE KEY "Sec-WebSocket-Version: 13\r\n\r\n\x81\x82\0\0\0\0hi"));
	peer_read(&fx, fd, &b, "\x81\x02hi");
	buf_fini(&b);
	stop(fd);
}

TEST_MAIN({ "messages, fragments, pings", messages }, { "either side may close", closing },
          { "a violation ends it with the right code", violations },
          { "packed messages are messages", packed_messages },
          { "what is packed must be so by the RFC", packed_violations },
          { "a client that does not read is let go", slow_reader },
          { "reading can pause", back_pressure },
          { "a client that says nothing is pinged, then dropped", silent_client },
          { "a message may end the socket that it came by", ends_within_a_message },
          { "a client that reads slowly is not silent", slow_but_alive },
          { "nor is one that is not read", paused_is_not_silent },
          { "after a long sleep all are asked before any is given up", long_sleep },
          { "only whole handshakes count", handshakes },
          { "bytes that follow the handshake count", early_bytes })
