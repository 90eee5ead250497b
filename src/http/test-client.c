/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client.h"

#include "http/ws.h"
#include "test-peer.h"

static struct got {
	unsigned status;
	int heads, ends, fails, drains;
	int code;
	struct buf body;
	bool pause;
} got;

static struct http_client *client;
static struct fixture fx;
static int before;

static void on_head(struct http_client *c, const struct http_head *h, void *arg)
{
	(void)arg;
	got.heads++;
	got.status = h->status;
	if (got.pause)
		http_client_pause(c);
}

static void on_body(struct http_client *c, struct str data, void *arg)
{
	(void)c;
	(void)arg;
	got.ends += data.len == 0;
	buf_put_str(&got.body, data);
}

static void on_drain(struct http_client *c, void *arg)
{
	(void)c;
	(void)arg;
	got.drains++;
}

static void on_fail(struct http_client *c, const struct err *err, void *arg)
{
	(void)c;
	(void)arg;
	got.fails++;
	got.code = err->code;
}

static const struct http_client_cfg ccfg = {
	.on_head = on_head, .on_body = on_body, .on_drain = on_drain, .on_fail = on_fail
};

static void echo(struct http_req *r, struct str body)
{
	http_reply(r, 200, body);
}

static void ws_nothing(struct ws *w, enum ws_op op, struct str data, void *arg)
{
	(void)w;
	(void)op;
	(void)data;
	(void)arg;
}

static void ws_closed(struct ws *w, unsigned code, void *arg)
{
	(void)w;
	(void)code;
	(void)arg;
}

static void handler(struct http_req *r, void *arg)
{
	const struct ws_cfg w = { .on_message = ws_nothing, .on_close = ws_closed };
	struct str what = r->url.n ? r->url.seg[0] : STR("");

	(void)arg;
	if (str_is(what, "echo"))
		http_read_body(r, 4 << 20, echo);
	else if (str_is(what, "ws"))
		(void)ws_accept(r, &w);
	else if (str_is(what, "abort"))
		http_abort(r);
	else if (str_is(what, "stream")) {
		http_begin(r, 200, HTTP_CHUNKED);
		T_EQ(http_data(r, STR("one ")), 0);
		T_EQ(http_data(r, STR("two")), 0);
		http_end(r);
	} else {
		http_reply(r, 200, r->head.target);
	}
}

static const struct http_server_cfg scfg = { .handler = handler };

static void start(void)
{
	struct err e = ERR_NONE;

	before = open_fds();
	got = (struct got){ .body = BUF(8 << 20) };
	fixture_open(&fx, &scfg);
	T_EQ(http_client_open(fx.ev, &fx.addr, &ccfg, &client, &e), 0);
}

static void stop(void)
{
	http_client_close(client);
	client = NULL;
	turns(&fx, 5);
	fixture_close(&fx);
	buf_fini(&got.body);
	T_EQ(open_fds(), before);
}

static void wait_end(int ends)
{
	struct err e = ERR_NONE;

	for (int i = 0; got.ends < ends && got.fails == 0 && i < 2000; i++)
		T_EQ(ev_turn(fx.ev, 1, &e), 0);
	T_EQ(got.ends, ends);
}

static void requests(void)
{
	start();
	T_OK(http_client_idle(client));
	T_EQ(http_client_send(client, STR("GET"), STR("/a?b"), STR("Host: x\r\n"),
	                      HTTP_CLIENT_NO_BODY, STR_NONE),
	     0);
	T_OK(!http_client_idle(client) && http_client_silent(client));
	wait_end(1);
	T_STR(buf_str(&got.body), STR("/a?b"));
	T_OK(http_client_idle(client));
	buf_clear(&got.body);
	T_EQ(http_client_send(client, STR("HEAD"), STR("/a"), STR("Host: x\r\n"),
	                      HTTP_CLIENT_NO_BODY, STR_NONE),
	     0);
	wait_end(2);
	T_EQ(buf_len(&got.body), 0);
	T_EQ(http_client_send(client, STR("GET"), STR("/stream"), STR("Host: x\r\n"),
	                      HTTP_CLIENT_NO_BODY, STR_NONE),
	     0);
	wait_end(3);
	T_STR(buf_str(&got.body), STR("one two"));
	buf_clear(&got.body);
	T_EQ(http_client_send(client, STR("POST"), STR("/echo"), STR("Host: x\r\n"), 5,
	                      STR("hello")),
	     0);
	wait_end(4);
	T_STR(buf_str(&got.body), STR("hello"));
	T_EQ(http_server_conns(fx.srv), 1);
	stop();
}

static void uploads(bool chunked)
{
	char block[10000];
	size_t sent = 0;

	start();
	memset(block, 'u', sizeof(block));
	T_EQ(http_client_send(client, STR("POST"), STR("/echo"), STR("Host: x\r\n"),
	                      chunked ? HTTP_CLIENT_CHUNKED : 3000000, STR("first")),
	     0);
	for (sent = 5; sent < 3000000;) {
		size_t n = 3000000 - sent < sizeof(block) ? 3000000 - sent : sizeof(block);
		int r = http_client_data(client, (struct str){ block, n });

		T_OK(r == 0 || r == -ENOBUFS);
		if (r == 0)
			sent += n;
		else
			turns(&fx, 1);
	}
	http_client_end(client);
	wait_end(1);
	T_EQ(buf_len(&got.body), 3000000);
	T_OK(got.drains > 0 && http_client_idle(client));
	stop();
}

static void uploads_by_length(void)
{
	uploads(false);
}

static void uploads_chunked(void)
{
	uploads(true);
}

