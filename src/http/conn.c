/* SPDX-License-Identifier: Apache-2.0 */
#include "http/conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define HEADS_PER_RUN 16

static void run(struct http_conn *c);

/* ---- deadlines ---- */

static void on_timer(struct ev_timer *t);

/* The timer is moved only when it would fire too late; one that fires early
 * is set again. A busy connection touches the heap once in ten seconds. */
static void set_deadline(struct http_conn *c, unsigned ms)
{
	c->deadline_ms = ev_now_ms(c->srv->ev) + ms;
	if (ev_timer_armed(&c->timer) && c->armed_ms <= c->deadline_ms)
		return;
	c->armed_ms = c->deadline_ms;
	ev_timer_start(c->srv->ev, &c->timer, ms, on_timer);
}

void http_conn_body_starts(struct http_conn *c)
{
	c->tick_got = c->cur->body_got;
	set_deadline(c, HTTP_TICK_MS);
}

static bool reads_body(const struct http_req_priv *p)
{
	return p->mode != HTTP_UNREAD && !p->body_over && !p->body_paused;
}

/* A request is in progress: is the client still moving? */
static bool tick(struct http_conn *c)
{
	const struct http_req_priv *p = c->cur;
	bool stalled = stream_pending(&c->st) > 0 && c->st.sent_ == c->tick_sent;

	c->stalls = stalled ? c->stalls + 1 : 0;
	if (c->stalls >= HTTP_STALL_TICKS)
		return false;
	if (p && reads_body(p) && p->body_got - c->tick_got < HTTP_TICK_BYTES)
		return false;
	c->tick_sent = c->st.sent_;
	c->tick_got = p ? p->body_got : 0;
	return true;
}

static void on_timer(struct ev_timer *t)
{
	struct http_conn *c = CONTAINER_OF(t, struct http_conn, timer);
	uint64_t now = ev_now_ms(c->srv->ev);

	if (now < c->deadline_ms) {
		c->armed_ms = c->deadline_ms;
		ev_timer_start(c->srv->ev, t, c->deadline_ms - now, on_timer);
	} else if (c->cur || stream_pending(&c->st)) {
		if (tick(c))
			set_deadline(c, HTTP_TICK_MS);
		else if (c->cur && c->cur->answer == HTTP_UNANSWERED)
			http_refuse(c, 408);
		else
			http_conn_close(c);
	} else if (c->srv->held) {
		set_deadline(c, HTTP_TICK_MS);
	} else if (buf_len(&c->st.in)) {
		http_refuse(c, 408);
	} else {
		http_conn_close(c);
	}
}

/* ---- the end ---- */

static void on_slot_gone(struct ev_later *l)
{
	http_slot_free(CONTAINER_OF(l, struct http_req_priv, later));
}

/* The request loses its connection: nothing it does has an effect any more. */
static void detach(struct http_conn *c)
{
	struct http_req_priv *p = c->cur;

	if (!p)
		return;
	c->cur = NULL;
	p->c = NULL;
	p->r.conn_ = NULL;
	if (p->answer != HTTP_ANSWERED && p->r.on_gone)
		p->r.on_gone(&p->r);
	ev_at_turn_end(c->srv->ev, &p->later, on_slot_gone);
}

void http_conn_answered(struct http_conn *c)
{
	if (c->cur)
		c->cur->answer = HTTP_ANSWERED;
	detach(c);
}

static void on_conn_gone(struct ev_later *l)
{
	struct http_conn *c = CONTAINER_OF(l, struct http_conn, gone);

	stream_close(&c->st); /* again: frees what http_take left */
	free(c);
}

/* A body that ends where the connection does looks whole however it ends. Broken
 * off, it ends with a reset. */
