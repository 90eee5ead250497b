/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers. A whole answer goes out by one writev of head and body; a begun
 * one waits in `out` for its first piece or the turn's end, so that a small
 * stream is one packet too.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "http/conn.h"

#define NOT_FOR_US(p) (!(p)->c || (p)->c->dead || (p)->c->closing)

struct ev *http_ev(const struct http_req *r)
{
	return r->priv_->srv->ev;
}

uint64_t http_conn_id(const struct http_req *r)
{
	return r->priv_->c ? r->priv_->c->id : 0;
}

/* ---- reading the body ---- */

static void want_body(struct http_req *r, enum http_body_mode mode, uint64_t max,
                      http_body_fn *fn)
{
	struct http_req_priv *p = r->priv_;

	if (NOT_FOR_US(p) || p->answer == HTTP_ANSWERED)
		return;
	CHECK(p->mode == HTTP_UNREAD);
	p->mode = mode;
	p->body_max = max;
	p->body_fn = fn;
	http_conn_body_starts(p->c);
	if (mode == HTTP_WHOLE)
		buf_init(&p->whole, max > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)max);
	if (p->body.kind == HTTP_BODY_LENGTH && p->body.left_ > max) {
		http_refuse(p->c, 413);
		return;
	}
	if (r->head.expect_continue && r->head.minor == 1 && buf_len(&p->c->st.in) == 0 &&
	    p->answer == HTTP_UNANSWERED) {
		struct str go = STR("HTTP/1.1 100 Continue\r\n\r\n");

		(void)stream_writev_all(&p->c->st, &go, 1);
	}
	p->continued = true;
	http_conn_kick(p->c);
}

void http_read_body(struct http_req *r, size_t max, http_body_fn *fn)
{
	want_body(r, HTTP_WHOLE, max, fn);
}

void http_stream_body(struct http_req *r, uint64_t max, http_body_fn *fn)
{
	want_body(r, HTTP_STREAM, max, fn);
}

void http_body_pause(struct http_req *r)
{
	r->priv_->body_paused = true;
}

void http_body_resume(struct http_req *r)
{
	struct http_req_priv *p = r->priv_;

	if (!p->body_paused)
		return;
	p->body_paused = false;
	if (p->c) {
		http_conn_body_starts(p->c);
		http_conn_kick(p->c);
	}
}

/* ---- heads ---- */

void http_hdr_str(struct http_req *r, struct str name, struct str value)
{
	struct buf *b = &r->priv_->hdrs; /* begin() looks at its error */

	CHECK(http_is_token(name) && http_is_value(value));
	buf_put_str(b, name);
	buf_put(b, ": ", 2);
	buf_put_str(b, value);
	buf_put(b, "\r\n", 2);
}

void http_hdr(struct http_req *r, const char *name, struct str value)
{
	http_hdr_str(r, str_of(name), value);
}

void http_hdrf(struct http_req *r, const char *name, const char *fmt, ...)
{
	struct buf v = BUF(HTTP_HEAD_MAX);
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&v, fmt, ap);
	va_end(ap);
	http_hdr(r, name, buf_str(&v));
	buf_fini(&v);
}

struct text {
	char p[256];
	size_t n;
};

static void add(struct text *t, struct str s)
{
	CHECK(s.len <= sizeof(t->p) - t->n);
	memcpy(t->p + t->n, s.ptr, s.len);
	t->n += s.len;
}

