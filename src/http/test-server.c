/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server.h"

#include "test-peer.h"

static struct seen {
	int freed, gone, drained, pieces;
	size_t bytes;
	struct http_req *last;
	int taken;
	char rest[64];
} seen;

static void on_free(struct http_req *r)
{
	(void)r;
	seen.freed++;
}

static void on_gone(struct http_req *r)
{
	(void)r;
	seen.gone++;
}

static void echo(struct http_req *r, struct str body)
{
	http_hdr(r, "X-Test", STR("yes"));
	http_reply(r, 200, body);
}

static void count(struct http_req *r, struct str body)
{
	char n[32];

	seen.bytes += body.len;
	seen.pieces++;
	if (body.len) {
		http_body_pause(r);
		http_body_resume(r);
		return;
	}
	(void)snprintf(n, sizeof(n), "%zu", seen.bytes);
	http_reply(r, 200, str_of(n));
}

static void more(struct http_req *r)
{
	static char block[10000];

	memset(block, 'z', sizeof(block));
	seen.drained++;
	while (seen.bytes < 3000000) {
		if (http_data(r, (struct str){ block, sizeof(block) }) < 0)
			return;
		seen.bytes += sizeof(block);
	}
	http_end(r);
}

static void file(struct http_req *r, size_t len)
{
	char name[] = "/tmp/test-http-file-XXXXXX";
	int fd = mkstemp(name);
	char block[1000];

	T_OK(fd >= 0);
	unlink(name);
	memset(block, 'f', sizeof(block));
	for (size_t n = 0; n < len; n += sizeof(block))
		T_EQ(write(fd, block, sizeof(block)), sizeof(block));
	http_reply_fd(r, 200, fd, 500, len - 500);
}

static void handler(struct http_req *r, void *arg)
{
	struct str what = r->url.n ? r->url.seg[0] : STR("");

	(void)arg;
	r->on_free = on_free;
	seen.last = r;
	if (str_is(what, "hello"))
		http_reply(r, 200, STR("hello"));
	else if (str_is(what, "echo"))
		http_read_body(r, 100000, echo);
	else if (str_is(what, "count"))
		http_stream_body(r, 10000000, count);
	else if (str_is(what, "wait"))
		r->on_gone = on_gone;
	else if (str_is(what, "sse") || str_is(what, "big")) {
		r->on_gone = on_gone;
		r->on_drain = str_is(what, "big") ? more : NULL;
		http_begin(r, 200, HTTP_CHUNKED);
		T_EQ(http_data(r, STR("one")), 0);
		T_EQ(http_data(r, STR("two")), 0);
		if (str_is(what, "big"))
			more(r);
	} else if (str_is(what, "small-file"))
		file(r, 3000);
	else if (str_is(what, "file"))
		file(r, 3000000);
	else if (str_is(what, "whole")) {
		char *p = calloc(1, 8000000);

		memset(p, 'w', 8000000);
		http_reply(r, 200, (struct str){ p, 8000000 });
		free(p);
	} else if (str_is(what, "abort"))
		http_abort(r);
	else if (str_is(what, "take")) {
		struct str rest;

		seen.taken = http_take(r, &rest);
		memcpy(seen.rest, rest.ptr, rest.len);
	} else
		http_reply(r, 404, STR("no"));
}

static const struct http_server_cfg cfg = { .handler = handler, .out_max = 100000 };
static struct fixture fx;
static int before;

static int start(void)
{
	before = open_fds();
	seen = (struct seen){ .taken = -1 };
	fixture_open(&fx, &cfg);
	return peer_open(&fx);
}

static void stop(int fd, int freed)
{
	close(fd);
	turns(&fx, 5);
	T_EQ(http_server_conns(fx.srv), 0);
	T_EQ(seen.freed, freed);
	fixture_close(&fx);
	T_EQ(open_fds(), before);
}

