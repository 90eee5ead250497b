/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request on its way to core or to an agent, and its answer on the way
 * back. Bytes stay in the two connections' buffers; this file only moves
 * them, and stops reading on one side while the other is full.
 *
 *   waiting for the route → asked → answered from behind → over
 *                    \________\______ refused by us, or cut
 */
#include <errno.h>

#include "base/log.h"
#include "edge/edge-priv.h"
#include "edge/source.h"
#include "http/ws.h"

#define HIGH_BYTES    (256U << 10) /* unsent on one side: stop reading the other */
#define LOW_BYTES     (64U << 10)
#define CORE_BODY_MAX (8U << 20)
#define CORE_HEAD_MS  15000U
#define CONNECT_AGAIN 100U /* while the other side's queue of connections is full */
#define CONNECT_TRIES 40U

struct proxy {
	struct live live;
	struct route_wait wait;
	struct edge *e;
	struct http_req *r;
	struct route *rt; /* NULL towards core */
	struct upstream *up;
	enum fields_to to;
	struct str target;
	struct str prefix; /* of the program address */
	const char *label;
	/* Core's answer: an agent's may take hours. Before that: the next attempt to
	 * connect, to either. */
	struct ev_timer timer;
	unsigned tries;
	bool upgrade, begun, retried, has_body, sent, deaf, asked_again;
};

static bool ask_again(struct proxy *p);

static void on_cut(struct live *l)
{
	struct proxy *p = CONTAINER_OF(l, struct proxy, live);
	bool connecting = ev_timer_armed(&p->timer);

	list_del(&l->node);
	ev_timer_stop(&p->timer);
	if (p->to != TO_FILES || p->begun) {
		http_abort(p->r);
		return;
	}
	if (!p->up && !connecting)
		return; /* answered by us; only the rest of its body is waited for */
	/* The files are elsewhere by now: nothing was done, nothing is lost. */
	upstream_close(p->up);
	p->up = NULL;
	if (!ask_again(p))
		files_away(p->r);
}

static void on_free(struct http_req *r)
{
	struct proxy *p = r->user;

	list_del(&p->live.node);
	list_del(&p->wait.node);
	ev_timer_stop(&p->timer);
	upstream_close(p->up);
}

static void on_client_gone(struct http_req *r)
{
	struct proxy *p = r->user;

	/* Set also so that a browser that leaves ends the request behind us. */
	ev_timer_stop(&p->timer);
}

static struct proxy *proxy_new(struct edge *e, struct http_req *r, enum fields_to to)
{
	struct proxy *p = ARENA_NEW(&r->arena, struct proxy);

	if (!p) {
		refuse_console_away(r);
		return NULL;
	}
	p->e = e;
	p->r = r;
	p->to = to;
	p->target = r->head.target;
	p->live.cut = on_cut;
	p->upgrade = r->head.upgrade_ws;
	p->has_body = r->head.chunked || r->head.length > 0;
	r->user = p;
	r->on_free = on_free;
	r->on_gone = on_client_gone;
	return p;
}

static bool is_idempotent(struct str method);
static void ask_route(struct proxy *p, enum route_kind kind, struct str subject,
                      struct str secret);

/* The process of a stopped workspace's files has gone, or a session took its
 * place: core knows where they are now. */
static bool ask_again(struct proxy *p)
{
	struct route *rt = p->rt;

	if (!rt || p->to != TO_FILES || p->begun || p->asked_again || p->has_body ||
	    !is_idempotent(p->r->head.method))
		return false;
	p->asked_again = true;
	p->retried = false;
	list_del(&p->live.node);
	p->rt = NULL;
	route_doubt(rt);
	ask_route(p, rt->kind, rt->subject, rt->secret);
	return true;
}

static void away(struct proxy *p)
{
	ev_timer_stop(&p->timer);
	upstream_close(p->up);
	p->up = NULL;
	if (ask_again(p))
		return;
	if (p->begun) {
		http_abort(p->r); /* half an answer must not look whole */
	} else if (p->rt) {
		route_doubt(p->rt);
		if (p->to == TO_FILES)
			files_away(p->r);
		else
			refuse_session_away(p->r);
	} else {
		refuse_console_away(p->r);
	}
}

/* ---- the request ---- */