static void add_u64(struct text *t, uint64_t v)
{
	char d[20];
	size_t k = sizeof(d);

	do {
		d[--k] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	add(t, (struct str){ d + k, sizeof(d) - k });
}

static struct str text_str(const struct text *t)
{
	return (struct str){ t->p, t->n };
}

static void status_line(struct http_server *s, unsigned status, struct text *t)
{
	add(t, STR("HTTP/1.1 "));
	add_u64(t, status);
	add(t, STR(" "));
	add(t, str_of(http_reason(status)));
	add(t, STR("\r\nDate: "));
	add(t, http_server_date(s));
	if (s->cfg.server) {
		add(t, STR("\r\nServer: "));
		add(t, str_sub(str_of(s->cfg.server), 0, 64));
	}
	add(t, STR("\r\n"));
}

/* What becomes of a body that is not read to its end when the answer comes:
 * a short one is thrown away, any other ends the connection. */
static void settle_body(struct http_req_priv *p, bool whole_answer)
{
	if (p->body_over)
		return;
	if (p->mode == HTTP_UNREAD && p->body.kind == HTTP_BODY_LENGTH && p->body.left_ == 0) {
		p->body_over = true;
	} else if (p->mode == HTTP_STREAM && !whole_answer) {
		if (!http_body_eof(&p->body))
			p->close = true; /* the answer overtakes the question */
	} else if (p->body.kind == HTTP_BODY_LENGTH && p->body.left_ <= HTTP_DISCARD_MAX &&
	           (!p->r.head.expect_continue || p->continued || buf_len(&p->c->st.in))) {
		p->mode = HTTP_DISCARD;
		p->body_paused = false;
	} else {
		p->close = true;
	}
}

static void tail(struct http_req_priv *p, unsigned status, uint64_t length, struct text *t)
{
	bool bodyless = status == 204 || status < 200;

	p->no_content = bodyless || status == 304 || str_is(p->r.head.method, "HEAD");
	p->out_chunked = length == HTTP_CHUNKED && p->r.head.minor == 1;
	if (length == HTTP_CHUNKED && p->r.head.minor == 0)
		p->close = true; /* the end of the connection is the end of the body */
	p->until_close = length == HTTP_CHUNKED && !p->out_chunked && !p->no_content;
	p->out_left = length == HTTP_CHUNKED ? UINT64_MAX : length;
	if (p->out_chunked && !bodyless && status != 304) {
		add(t, STR("Transfer-Encoding: chunked\r\n"));
	} else if (length != HTTP_CHUNKED && !bodyless && status != 304) {
		add(t, STR("Content-Length: "));
		add_u64(t, length);
		add(t, STR("\r\n"));
	}
	if (!p->r.head.keep_alive || p->srv->draining)
		p->close = true;
	if (p->close)
		add(t, STR("Connection: close\r\n"));
	else if (p->r.head.minor == 0)
		add(t, STR("Connection: keep-alive\r\n"));
	add(t, STR("\r\n"));
}

/* Begins an answer, or says that there is nobody to get it. */
static bool begin(struct http_req_priv *p, unsigned *status, uint64_t length, bool whole,
                  struct text *line, struct text *end)
{
	CHECK(p->answer == HTTP_UNANSWERED || !p->c);
	if (NOT_FOR_US(p)) {
		p->answer = HTTP_ANSWERED;
		return false;
	}
	if (buf_error(&p->hdrs)) {
		buf_clear(&p->hdrs);
		*status = 500;
	}
	settle_body(p, whole);
	status_line(p->srv, *status, line);
	tail(p, *status, length, end);
	p->answer = whole ? HTTP_ANSWERED : HTTP_BEGUN;
	return true;
}

void http_reply(struct http_req *r, unsigned status, struct str body)
{
	struct http_req_priv *p = r->priv_;
	struct text line = { 0 }, end = { 0 };

	if (!begin(p, &status, body.len, true, &line, &end))
		return;
	(void)stream_writev_all(&p->c->st,
	                        (const struct str[]){ text_str(&line), buf_str(&p->hdrs),
	                                              text_str(&end),
	                                              p->no_content ? STR_NONE : body },
	                        4);
	http_conn_kick(p->c);
}

void http_reply_json(struct http_req *r, unsigned status, struct str json)
{
	http_hdr(r, "Content-Type", STR("application/json"));
	http_reply(r, status, json);
}

/* ---- streams ---- */

void http_begin(struct http_req *r, unsigned status, uint64_t length)
{
	struct http_req_priv *p = r->priv_;
	struct text line = { 0 }, end = { 0 };

	if (!begin(p, &status, length, false, &line, &end))
		return;
	(void)stream_queuev(
	    &p->c->st,
	    (const struct str[]){ text_str(&line), buf_str(&p->hdrs), text_str(&end) }, 3);
	buf_clear(&p->hdrs);
}

int http_data(struct http_req *r, struct str data)
{
	struct http_req_priv *p = r->priv_;
	char head[HTTP_CHUNK_HEAD_MAX];
	struct str parts[3] = { STR_NONE, data, STR_NONE };
	int e;

	if (NOT_FOR_US(p) || p->no_content || data.len == 0)
		return 0;
	CHECK(p->answer == HTTP_BEGUN);
	if (p->out_chunked) {
		parts[0] = (struct str){ head, http_chunk_head(head, data.len) };
		parts[2] = STR("\r\n");
	}
	CHECK(data.len <= p->out_left);
	if (data.len < HTTP_SMALL && data.len < p->out_left)
		e = stream_queuev(&p->c->st, parts, 3);
	else
		e = stream_writev(&p->c->st, parts, 3);
	if (e == -ENOBUFS)
		return e;
	if (p->out_left != UINT64_MAX)
		p->out_left -= data.len;
	return 0; /* a broken connection is told by on_gone */
}

size_t http_pending(const struct http_req *r)
{
	const struct http_req_priv *p = r->priv_;

	return NOT_FOR_US(p) ? 0 : stream_pending(&p->c->st);
}

void http_end(struct http_req *r)
{
	struct http_req_priv *p = r->priv_;
	struct str last = p->out_chunked && !p->no_content ? STR("0\r\n\r\n") : STR_NONE;

	if (NOT_FOR_US(p)) {
		p->answer = HTTP_ANSWERED;
		return;
	}
	CHECK(p->answer == HTTP_BEGUN);
	if (p->out_left != UINT64_MAX && p->out_left > 0 && !p->no_content) {
		http_abort(r); /* less than was promised: not to be taken for the whole */
		return;
	}
	settle_body(p, true);
	p->answer = HTTP_ANSWERED;
	(void)stream_writev_all(&p->c->st, &last, 1);
	http_conn_kick(p->c);
}

/* ---- files ---- */

void http_reply_fd(struct http_req *r, unsigned status, int fd, uint64_t off, uint64_t len)
{
	struct http_req_priv *p = r->priv_;
	struct text line = { 0 }, end = { 0 };

	if (len <= HTTP_SMALL && !NOT_FOR_US(p)) {
		ssize_t n = pread(fd, p->srv->scratch, (size_t)len, (off_t)off);

		(void)close(fd);
		if (n == (ssize_t)len)
			http_reply(r, status, (struct str){ p->srv->scratch, (size_t)n });
		else
			http_abort(r);
		return;
	}
	if (!begin(p, &status, len, true, &line, &end)) {
		(void)close(fd);
		return;
	}
	(void)stream_queuev(
	    &p->c->st,
	    (const struct str[]){ text_str(&line), buf_str(&p->hdrs), text_str(&end) }, 3);
	if (p->no_content)
		(void)close(fd);
	else
		(void)stream_send_file(&p->c->st, fd, off, len);
	http_conn_kick(p->c);
}

/* ---- the connection ---- */

void http_abort(struct http_req *r)
{
	struct http_req_priv *p = r->priv_;

	if (!p->c)
		return;
	p->r.on_gone = NULL; /* the caller knows */
	http_conn_close(p->c);
}

int http_take(struct http_req *r, struct str *ret_rest)
{
	struct http_req_priv *p = r->priv_;
	struct http_conn *c = p->c;
	int fd;

	*ret_rest = STR_NONE;
	if (NOT_FOR_US(p))
		return -1;
	stream_flush(&c->st);
	if (stream_pending(&c->st)) { /* an earlier answer is stuck: a client that pipelines
		                       * an upgrade behind an unread answer */
		http_abort(r);
		return -1;
	}
	p->answer = HTTP_ANSWERED;
	*ret_rest = buf_str(&c->st.in);
	fd = stream_release(&c->st);
	http_conn_close(c);
	return fd;
}

static struct str sentence(unsigned status)
{
	switch (status) {
	case 408:
		return STR("The request came too slowly. Send it again.\n");
	case 413:
		return STR("The request's body is larger than is allowed here.\n");
	case 414:
		return STR("The request's address is longer than 8192 bytes.\n");
	case 417:
		return STR("Only \"Expect: 100-continue\" is understood here.\n");
	case 431:
		return STR("The request has more than 100 header fields or 32 KiB of them.\n");
	case 501:
		return STR("This method, transfer coding or protocol is not offered here.\n");
	case 503:
		return STR(
		    "The server is out of memory just now. Try again in some seconds.\n");
	case 505:
		return STR("Only versions 1.0 and 1.1 of HTTP are spoken here.\n");
	default:
		return STR("The request is not well-formed HTTP and was not read further.\n");
	}
}

void http_refuse(struct http_conn *c, unsigned status)
{
	struct http_req_priv *p = c->cur;
	struct text line = { 0 }, end = { 0 };
	struct str body = sentence(status);

	if (c->dead || c->closing)
		return;
	status_line(c->srv, status, &line);
	add(&end, STR("Content-Type: text/plain; charset=utf-8\r\n"
	              "X-Content-Type-Options: nosniff\r\nContent-Length: "));
	add_u64(&end, body.len);
	add(&end, STR("\r\nConnection: close\r\n\r\n"));
	if (p && str_is(p->r.head.method, "HEAD"))
		body = STR_NONE;
	(void)stream_writev_all(
	    &c->st, (const struct str[]){ text_str(&line), text_str(&end), body }, 3);
	http_conn_answered(c);
	c->closing = true;
	stream_close_soon(&c->st, HTTP_LINGER_MS);
}
