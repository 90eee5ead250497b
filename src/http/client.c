/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client.h"

#include <errno.h>
#include <stdlib.h>

#include "http/body.h"
#include "http/wskey.h"
#include "net/stream.h"

struct http_client {
	struct stream st;
	struct http_client_cfg cfg;
	struct http_parser parser;
	struct http_body body;
	struct ev_later kick, gone;
	size_t head_len;   /* of the answer's head, while on_head looks at it */
	uint64_t out_left; /* of the request's body, or HTTP_CLIENT_CHUNKED */
	bool busy;         /* a request was sent and its answer is not over */
	bool head_request, head_done, keep, upgrade;
	bool sent; /* the request's body is whole */
	bool silent, paused, kicked, running, failed, eof, dead;
	char accept[WS_ACCEPT_LEN];
};

static void on_gone(struct ev_later *l)
{
	struct http_client *c = CONTAINER_OF(l, struct http_client, gone);

	stream_close(&c->st);
	free(c);
}

void http_client_close(struct http_client *c)
{
	if (!c || c->dead)
		return;
	c->dead = true;
	if (!c->st.closed_)
		stream_close(&c->st);
	ev_at_turn_end(c->st.ev, &c->gone, on_gone);
}

static void fail(struct http_client *c, const struct err *e)
{
	if (c->failed || c->dead)
		return;
	c->failed = true;
	c->keep = c->busy = false;
	stream_pause(&c->st);
	c->cfg.on_fail(c, e, c->cfg.arg);
}

static void bad(struct http_client *c, const char *what)
{
	struct err e = ERR_NONE;

	(void)ERR(&e, -EPROTO, "%s", what);
	fail(c, &e);
}

/* ---- the answer ---- */

static bool upgrade_ok(const struct http_client *c, const struct http_head *h)
{
	struct str accept = { c->accept, sizeof(c->accept) };

	return c->upgrade && h->upgrade_ws && http_count(h, "Sec-WebSocket-Accept") == 1 &&
	       str_eq(http_get(h, "Sec-WebSocket-Accept"), accept);
}

static void got_head(struct http_client *c, const struct http_head *h, size_t used)
{
	enum http_body_kind kind = h->chunked      ? HTTP_BODY_CHUNKED
	                           : h->has_length ? HTTP_BODY_LENGTH
	                                           : HTTP_BODY_CLOSE;

	c->parser = (struct http_parser){ 0 };
	if (h->status == 101 && !upgrade_ok(c, h)) {
		bad(c, "the server switched to a protocol that was not asked for");
		return;
	}
	if (h->status >= 200 || h->status == 101) {
		c->head_done = true;
		c->keep = h->keep_alive && kind != HTTP_BODY_CLOSE && h->status != 101;
		http_body_init(&c->body, kind, h->length);
		c->head_len = used;
		c->cfg.on_head(c, h, c->cfg.arg);
		c->head_len = 0;
	}
	if (!c->dead)
		buf_consume(&c->st.in, used);
}

static bool parse_head(struct http_client *c)
{
	struct http_head h;
	size_t used;

	if (buf_len(&c->st.in) == 0)
		return false;
	switch (
	    http_parse_response(&c->parser, buf_str(&c->st.in), c->head_request, &h, &used)) {
	case HTTP_PARSE_MORE:
		return false;
	case HTTP_PARSE_BAD:
		bad(c, "the server's answer is not proper HTTP/1.1");
		return false;
	case HTTP_PARSE_DONE:
		break;
	}
	got_head(c, &h, used);
	return true;
}

static void finish(struct http_client *c)
{
	c->busy = false;
	if (!c->sent || c->eof)
		c->keep = false; /* the rest of the request would follow on it */
	c->cfg.on_body(c, STR_NONE, c->cfg.arg);
}