static void put_peer(struct proxy *p, struct buf *b)
{
	char who[IP_TEXT_MAX];
	enum source_kind kind = source_of(&p->e->proxies, p->r->peer, &p->r->head, who);

	buf_printf(b, "X-Carrel-Peer: %s\r\n", who);
	if (kind == SOURCE_KNOWN || p->e->told_of_proxy)
		return;
	p->e->told_of_proxy = true; /* once: it is said of every request */
	log_event(LOG_WARN, "client_unknown",
	          LZ("why", kind == SOURCE_ODD
	                        ? "a trusted proxy sends no X-Forwarded-For that says it"
	                        : "a proxy on this machine is not named in trusted_proxies"),
	          LZ("so", "limits of sign-ins hold for all such clients together"));
}

static int put_fields(struct proxy *p, struct buf *b)
{
	if (fields_request(&p->r->head, p->to, b) < 0)
		return -EINVAL;
	if (p->to == TO_CORE) {
		put_peer(p, b);
		return buf_error(b);
	}
	buf_put(b, "X-Carrel-Account: ", 18);
	buf_put_z(b, p->rt->account);
	buf_put(b, "\r\nX-Carrel-Name: ", 17);
	buf_put_z(b, p->rt->name);
	if (p->rt->workspace[0]) {
		buf_put(b, "\r\nX-Carrel-Workspace: ", 22);
		buf_put_z(b, p->rt->workspace);
	}
	if (p->to == TO_PROGRAM) {
		buf_put(b, "\r\nX-Carrel-Prefix: ", 19);
		buf_put_str(b, p->prefix);
	}
	buf_put(b, "\r\n", 2);
	if (p->upgrade && tunnel_offer(p->r).deflate) {
		buf_put_z(b, "Sec-WebSocket-Extensions: ");
		wsext_put(b, tunnel_offer(p->r));
		buf_put(b, "\r\n", 2);
	}
	return buf_error(b);
}

static void on_core_silent(struct ev_timer *t)
{
	away(CONTAINER_OF(t, struct proxy, timer));
}

/* From now on it is core that has to do something: answer, or take what there is
 * of the body. How slowly the client may send it is the server's business. */
static void core_is_due(struct proxy *p)
{
	if (!p->rt && !p->begun)
		ev_timer_start(p->e->ev, &p->timer, CORE_HEAD_MS, on_core_silent);
}

static void on_request_body(struct http_req *r, struct str data)
{
	struct proxy *p = r->user;

	if (!p->up || p->deaf)
		return;
	if (data.len == 0) {
		http_client_end(p->up->c);
		p->sent = true;
		core_is_due(p);
	} else if (http_client_data(p->up->c, data) < 0) {
		p->deaf = true; /* its answer, or its end, will come */
		core_is_due(p);
	} else if (http_client_pending(p->up->c) > HIGH_BYTES) {
		http_body_pause(r);
		core_is_due(p);
	}
}

static void on_up_drain(struct http_client *c, void *arg)
{
	struct upstream *u = arg;
	struct proxy *p = u->p;

	(void)c;
	if (!p)
		return;
	if (!p->sent && !p->deaf)
		ev_timer_stop(&p->timer); /* it is the client's turn again */
	http_body_resume(p->r);
}

static uint64_t body_length(const struct http_head *h)
{
	if (h->chunked)
		return HTTP_CLIENT_CHUNKED;
	return h->has_length ? h->length : HTTP_CLIENT_NO_BODY;
}

static void forward(struct proxy *p);

static void on_connect_again(struct ev_timer *t)
{
	forward(CONTAINER_OF(t, struct proxy, timer));
}

/* A connection that is used again, or a fresh one. False: there is none, or not
 * yet; all is arranged for. */
static bool connected(struct proxy *p)
{
	int r = upstream_take(p->e, p->rt, http_conn_id(p->r), p->upgrade || p->retried, &p->up,
	                      NULL);

	/* Everybody comes at once: a unix socket doesn't queue them, it says so. */
	if (r == -EAGAIN && p->tries++ < CONNECT_TRIES)
		ev_timer_start(p->e->ev, &p->timer, CONNECT_AGAIN, on_connect_again);
	else if (r < 0)
		away(p);
	else
		p->up->p = p;
	return r == 0;
}