static void answers(void)
{
	struct buf b = BUF(1 << 20);
	int fd = start();

	peer_send(&fx, fd, STR("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
	peer_read(&fx, fd, &b, "hello");
	T_OK(str_starts(buf_str(&b), STR("HTTP/1.1 200 OK\r\nDate: ")));
	T_OK(str_find(buf_str(&b), STR("Content-Length: 5\r\n")) < buf_len(&b));
	T_OK(str_find(buf_str(&b), STR("Connection")) == buf_len(&b));
	buf_clear(&b);
	peer_send(&fx, fd, STR("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
	peer_read(&fx, fd, &b, "\r\n\r\n");
	T_OK(str_find(buf_str(&b), STR("Content-Length: 5\r\n")) < buf_len(&b));
	buf_clear(&b);
	peer_send(&fx, fd, STR("GET /hello HTTP/1.0\r\nHost: a\r\n\r\n"));
	peer_read(&fx, fd, &b, NULL);
	T_OK(str_find(buf_str(&b), STR("Connection: close\r\n")) < buf_len(&b));
	buf_fini(&b);
	stop(fd, 3);
}

static void pipelined(void)
{
	struct buf b = BUF(1 << 20);
	struct str one =
	    STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab1"
	        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	        "2\r\ncd\r\n1;x=y\r\n2\r\n0\r\nTrailer: t\r\n\r\n"
	        "GET /nope HTTP/1.1\r\nHost: a\r\n\r\n"
	        "POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nskip"
	        "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	static const size_t steps[] = { 1, 2, 7, 100, 1000 };

	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		int fd = start();

		for (size_t n = 0; n < one.len; n += steps[i])
			peer_send(&fx, fd, str_sub(one, n, n + steps[i]));
		peer_read(&fx, fd, &b, NULL);
		T_OK(str_find(buf_str(&b), STR("\r\n\r\nab1HTTP/1.1 200")) < buf_len(&b));
		T_OK(str_find(buf_str(&b), STR("\r\n\r\ncd2HTTP/1.1 404")) < buf_len(&b));
		T_OK(str_find(buf_str(&b), STR("\r\n\r\nnoHTTP/1.1 200")) < buf_len(&b));
		T_OK(str_find(buf_str(&b), STR("\r\n\r\nhelloHTTP/1.1 200")) < buf_len(&b));
		T_OK(str_ends(buf_str(&b), STR("Connection: close\r\n\r\n")));
		buf_fini(&b);
		stop(fd, 5);
	}
}

static void many_pipelined(void)
{
	struct buf b = BUF(1 << 20), in = BUF(1 << 20);
	int fd = start();

	for (int i = 0; i < 500; i++)
		buf_put_z(&in, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
	buf_put_z(&in, "GET /nope HTTP/1.1\r\nHost: a\r\n\r\n");
	peer_send(&fx, fd, buf_str(&in));
	peer_read(&fx, fd, &b, "no");
	buf_fini(&b);
	buf_fini(&in);
	stop(fd, 501);
}

static void refused(struct str in, const char *status)
{
	struct buf b = BUF(1 << 20);
	int fd = start();

	peer_send(&fx, fd, in);
	peer_read(&fx, fd, &b, NULL);
	T_OK(str_starts(buf_str(&b), STR("HTTP/1.1 ")));
	T_STR(str_sub(buf_str(&b), 9, 12), str_of(status));
	T_OK(str_find(buf_str(&b), STR("Connection: close\r\n")) < buf_len(&b));
	/* Once, and nothing that follows is taken for a request. */
	T_EQ(str_find(buf_str(&b), STR("HTTP/1.1 200")), buf_len(&b));
	buf_fini(&b);
	close(fd);
	turns(&fx, 5);
	T_EQ(http_server_conns(fx.srv), 0);
	fixture_close(&fx);
	T_EQ(open_fds(), before);
}

static void refusals(void)
{
	refused(STR("GET / HTTP/1.1\nHost: a\n\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n"),
	        "400");
	refused(STR("GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: "
	            "a\r\n\r\n"),
	        "400");
	refused(STR("GET /%2e%2E/b HTTP/1.1\r\nHost: a\r\n\r\n"), "400");
	refused(STR("GET /hello HTTP/2.0\r\nHost: a\r\n\r\n"), "505");
	refused(STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n"), "413");
}

static void too_large_chunked(void)
{
	struct buf b = BUF(1 << 20), in = BUF(1 << 20);
	int fd = start();

	buf_put_z(
	    &in,
	    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n30000\r\n");
	for (int i = 0; i < 0x30000; i++)
		buf_put_c(&in, 'x');
	peer_send(&fx, fd, buf_str(&in));
	peer_read(&fx, fd, &b, NULL);
	T_STR(str_sub(buf_str(&b), 9, 12), STR("413"));
	buf_fini(&b);
	buf_fini(&in);
	stop(fd, 1);
}

static void bad_chunk(void)
{
	static const char *const bad[] = { "x\r\n",
		                           "-1\r\n",
		                           "0x1\r\n",
		                           "123456789\r\n",
		                           " 1\r\na\r\n",
		                           "1 \r\na\r\n",
		                           "1\na\r\n",
		                           "1\r\nab\r\n",
		                           "1\r\na\n",
		                           "\r\n",
		                           "1_0\r\n",
		                           "0\r\n\n",
		                           "0\r\nA b: c\r\n\r\n" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct buf in = BUF(1000);

		buf_put_z(
		    &in,
		    "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
		buf_put_z(&in, bad[i]);
		buf_put_z(&in, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
		refused(buf_str(&in), "400");
		buf_fini(&in);
	}
}

static void uploads(void)
{
	struct buf b = BUF(1 << 20);
	char block[8192];
	int fd = start();

	memset(block, 'u', sizeof(block));
	peer_send(&fx, fd,
	          STR("PUT /count HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
	              "Content-Length: 8192000\r\n\r\n"));
	peer_read(&fx, fd, &b, "100 Continue\r\n\r\n");
	for (int i = 0; i < 1000; i++)
		peer_send(&fx, fd, (struct str){ block, sizeof(block) });
	peer_read(&fx, fd, &b, "8192000");
	T_OK(seen.pieces > 10);
	buf_fini(&b);
	stop(fd, 1);
}

static void streams(void)
{
	struct buf b = BUF(8 << 20);
	int fd = start();

	peer_send(&fx, fd, STR("GET /sse HTTP/1.1\r\nHost: a\r\n\r\n"));
	peer_read(&fx, fd, &b, "3\r\none\r\n3\r\ntwo\r\n");
	T_EQ(http_data(seen.last, STR("three")), 0);
	peer_read(&fx, fd, &b, "5\r\nthree\r\n");
	close(fd);
	turns(&fx, 3);
	T_EQ(seen.gone, 1);
	T_EQ(seen.freed, 1);

	fd = peer_open(&fx);
	buf_clear(&b);
	seen.bytes = 0;
	peer_send(&fx, fd, STR("GET /big HTTP/1.1\r\nHost: a\r\n\r\n"));
	turns(&fx, 50);
	T_OK(seen.bytes < 1000000); /* nobody reads: it stands still */
	peer_read(&fx, fd, &b, "\r\n0\r\n\r\n");
	T_OK(seen.drained > 3 && buf_len(&b) > 3000000);
	buf_fini(&b);
	stop(fd, 2);
}

static void files(void)
{
	struct buf b = BUF(8 << 20);
	int fd = start();

	peer_send(&fx, fd, STR("GET /small-file HTTP/1.1\r\nHost: a\r\n\r\n"));
	peer_read(&fx, fd, &b, "ffff");
	T_EQ(after_head(buf_str(&b)).len, 2500);
	buf_clear(&b);
	peer_send(&fx, fd,
	          STR("GET /file HTTP/1.1\r\nHost: a\r\n\r\n"
	              "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
	peer_read(&fx, fd, &b, "hello");
	T_OK(after_head(buf_str(&b)).len > 2999500);
	buf_clear(&b);
	peer_send(&fx, fd,
	          STR("GET /whole HTTP/1.1\r\nHost: a\r\n\r\n"
	              "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"));
	peer_read(&fx, fd, &b, "hello");
	T_OK(after_head(buf_str(&b)).len > 8000000);
	buf_fini(&b);
	stop(fd, 5);
}

static void vanishing(void)
{
	int fd = start();

	peer_send(&fx, fd, STR("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"));
	turns(&fx, 2);
	T_EQ(seen.freed, 0);
	close(fd);
	turns(&fx, 3);
	T_EQ(seen.gone, 1);
	T_EQ(seen.freed, 1);
	fd = peer_open(&fx);
	peer_send(&fx, fd,
	          STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"));
	turns(&fx, 2);
	close(fd);
	turns(&fx, 3);
	T_EQ(seen.freed, 2);
	fd = peer_open(&fx);
	peer_send(&fx, fd, STR("GET /abort HTTP/1.1\r\nHost: a\r\n\r\n"));
	turns(&fx, 3);
	T_EQ(seen.gone, 1);
	stop(fd, 3);
}

/* A client that says it is done while its answer is on the way: once that has
 * arrived there is nothing to wait for. */
static void half_closed_late(void)
{
	struct buf b = BUF(10 << 20);
	int fd = start();

	peer_send(&fx, fd, STR("GET /whole HTTP/1.1\r\nHost: a\r\n\r\n"));
	turns(&fx, 3);
	shutdown(fd, SHUT_WR);
	turns(&fx, 3);
	T_EQ(http_server_conns(fx.srv), 1);
	peer_read(&fx, fd, &b, NULL); /* within two seconds */
	T_EQ(after_head(buf_str(&b)).len, 8000000);
	T_EQ(http_server_conns(fx.srv), 0);
	buf_fini(&b);
	stop(fd, 1);
}

/* How a begun answer that is given up ends, over TCP: with the error that
 * read sees, 0 if it looks whole. */
static int broken_off(const char *version)
{
	struct err e = ERR_NONE;
	struct addr a;
	struct buf b = BUF(10000);
	char c;
	int lfd, fd, first = start(), r;

	T_EQ(addr_parse(STR("tcp:127.0.0.1:0"), &a, &e), 0);
	T_EQ(sock_listen(&a, 4, 0, &lfd, &e), 0);
	T_EQ(getsockname(lfd, (struct sockaddr *)&a.sa, &a.len), 0);
	T_EQ(http_server_listen(fx.srv, lfd, &e), 0);
	T_EQ(sock_connect(&a, &fd, &e), 0);
	while (poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, 0) == 0)
		turns(&fx, 1);
	buf_printf(&b, "GET /sse HTTP/%s\r\nHost: a\r\n\r\n", version);
	peer_send(&fx, fd, buf_str(&b));
	buf_clear(&b);
	peer_read(&fx, fd, &b, strcmp(version, "1.0") == 0 ? "onetwo" : "two\r\n");
	http_abort(seen.last);
	turns(&fx, 3);
	(void)poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 1000);
	r = read(fd, &c, 1) < 0 ? errno : 0;
	T_EQ(seen.gone, 0); /* the caller knows */
	buf_fini(&b);
	close(fd);
	stop(first, 1);
	return r;
}

static void breaks(void)
{
	T_EQ(broken_off("1.0"), ECONNRESET);
	T_EQ(broken_off("1.1"), 0); /* the chunks say that there were to be more */
}

static void half_closed(void)
{
	struct buf b = BUF(1 << 20);
	int fd = start();

	peer_send(&fx, fd,
	          STR("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde"));
	shutdown(fd, SHUT_WR);
	peer_read(&fx, fd, &b, NULL);
	T_STR(after_head(buf_str(&b)), STR("abcde"));
	buf_fini(&b);
	stop(fd, 1);
}

static void taken(void)
{
	int fd = start();

	peer_send(&fx, fd, STR("GET /take HTTP/1.1\r\nHost: a\r\n\r\nrest"));
	turns(&fx, 3);
	T_OK(seen.taken >= 0);
	T_STREQ(seen.rest, "rest");
	T_EQ(http_server_conns(fx.srv), 0);
	close(seen.taken);
	stop(fd, 1);
}

TEST_MAIN({ "whole answers, HEAD, HTTP/1.0", answers },
          { "pipelined requests are answered in order, however they are split", pipelined },
          { "a long pipeline", many_pipelined },
          { "what is refused is answered once and the connection closed", refusals },
          { "a chunked body that is too large is refused", too_large_chunked },
          { "a broken chunk is refused", bad_chunk },
          { "uploads stream with back-pressure", uploads },
          { "answers stream with back-pressure", streams },
          { "files and large answers come whole", files },
          { "a client that vanishes is noticed", vanishing },
          { "a client that has said all may still listen", half_closed },
          { "once it has everything it is let go", half_closed_late },
          { "half an answer does not look whole", breaks },
          { "a connection can leave HTTP", taken })