static bool read_body(struct http_client *c)
{
	struct str in = buf_str(&c->st.in), piece;
	size_t had = in.len;

	switch (http_body_next(&c->body, &in, &piece)) {
	case HTTP_BODY_DATA:
		c->cfg.on_body(c, piece, c->cfg.arg);
		if (!c->dead)
			buf_consume(&c->st.in, had - in.len);
		return true;
	case HTTP_BODY_END:
		buf_consume(&c->st.in, had - in.len);
		finish(c);
		return true;
	case HTTP_BODY_BAD:
		bad(c, "the server's answer has a broken chunk");
		return false;
	case HTTP_BODY_MORE:
		break;
	}
	buf_consume(&c->st.in, had - in.len);
	return false;
}

static void run(struct http_client *c)
{
	bool more = true;

	if (c->running)
		return;
	c->running = true;
	while (more && c->busy && !c->paused && !c->dead && !c->failed)
		more = c->head_done ? read_body(c) : parse_head(c);
	c->running = false;
	if (!c->dead && !c->failed && !c->busy && buf_len(&c->st.in))
		bad(c, "the server sent something that nobody asked for");
}

static void on_kick(struct ev_later *l)
{
	struct http_client *c = CONTAINER_OF(l, struct http_client, kick);

	c->kicked = false;
	if (c->dead || c->paused || c->failed)
		return;
	run(c);
	if (!c->dead && !c->paused && !c->failed)
		stream_resume(&c->st);
}

/* ---- events ---- */

static void on_data(struct stream *st)
{
	struct http_client *c = CONTAINER_OF(st, struct http_client, st);

	c->silent = false;
	run(c);
}

static void on_drain(struct stream *st)
{
	struct http_client *c = CONTAINER_OF(st, struct http_client, st);

	if (c->cfg.on_drain && !c->failed)
		c->cfg.on_drain(c, c->cfg.arg);
}

static void on_close(struct stream *st, const struct err *err)
{
	struct http_client *c = CONTAINER_OF(st, struct http_client, st);

	c->eof = true;
	c->keep = false;
	if (c->busy && c->head_done && err->code == 0 && http_body_eof(&c->body) &&
	    !c->failed) {
		finish(c);
	} else if (c->busy && err->code == 0) {
		struct err e = ERR_NONE;

		(void)ERR(&e, -ECONNRESET, "the server closed the connection in mid-answer");
		fail(c, &e);
	} else {
		fail(c, err);
	}
}

/* ---- the request ---- */

int http_client_open(struct ev *ev, const struct addr *a, const struct http_client_cfg *cfg,
                     struct http_client **ret, struct err *err)
{
	struct http_client *c;
	int fd, r;

	r = sock_connect(a, &fd, err);
	if (r < 0)
		return r;
	c = calloc(1, sizeof(*c));
	if (!c) {
		(void)close(fd);
		return ERR(err, -ENOMEM, "no memory for a connection");
	}
	/* A unix socket is connected at once, or refused. */
	r = stream_open(&c->st, ev, fd, cfg->in_max ? cfg->in_max : 65536,
	                cfg->out_max ? cfg->out_max : 1U << 20, a->sa.ss_family != AF_UNIX,
	                err);
	if (r < 0) {
		free(c);
		return r;
	}
	c->st.on_data = on_data;
	c->st.on_drain = on_drain;
	c->st.on_close = on_close;
	c->cfg = *cfg;
	c->keep = c->sent = true;
	*ret = c;
	return 0;
}

void http_client_rebind(struct http_client *c, const struct http_client_cfg *cfg)
{
	CHECK(!c->busy);
	c->cfg = *cfg;
}

bool http_client_idle(const struct http_client *c)
{
	return !c->busy && c->keep && c->sent && !c->eof && !c->failed && !c->dead &&
	       stream_pending(&c->st) == 0;
}

bool http_client_silent(const struct http_client *c)
{
	return c->silent;
}

static struct str number(char *end, uint64_t v)
{
	char *p = end;

	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	return (struct str){ p, (size_t)(end - p) };
}

static void reset(struct http_client *c)
{
	CHECK(http_client_idle(c));
	c->busy = c->silent = true;
	c->head_done = c->head_request = c->upgrade = c->paused = false;
	c->parser = (struct http_parser){ 0 };
}