/* Sends the head on a kept or a fresh connection. */
static void forward(struct proxy *p)
{
	struct buf *b = &p->e->fields;
	struct http_head *h = &p->r->head;
	int r;

	buf_clear(b);
	if (put_fields(p, b) < 0) {
		refuse_plain(
		    p->r, 400, "too-many-fields", "Bad request",
		    "The request's header fields are too many or too long to pass on.");
		return;
	}
	if (!connected(p))
		return;
	if (p->upgrade)
		r = http_client_upgrade(p->up->c, p->target, buf_str(b));
	else
		r = http_client_send(p->up->c, h->method, p->target, buf_str(b), body_length(h),
		                     STR_NONE);
	/* Nothing of it was taken: core, which ends for a new one, or an agent that
	 * hung up. Once more, whatever the method. */
	if (r < 0 && !p->retried) {
		upstream_close(p->up);
		p->up = NULL;
		p->retried = true;
		forward(p);
		return;
	}
	if (r < 0) {
		away(p);
		return;
	}
	p->sent = !p->has_body || p->upgrade;
	if (p->sent)
		core_is_due(p);
	else
		http_stream_body(p->r, p->rt ? UINT64_MAX : CORE_BODY_MAX, on_request_body);
}

/* ---- the answer ---- */

static void on_down_drain(struct http_req *r)
{
	struct proxy *p = r->user;

	if (p->up)
		http_client_resume(p->up->c);
}

/* The length to promise: for HEAD it is that of what GET would give. */
static uint64_t answer_length(const struct http_req *r, const struct http_head *h)
{
	uint64_t n;

	if (str_is(r->head.method, "HEAD"))
		return str_to_u64(http_get(h, "Content-Length"), 0, UINT64_MAX - 2, &n) == 0
		           ? n
		           : HTTP_CHUNKED;
	return h->has_length ? h->length : HTTP_CHUNKED;
}

/* What users wrote, on the console's origin: a browser that says nothing of
 * itself (Sec-Fetch-* go to secure addresses only) may show it, but runs
 * nothing of it there. Programs don't care. First, since the first nosniff is
 * the one that counts; of several policies all hold. */
static void put_harmless(struct http_req *r)
{
	http_hdr(r, "Content-Security-Policy", STR("sandbox; default-src 'none'"));
	http_hdr(r, "X-Content-Type-Options", STR("nosniff"));
}

static void on_head(struct http_client *c, const struct http_head *h, void *arg)
{
	struct upstream *u = arg;
	struct proxy *p = u->p;
	struct fields_named named;

	ev_timer_stop(&p->timer);
	if (h->status == 101) {
		p->up = NULL;
		tunnel_start(p->e, p->rt, p->r, c, h, p->to);
		upstream_close(u);
		return;
	}
	if (fields_named(h, &named) < 0) {
		away(p);
		return;
	}
	if (p->to == TO_FILES && !files_answer(p->r, h)) {
		unsigned status = h->status;

		upstream_close(p->up);
		p->up = NULL;
		files_odd(p->r, status);
		return;
	}
	if (p->to == TO_PROGRAM)
		put_harmless(p->r);
	for (size_t i = 0; p->to != TO_FILES && i < h->n; i++) {
		if (fields_answer(&h->fields[i], &named, p->to))
			http_hdr_str(p->r, h->fields[i].name, h->fields[i].value);
	}
	p->begun = true;
	p->r->on_drain = on_down_drain;
	http_begin(p->r, h->status, answer_length(p->r, h));
}

static void on_body(struct http_client *c, struct str data, void *arg)
{
	struct upstream *u = arg;
	struct proxy *p = u->p;

	if (data.len) {
		if (http_data(p->r, data) < 0)
			away(
			    p); /* can't be: it stops at HIGH_BYTES, a piece is 64 KiB at most */
		else if (http_pending(p->r) > HIGH_BYTES)
			http_client_pause(c);
		return;
	}
	p->up = NULL;
	upstream_done(u, p->rt);
	http_end(p->r);
}

static bool is_idempotent(struct str method)
{
	return str_is(method, "GET") || str_is(method, "HEAD") || str_is(method, "OPTIONS");
}

static void on_fail(struct http_client *c, const struct err *err, void *arg)
{
	struct upstream *u = arg;
	struct proxy *p = u->p;

	(void)err;
	if (!p) { /* idle, and the other side hung up */
		upstream_close(u);
		return;
	}
	/* The other side may hang up on an idle connection just as we use it. */
	if (u->reused && http_client_silent(c) && is_idempotent(p->r->head.method) &&
	    !p->has_body && !p->retried) {
		upstream_close(u);
		p->up = NULL;
		p->retried = true;
		forward(p);
		return;
	}
	away(p);
}

const struct http_client_cfg proxy_client_cfg = {
	.on_head = on_head,
	.on_body = on_body,
	.on_drain = on_up_drain,
	.on_fail = on_fail,
};

/* ---- where to ---- */

static bool is_change(const struct http_req *r)
{
	return !str_is(r->head.method, "GET") && !str_is(r->head.method, "HEAD");
}