static void pausing(void)
{
	start();
	got.pause = true;
	T_EQ(http_client_send(client, STR("GET"), STR("/stream"), STR("Host: x\r\n"),
	                      HTTP_CLIENT_NO_BODY, STR_NONE),
	     0);
	turns(&fx, 20);
	T_EQ(got.heads, 1);
	T_EQ(buf_len(&got.body), 0);
	http_client_resume(client);
	wait_end(1);
	T_STR(buf_str(&got.body), STR("one two"));
	stop();
}

static void upgrades(void)
{
	struct str rest;
	int fd;

	start();
	T_EQ(http_client_upgrade(client, STR("/ws"), STR("Host: x\r\n")), 0);
	for (int i = 0; i < 100 && !got.heads && !got.fails; i++)
		turns(&fx, 1);
	T_EQ(got.status, 101);
	fd = http_client_take(client, &rest);
	T_OK(fd >= 0 && rest.len == 0);
	close(fd);
	stop();
}

static void failures(void)
{
	start();
	T_EQ(http_client_send(client, STR("GET"), STR("/abort"), STR("Host: x\r\n"),
	                      HTTP_CLIENT_NO_BODY, STR_NONE),
	     0);
	turns(&fx, 20);
	T_EQ(got.fails, 1);
	T_EQ(got.code, -ECONNRESET);
	T_OK(!http_client_idle(client));
	stop();
}

/* Against a peer that says `answer` whatever it is asked, `step` bytes at a
 * time. */
static void against(struct str answer, size_t step, bool upgrade, int fails, int ends)
{
	struct err e = ERR_NONE;
	char request[1000];
	struct addr a;
	int lfd, s;

	before = open_fds();
	got = (struct got){ .body = BUF(100000) };
	memcpy(fx.dir, "/tmp/test-http-XXXXXX", 22);
	T_OK(mkdtemp(fx.dir));
	(void)snprintf(fx.path, sizeof(fx.path), "unix:%s/s", fx.dir);
	T_EQ(addr_parse(str_of(fx.path), &a, &e), 0);
	T_EQ(ev_new(&fx.ev, &e), 0);
	T_EQ(sock_listen(&a, 4, 0, &lfd, &e), 0);
	T_EQ(http_client_open(fx.ev, &a, &ccfg, &client, &e), 0);
	T_EQ(sock_accept(lfd, NULL, &s), 0);
	if (upgrade)
		T_EQ(http_client_upgrade(client, STR("/"), STR("Host: x\r\n")), 0);
	else
		T_EQ(http_client_send(client, STR("GET"), STR("/"), STR("Host: x\r\n"),
		                      HTTP_CLIENT_NO_BODY, STR_NONE),
		     0);
	T_OK(recv(s, request, sizeof(request), 0) > 0); /* unread, it would make a reset */
	for (size_t n = 0; n < answer.len; n += step) {
		struct str part = str_sub(answer, n, n + step);

		if (send(s, part.ptr, part.len, MSG_NOSIGNAL) < 0)
			break;
		turns(&fx, 1);
	}
	close(s);
	turns(&fx, 5);
	if (got.fails != fails || got.ends != ends)
		printf("# %.*s, step %zu\n", STR_ARG(answer), step);
	T_EQ(got.fails, fails);
	T_EQ(got.ends, ends);
	http_client_close(client);
	close(lfd);
	ev_free(fx.ev);
	unlink(fx.path + 5);
	rmdir(fx.dir);
	buf_fini(&got.body);
	T_EQ(open_fds(), before);
}

static void strict(void)
{
	static const struct {
		struct str in;
		bool upgrade;
		int fails, ends;
	} c[] = {
		/* The second count is of whole answers; after one, the close of an
		 * idle connection is told as a failure with code 0. */
		{ STR("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), false, 1, 1 },
		{ STR("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\n\r\nHTTP/1.1 204 "
		      "No\r\n\r\n"),
		  false, 1, 1 },
		{ STR("HTTP/1.1 200 OK\r\n\r\nto the end"), false, 0, 1 },
		{ STR("HTTP/1.0 200 OK\r\n\r\nto the end"), false, 0, 1 },
		{ STR("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok"), false, 1, 0 },
		{ STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"),
		  false, 1, 0 },
		{ STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"), false, 1,
		  0 },
		{ STR("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"),
		  false, 1, 0 },
		{ STR("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: "
		      "chunked\r\n\r\nok"),
		  false, 1, 0 },
		{ STR("HTTP/1.1 200 OK\nContent-Length: 2\n\nok"), false, 1, 0 },
		{ STR("nonsense\r\n\r\n"), false, 1, 0 },
		{ STR(""), false, 1, 0 },
		{ STR("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
		  false, 1, 0 },
		{ STR("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
		  true, 1, 0 },
		{ STR("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
		      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
		  true, 1, 0 },
		{ STR("HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno"), true, 1, 1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		against(c[i].in, 1, c[i].upgrade, c[i].fails, c[i].ends);
		against(c[i].in, 7, c[i].upgrade, c[i].fails, c[i].ends);
		against(c[i].in, 1000, c[i].upgrade, c[i].fails, c[i].ends);
	}
	/* More than was asked for: not the next answer. */
	against(STR("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 "
	            "OK\r\nContent-Length: 2\r\n\r\nok"),
	        1000, false, 1, 1);
}

TEST_MAIN({ "requests one after the other on one connection", requests },
          { "uploads with a length", uploads_by_length },
          { "chunked uploads", uploads_chunked }, { "an answer can wait", pausing },
          { "upgrades", upgrades }, { "a connection that breaks is told", failures },
          { "answers are judged strictly", strict })