static void tell_break(struct http_conn *c)
{
	const struct http_req_priv *p = c->cur;
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (p && p->answer == HTTP_BEGUN && p->until_close && !c->st.closed_)
		(void)setsockopt(c->st.fd.fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

void http_conn_close(struct http_conn *c)
{
	if (c->dead)
		return;
	c->dead = true;
	tell_break(c);
	ev_timer_stop(&c->timer);
	list_del(&c->node);
	c->srv->nconns--;
	detach(c);
	if (!c->st.closed_)
		stream_close(&c->st);
	ev_at_turn_end(c->srv->ev, &c->gone, on_conn_gone);
}

/* ---- bodies ---- */

static void body_end(struct http_req_priv *p)
{
	p->body_over = true;
	if (p->mode == HTTP_WHOLE)
		p->body_fn(&p->r, buf_str(&p->whole));
	else if (p->mode == HTTP_STREAM)
		p->body_fn(&p->r, STR_NONE);
}

/* A body that is broken or too large: said if there is still an answer to
 * give, else the connection just ends. */
static void body_refused(struct http_conn *c, unsigned status)
{
	if (c->cur->answer == HTTP_UNANSWERED)
		http_refuse(c, status);
	else
		http_conn_close(c);
}

static void body_data(struct http_conn *c, struct str piece)
{
	struct http_req_priv *p = c->cur;

	p->body_got += piece.len;
	if (p->mode != HTTP_DISCARD && p->body_got > p->body_max) {
		body_refused(c, 413);
	} else if (p->mode == HTTP_WHOLE) {
		buf_put_str(&p->whole, piece);
		if (buf_error(&p->whole))
			body_refused(c, buf_error(&p->whole) == -ENOMEM ? 503 : 413);
	} else if (p->mode == HTTP_STREAM) {
		p->body_fn(&p->r, piece);
	}
}

/* Feeds the body to whoever wants it. Returns when it is over, paused, or
 * what has come is used up. */
static void feed(struct http_conn *c)
{
	struct http_req_priv *p = c->cur;

	while (!c->dead && !c->closing && c->cur == p && reads_body(p)) {
		struct str in = buf_str(&c->st.in), piece;
		size_t had = in.len;
		enum http_body_step step = http_body_next(&p->body, &in, &piece);

		switch (step) {
		case HTTP_BODY_DATA:
			body_data(c, piece);
			break;
		case HTTP_BODY_END:
			body_end(p);
			break;
		case HTTP_BODY_BAD:
			body_refused(c, 400);
			return;
		case HTTP_BODY_MORE:
			break;
		}
		if (c->dead || c->closing || c->cur != p)
			return;
		buf_consume(&c->st.in, had - in.len);
		if (step == HTTP_BODY_MORE) {
			if (c->eof)
				http_conn_close(c); /* the rest will never come */
			return;
		}
	}
}

/* ---- heads ---- */

#define REBASE(s) ((s).ptr = (s).ptr ? to + ((s).ptr - from) : NULL)
static void rebase(struct http_head *h, const char *from, const char *to)
{
	REBASE(h->method);
	REBASE(h->target);
	REBASE(h->host);
	for (size_t i = 0; i < h->n; i++) {
		REBASE(h->fields[i].name);
		REBASE(h->fields[i].value);
	}
}
#undef REBASE

/* Moves the head's bytes from the read buffer to where the request keeps
 * them. */
static bool keep_head(struct http_conn *c, struct http_req_priv *p, size_t used)
{
	struct str in = str_sub(buf_str(&c->st.in), 0, used);
	char *to = p->head_text;

	if (used > sizeof(p->head_text)) {
		to = arena_alloc(&p->r.arena, used);
		if (!to)
			return false;
	}
	memcpy(to, in.ptr, used);
	rebase(&p->r.head, in.ptr, to);
	buf_consume(&c->st.in, used);
	return true;
}

static void start_request(struct http_conn *c, struct http_req_priv *p)
{
	struct http_head *h = &p->r.head;

	p->c = c;
	p->peer = c->peer;
	p->r.conn_ = c;
	p->r.peer_pid = c->pid;
	p->r.peer_uid = c->uid;
	p->r.peer_gid = c->gid;
	http_body_init(&p->body, h->chunked ? HTTP_BODY_CHUNKED : HTTP_BODY_LENGTH, h->length);
	c->cur = p;
	c->tick_got = 0;
	c->tick_sent = c->st.sent_;
	c->stalls = 0;
	c->in_head = false;
	set_deadline(c, HTTP_TICK_MS);
}

static int parse_target(struct http_req *r, const struct http_server_cfg *cfg)
{
	struct str target = r->head.target;
	size_t end = cfg->raw_query ? str_chr(target, '?', 0) : target.len;
	int e = url_parse(&r->arena, str_sub(target, 0, end), cfg->slash_ok, &r->url);

	if (cfg->raw_query)
		r->url.query = str_sub(target, end + 1, target.len);
	return e;
}

/* Parses one head and calls the handler. False: nothing more to do now. */
static bool next_request(struct http_conn *c)
{
	struct str in = buf_str(&c->st.in);
	struct http_req_priv *p;
	unsigned status = 400;
	size_t used = 0;

	if (in.len == 0 || stream_pending(&c->st) > HTTP_PENDING_MAX || c->st.file_ >= 0 ||
	    c->srv->held)
		return false;
	p = http_slot_new(c->srv);
	if (!p) {
		http_refuse(c, 503);
		return false;
	}
	switch (http_parse_request(&c->parser, in, &p->r.head, &used, &status)) {
	case HTTP_PARSE_MORE:
		http_slot_free(p);
		return false;
	case HTTP_PARSE_BAD:
		http_slot_free(p);
		http_refuse(c, status);
		return false;
	case HTTP_PARSE_DONE:
		break;
	}
	c->parser = (struct http_parser){ 0 };
	if (!keep_head(c, p, used)) {
		http_slot_free(p);
		http_refuse(c, 503);
		return false;
	}
	start_request(c, p);
	if (parse_target(&p->r, &c->srv->cfg) < 0) {
		http_refuse(c, 400);
		return false;
	}
	c->srv->cfg.handler(&p->r, c->srv->cfg.arg);
	return true;
}

void http_conn_retire(struct http_conn *c)
{
	if (!c->srv->draining_now || c->cur || c->dead || c->closing || c->eof ||
	    stream_pending(&c->st) || buf_len(&c->st.in))
		return;
	/* What has come is still read; then comes the end of the stream. The other
	 * side's next write fails whole. */
	(void)shutdown(c->st.fd.fd, SHUT_RD);
}

/* Answered and read to the end: on to the next request, or the end. */
static bool finish(struct http_conn *c)
{
	struct http_req_priv *p = c->cur;
	bool close = p->close || c->eof;
	/* A client in the middle of a body looks for the answer when it has sent
	 * more than we want to read: it gets some time for that. */
	unsigned linger_ms = p->body_over ? HTTP_LINGER_MS : HTTP_LINGER_MS * 3;

	if (p->answer != HTTP_ANSWERED || (!close && !p->body_over))
		return false;
	/* A file on its way is the request's until it has gone: on_free is the
	 * end of the transfer. */
	if (c->st.file_ >= 0 && p->r.on_free)
		return false;
	c->cur = NULL;
	p->c = NULL;
	p->r.conn_ = NULL;
	http_slot_free(p);
	set_deadline(c, stream_pending(&c->st) ? HTTP_TICK_MS : HTTP_IDLE_MS);
	if (close) {
		c->closing = true;
		stream_close_soon(&c->st, linger_ms);
		return false;
	}
	http_conn_retire(c);
	return true;
}

static void run(struct http_conn *c)
{
	if (c->running || c->dead || c->closing)
		return;
	c->running = true;
	for (int i = 0;; i++) {
		bool had = c->cur != NULL;

		if (i == HEADS_PER_RUN) {
			http_conn_kick(c); /* a pipeline: the others come first */
			break;
		}
		if (!had && !next_request(c))
			break;
		if (!c->dead && !c->closing && c->cur)
			feed(c);
		if (c->dead || c->closing || !c->cur || !finish(c))
			break;
	}
	c->running = false;
	if (!c->dead && !c->closing && !c->cur && !c->in_head && !c->srv->held &&
	    buf_len(&c->st.in)) {
		c->in_head = true; /* from its first byte on, however slowly it comes */
		set_deadline(c, HTTP_HEAD_MS);
	}
}

/* ---- events ---- */

static void on_data(struct stream *st)
{
	struct http_conn *c = CONTAINER_OF(st, struct http_conn, st);

	run(c);
}

/* All that was asked is answered and sent, and nothing more can be asked. */
static bool is_over(const struct http_conn *c)
{
	return !c->dead && !c->closing && !c->cur && c->eof && !c->kicked &&
	       stream_pending(&c->st) == 0;
}

static void on_drain(struct stream *st)
{
	struct http_conn *c = CONTAINER_OF(st, struct http_conn, st);

	if (c->cur && c->cur->answer == HTTP_BEGUN && c->cur->r.on_drain)
		c->cur->r.on_drain(&c->cur->r);
	run(c);
	http_conn_retire(c);
	if (is_over(c))
		http_conn_close(c);
}

/* The client sends no more. One that waits for a whole answer may still read
 * it; a stream to it would never end. */
static void on_eof(struct stream *st)
{
	struct http_conn *c = CONTAINER_OF(st, struct http_conn, st);

	c->eof = true;
	if (c->cur ? c->cur->answer != HTTP_ANSWERED &&
	                 (c->cur->r.on_gone || c->cur->answer == HTTP_BEGUN)
	           : stream_pending(st) == 0)
		http_conn_close(c);
	else
		http_conn_kick(c);
}

static void on_close(struct stream *st, const struct err *err)
{
	(void)err;
	http_conn_close(CONTAINER_OF(st, struct http_conn, st));
}

static void on_kick(struct ev_later *l)
{
	struct http_conn *c = CONTAINER_OF(l, struct http_conn, kick);

	c->kicked = false;
	if (c->dead)
		return;
	run(c);
	if (c->dead || c->closing)
		return;
	if (is_over(c))
		http_conn_close(c);
	else
		stream_resume(&c->st); /* there may be room in `in` again */
}

void http_conn_kick(struct http_conn *c)
{
	if (c->kicked || c->dead)
		return;
	c->kicked = true;
	ev_at_turn_end(c->srv->ev, &c->kick, on_kick);
}

struct http_conn *http_conn_new(struct http_server *s, int fd, const struct addr *peer)
{
	struct http_conn *c = calloc(1, sizeof(*c));
	struct err e = ERR_NONE;

	if (!c) {
		(void)close(fd);
		return NULL;
	}
	c->srv = s;
	c->id = ++s->last_id;
	c->peer = *peer;
	c->pid = -1;
	c->uid = (uid_t)-1;
	c->gid = (gid_t)-1;
	if (peer->sa.ss_family != AF_UNIX)
		sock_nodelay(fd);
	else if (sock_peercred(fd, &c->pid, &c->uid, &c->gid) < 0)
		c->pid = -1; /* as for any stranger */
	if (stream_open(&c->st, s->ev, fd, s->cfg.in_max, s->cfg.out_max, false, &e) < 0) {
		free(c);
		return NULL;
	}
	c->st.on_data = on_data;
	c->st.on_drain = on_drain;
	c->st.on_eof = on_eof;
	c->st.on_close = on_close;
	list_push(&s->conns, &c->node);
	s->nconns++;
	set_deadline(c, HTTP_IDLE_MS);
	return c;
}