static void routed(struct proxy *p, struct route *rt, unsigned status)
{
	if (p->to == TO_FILES && (status != 200 || (!rt->write && is_change(p->r)))) {
		files_refuse(p->r, rt, status == 200 ? 403 : status);
		return;
	}
	if (rt && rt->kind == ROUTE_DOWNLOAD && status > 404 && status != 503 && rt->why[0]) {
		refuse_plain(p->r, status, rt->slug, rt->title, rt->why);
		return;
	}
	if (status != 200) {
		refuse_route(p->e, p->r, p->label, status, p->to == TO_PROGRAM);
		return;
	}
	p->rt = rt;
	list_push(&rt->live, &p->live.node);
	forward(p);
}

static void on_route(struct route_wait *w, struct route *rt, unsigned status)
{
	routed(CONTAINER_OF(w, struct proxy, wait), rt, status);
}

static void ask_route(struct proxy *p, enum route_kind kind, struct str subject,
                      struct str secret)
{
	struct route *rt;

	p->wait.fn = on_route;
	rt = route_get(p->e, kind, subject, secret, &p->wait);
	if (rt)
		routed(p, rt, rt->status);
}

void proxy_core(struct edge *e, struct http_req *r)
{
	struct proxy *p = proxy_new(e, r, TO_CORE);

	if (p)
		forward(p);
}

static bool ticket_ok(struct str t)
{
	return t.len >= 16 && t.len <= 256 && http_is_token(t);
}

/* What can be had of a workspace's origin also while no session runs: a file, or
 * the home itself as an archive. Edge takes no query apart. */
static bool is_download(const struct http_req *r)
{
	bool home = r->url.n == 1 && str_starts(r->url.query, STR("download="));

	return (r->url.n > 1 || home) && str_is(r->url.seg[0], "files") && !is_change(r) &&
	       !r->head.upgrade_ws;
}

void proxy_session(struct edge *e, struct http_req *r, struct str label)
{
	struct proxy *p = proxy_new(e, r, TO_SESSION);
	struct str ticket = http_cookie(http_get(&r->head, "Cookie"), "__Host-t");
	struct str auth = http_get(&r->head, "Authorization");

	if (!p)
		return;
	p->label = arena_strz(&r->arena, label);
	/* A program may come here with a token; a browser never does, and what a
	 * page makes a browser send carries Sec-Fetch-Site. */
	if (!ticket_ok(ticket) && auth.len && !http_get(&r->head, "Sec-Fetch-Site").ptr)
		ask_route(p, ROUTE_TOKEN, label, auth);
	else
		ask_route(p, is_download(r) ? ROUTE_DOWNLOAD : ROUTE_BROWSER, label,
		          ticket_ok(ticket) ? ticket : STR_NONE);
}

void proxy_files(struct edge *e, struct http_req *r, enum route_kind kind, struct str id,
                 struct str secret, struct str target)
{
	struct proxy *p = proxy_new(e, r, TO_FILES);

	if (!p)
		return;
	p->target = target;
	/* A body can't be sent twice: it had better go where the files are now. */
	if (p->has_body)
		route_forget(e, kind, id, secret);
	ask_route(p, kind, id, secret);
}

/* "/-/s/<id>/rest?query" → "/rest?query", without tokens in the query: VS Code
 * and scripts put them there for WebSockets. */
static bool program_target(struct proxy *p, struct str id, struct str *ret_token)
{
	struct buf b = BUF(HTTP_LINE_MAX + 16);
	struct str t = p->r->head.target;
	size_t skip = sizeof("/-/s/") - 1 + id.len;

	p->prefix = str_sub(t, 0, skip);
	if (t.len == skip || t.ptr[skip] != '/')
		buf_put_c(&b, '/');
	*ret_token = fields_strip_token(str_sub(t, skip, t.len), &b);
	p->target = arena_str(&p->r->arena, buf_str(&b));
	buf_fini(&b);
	return p->target.ptr != NULL;
}

void proxy_program(struct edge *e, struct http_req *r)
{
	struct str auth = http_get(&r->head, "Authorization"), id = r->url.seg[2], token;
	struct proxy *p = proxy_new(e, r, TO_PROGRAM);

	if (!p)
		return;
	if (!program_target(p, id, &token)) {
		refuse_console_away(r);
		return;
	}
	if (!auth.ptr && token.len && http_is_token(token))
		auth = arena_printf(&r->arena, "token %.*s", STR_ARG(token));
	if (!auth.len) {
		refuse_route(e, r, NULL, 401, true);
		return;
	}
	ask_route(p, ROUTE_PROGRAM, id, auth);
}