int http_client_send(struct http_client *c, struct str method, struct str target,
                     struct str fields, uint64_t length, struct str first)
{
	bool chunked = length == HTTP_CLIENT_CHUNKED, none = length == HTTP_CLIENT_NO_BODY;
	char digits[20], head[HTTP_CHUNK_HEAD_MAX];
	bool piece = chunked && first.len > 0;

	reset(c);
	c->head_request = str_is(method, "HEAD");
	c->out_left = none ? 0 : length;
	if (!none && !chunked) {
		CHECK(first.len <= length);
		c->out_left -= first.len;
	}
	c->sent = c->out_left == 0;
	return stream_writev(
	    &c->st,
	    (const struct str[]){
	        method,
	        STR(" "),
	        target,
	        STR(" HTTP/1.1\r\n"),
	        fields,
	        none      ? STR("\r\n")
	        : chunked ? STR("Transfer-Encoding: chunked\r\n\r\n")
	                  : STR("Content-Length: "),
	        none || chunked ? STR_NONE : number(digits + sizeof(digits), length),
	        none || chunked ? STR_NONE : STR("\r\n\r\n"),
	        piece ? (struct str){ head, http_chunk_head(head, first.len) } : STR_NONE,
	        first,
	        piece ? STR("\r\n") : STR_NONE,
	    },
	    11);
}

int http_client_upgrade(struct http_client *c, struct str target, struct str fields)
{
	char key[WS_KEY_LEN];

	reset(c);
	ws_key_new(key);
	ws_key_accept((struct str){ key, sizeof(key) }, c->accept);
	c->upgrade = c->sent = true;
	c->out_left = 0;
	return stream_writev(&c->st,
	                     (const struct str[]){
	                         STR("GET "),
	                         target,
	                         STR(" HTTP/1.1\r\n"),
	                         fields,
	                         STR("Connection: Upgrade\r\nUpgrade: websocket\r\n"
	                             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "),
	                         { key, sizeof(key) },
	                         STR("\r\n\r\n"),
	                     },
	                     7);
}

int http_client_data(struct http_client *c, struct str data)
{
	bool chunked = c->out_left == HTTP_CLIENT_CHUNKED;
	char head[HTTP_CHUNK_HEAD_MAX];
	int r;

	if (data.len == 0)
		return 0;
	if (c->dead || c->failed || !c->busy)
		return -EPIPE;
	CHECK(!c->sent && data.len <= c->out_left);
	r = stream_writev(&c->st,
	                  (const struct str[]){
	                      { head, chunked ? http_chunk_head(head, data.len) : 0 },
	                      data,
	                      chunked ? STR("\r\n") : STR_NONE,
	                  },
	                  3);
	if (r == 0 && !chunked) {
		c->out_left -= data.len;
		c->sent = c->out_left == 0;
	}
	return r;
}

void http_client_end(struct http_client *c)
{
	if (c->sent || c->dead || c->failed || !c->busy || c->out_left != HTTP_CLIENT_CHUNKED)
		return;
	c->sent = true;
	c->out_left = 0;
	(void)stream_writev_all(&c->st, &STR("0\r\n\r\n"), 1);
}

size_t http_client_pending(const struct http_client *c)
{
	return stream_pending(&c->st);
}

void http_client_pause(struct http_client *c)
{
	c->paused = true;
	if (!c->dead && !c->failed)
		stream_pause(&c->st);
}

void http_client_resume(struct http_client *c)
{
	if (!c->paused)
		return;
	c->paused = false;
	if (c->kicked || c->dead || c->failed)
		return;
	c->kicked = true;
	ev_at_turn_end(c->st.ev, &c->kick, on_kick);
}

int http_client_take(struct http_client *c, struct str *ret_rest)
{
	struct str rest = buf_str(&c->st.in);
	int fd;

	CHECK(c->upgrade && c->head_done);
	if (c->st.closed_ || stream_pending(&c->st)) {
		http_client_close(c);
		*ret_rest = STR_NONE;
		return -1;
	}
	*ret_rest = str_sub(rest, c->head_len, rest.len);
	fd = stream_release(&c->st);
	http_client_close(c);
	return fd;
}
