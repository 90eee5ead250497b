/* SPDX-License-Identifier: Apache-2.0 */
#include "api/call.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "api/call-auth.h"
#include "api/console.h"
#include "api/fields.h"
#include "api/keep.h"
#include "api/link.h"
#include "api/state.h"
#include "base/cur.h"
#include "base/log.h"
#include "base/rand.h"
#include "store/books.h"
#include "store/feed.h"

#define BODY_MAX     (64UL * 1024)
#define ARENA_MAX    (1UL << 20)
#define OUT_MAX      (8UL << 20)
#define IDEM_KEY_MAX 255

void call_free(struct call *c)
{
	if (c->req) {
		c->req->user = NULL;
		c->req->on_free = NULL;
	}
	buf_fini(&c->out);
	buf_fini(&c->problem_data);
	arena_fini(&c->arena);
	free(c);
}

/* The client has gone, or the answer is sent. */
static void on_req_free(struct http_req *r)
{
	struct call *c = r->user;

	c->req = NULL;
	if (!c->in_flight)
		call_free(c);
}

/* --- answers --- */

static void put_headers(struct call *c, enum content_class content)
{
	static const char *const types[] = {
		[CONTENT_JSON] = "application/json",
		[CONTENT_PROBLEM] = "application/problem+json",
		[CONTENT_METRICS] = "text/plain; version=0.0.4; charset=utf-8",
		[CONTENT_LINES] = "text/csv; charset=utf-8",
		[CONTENT_PAGE] = "text/html; charset=utf-8",
	};
	struct http_req *r = c->req;

	if (content != CONTENT_NONE)
		http_hdr(r, "Content-Type", str_of(types[content]));
	if (content == CONTENT_LINES || content == CONTENT_PAGE)
		http_hdrf(r, "Content-Disposition", "attachment; filename=\"%s\"",
		          c->filename[0] ? c->filename : "usage.csv");
	http_hdr(r, "Content-Security-Policy",
	         content == CONTENT_PAGE
	             ? STR("default-src 'none'; style-src 'unsafe-inline'; sandbox; "
	                   "frame-ancestors 'none'")
	             : STR("default-src 'none'; frame-ancestors 'none'"));
	console_headers(r, c->core->cfg);
	http_hdr(r, "Cache-Control", STR("no-store"));
	http_hdr(r, "X-Request-Id", str_of(c->request_id));
	if (c->cookie[0])
		http_hdr(r, "Set-Cookie", str_of(c->cookie));
	if (c->etag[0])
		http_hdr(r, "ETag", str_of(c->etag));
	if (c->retry_after_s)
		http_hdrf(r, "Retry-After", "%u", c->retry_after_s);
	if (c->replayed)
		http_hdr(r, "Idempotent-Replayed", STR("true"));
}

static void count_status(struct call *c, unsigned status)
{
	c->core->count.requests[status / 100 < 6 ? status / 100 : 5]++;
	if (c->route && c->route->audit)
		log_event(status < 500 ? LOG_INFO : LOG_WARN, "call",
		          LZ("verb", c->route->audit), LI("status", status),
		          LZ("req", c->request_id), LZ("user", c->who.account_id));
}

void call_reply(struct call *c, unsigned status, enum content_class content)
{
	if (buf_error(&c->out)) {
		c->problem = PROBLEM_NONE;
		call_fail(c, PROBLEM_INTERNAL, NULL,
		          "The answer is too large; ask for fewer items with limit.");
		return;
	}
	count_status(c, status);
	if (c->req) {
		put_headers(c, content);
		http_reply(c->req, status, buf_str(&c->out));
	}
	call_free(c);
}

void call_refuse(struct call *c)
{
	unsigned status = problem_status(c->problem);
	struct jsonw w = JSONW(&c->out);

	buf_clear(&c->out);
	c->cookie[0] = c->etag[0] = '\0';
	if (!c->retry_after_s && (status == 503 || status == 429))
		c->retry_after_s = status == 503 ? 1 : 10;
	if (status == 401 && c->req)
		http_hdr(c->req, "WWW-Authenticate", STR("Bearer realm=\"carrel\""));
	problem_json_with(&w, c->problem, str_of(c->detail), c->request_id,
	                  c->field[0] ? c->field : NULL, buf_str(&c->problem_data));
	call_reply(c, status, CONTENT_PROBLEM);
}

static void set_problem(struct call *c, enum problem p, const char *field, const char *fmt,
                        va_list ap)
{
	c->problem = p;
	(void)snprintf(c->field, sizeof(c->field), "%s", field ? field : "");
	(void)vsnprintf(c->detail, sizeof(c->detail), fmt, ap);
}

int call_problem(struct call *c, enum problem p, const char *field, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_problem(c, p, field, fmt, ap);
	va_end(ap);
	return -ECANCELED;
}

void call_fail(struct call *c, enum problem p, const char *field, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set_problem(c, p, field, fmt, ap);
	va_end(ap);
	call_refuse(c);
}

void call_not_found(struct call *c)
{
	call_fail(c, PROBLEM_NOT_FOUND, NULL,
	          "There is no such thing, or it is not yours. Check the id.");
}

/* --- transactions --- */

/* status, cookie, etag, body: what makes the same answer again. */
static void answer_pack(const struct call *c, struct buf *b)
{
	buf_put_u16le(b, (uint16_t)c->status);
	buf_put_u16le(b, (uint16_t)strlen(c->cookie));
	buf_put_z(b, c->cookie);
	buf_put_u16le(b, (uint16_t)strlen(c->etag));
	buf_put_z(b, c->etag);
	buf_put_str(b, buf_str(&c->out));
}

static int answer_unpack(struct call *c, struct str s)
{
	struct cur in = cur_of(s);
	struct str cookie, etag;

	c->status = cur_u16le(&in);
	cookie = cur_bytes(&in, cur_u16le(&in));
	etag = cur_bytes(&in, cur_u16le(&in));
	if (cur_bad(&in) || cookie.len >= sizeof(c->cookie) || etag.len >= sizeof(c->etag))
		return -EBADMSG;
	(void)snprintf(c->cookie, sizeof(c->cookie), "%.*s", STR_ARG(cookie));
	(void)snprintf(c->etag, sizeof(c->etag), "%.*s", STR_ARG(etag));
	buf_put_str(&c->out, cur_bytes(&in, cur_left(&in)));
	return 0;
}

/* 1 answered from the store, 0 go on, -errno. */
static int replay(struct db *db, struct call *c, struct err *err)
{
	struct buf sealed = BUF(OUT_MAX), plain = BUF(OUT_MAX);
	int r = idempotency_get(db, str_of(c->who.account_id), c->idem.key_hash,
	                        c->idem.request, &sealed);

	if (r == -EEXIST)
		r = call_problem(
		    c, PROBLEM_KEY_REUSED, NULL,
		    "This Idempotency-Key was used for another request. Make a new "
		    "key for each request, and repeat it only with the same one.");
	else if (r > 0 && (idem_open(&c->idem, buf_str(&sealed), &plain) < 0 ||
	                   answer_unpack(c, buf_str(&plain)) < 0))
		r = ERR(err, -EBADMSG, "A kept answer can't be read.");
	if (r > 0)
		c->replayed = true;
	buf_fini(&sealed);
	buf_fini(&plain);
	return r;
}

static int keep_answer(struct db *db, struct call *c, struct err *err)
{
	struct buf plain = BUF(OUT_MAX), sealed = BUF(OUT_MAX + 64);
	int r;

	answer_pack(c, &plain);
	idem_seal(&c->idem, buf_str(&plain), &sealed);
	r = buf_error(&plain) ? -E2BIG : buf_error(&sealed);
	if (r == 0)
		r = idempotency_put(db, str_of(c->who.account_id), c->idem.key_hash,
		                    c->idem.request, buf_str(&sealed), err);
	buf_fini(&plain);
	buf_fini(&sealed);
	return r;
}

static int run_tx(struct db *db, struct store_job *j, struct err *err)
{
	struct call *c = CONTAINER_OF(j, struct call, job);
	int r;

	c->problem = PROBLEM_NONE;
	buf_clear(&c->problem_data);
	c->status = c->route->ok;
	c->cookie[0] = c->etag[0] = '\0';
	c->replayed = false;
	buf_clear(&c->out);
	if (c->has_idem) {
		r = replay(db, c, err);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	if (!c->tx) /* it was there a moment ago: now too old, to the day */
		return call_problem(c, PROBLEM_BUSY, NULL, "Send the request again.");
	r = c->tx(db, c, err);
	/* Nothing is done that can't be answered, least of all a half answer kept. */
	if (r >= 0 && buf_error(&c->out))
		r = ERR(err, buf_error(&c->out), "The answer can't be made.");
	if (r >= 0 && c->has_idem)
		r = keep_answer(db, c, err);
	return r < 0 ? r : 0;
}

static void tx_done(struct store_job *j)
{
	struct call *c = CONTAINER_OF(j, struct call, job);

	c->in_flight = false;
	if (j->result < 0) {
		if (c->problem == PROBLEM_NONE) {
			c->problem = problem_of(j->result);
			if (c->problem == PROBLEM_INTERNAL)
				log_err(LOG_ERROR, "transaction", &j->err);
			c->detail[0] = '\0';
		}
		call_refuse(c);
		return;
	}
	if (c->after && !c->replayed)
		c->after(c);
	else
		c->taken = false;
	if (!c->taken)
		call_reply(c, c->status,
		           c->status >= 400   ? CONTENT_PROBLEM
		           : buf_len(&c->out) ? CONTENT_JSON
		                              : CONTENT_NONE);
}

void call_commit(struct call *c, call_tx_fn *tx, call_fn *after)
{
	c->tx = tx;
	c->after = after;
	c->now = core_now(c->core); /* its body may have come slowly */
	c->job = (struct store_job){ .run = run_tx,
		                     .done = tx_done,
		                     .essential = c->route->flags & ROUTE_ESSENTIAL };
	c->in_flight = true;
	if (store_submit(c->core->store, &c->job) < 0) {
		c->in_flight = false;
		call_fail(c, PROBLEM_BUSY, NULL, "Too much is being written; try again.");
	}
}

int call_audit_as(struct db *db, struct call *c, const char *verb, const char *object,
                  const char *detail, struct err *err)
{
	struct audit_row a = {
		.at = c->now.wall,
		.boot = c->now.boot,
		.account_id = c->who.account_id,
		.actor = c->who.kind == ACTOR_TOKEN ? c->who.token_id
		         : c->who.account_id[0]     ? c->who.account_id
		                                    : "root",
		.verb = verb,
		.object = object,
		.detail = detail,
		.source = c->source,
		.request_id = c->request_id,
	};

	return audit_add(db, &a, err);
}

int call_audit(struct db *db, struct call *c, const char *object, const char *detail,
               struct err *err)
{
	CHECK(c->route->audit);
	return call_audit_as(db, c, c->route->audit, object, detail, err);
}

int call_audit_buf(struct db *db, struct call *c, const char *object, struct buf *detail,
                   struct err *err)
{
	const char *text = buf_cstr(detail);

	if (buf_error(detail) < 0)
		return ERR(err, buf_error(detail), "no memory for the audit log's row");
	return call_audit(db, c, object, text, err);
}

/* --- the beginning --- */

/* A key of 1 to 255 printable characters, on any POST that changes something
 * for somebody. */
static bool take_idempotency_key(struct call *c, struct str body)
{
	struct str key = http_get(&c->req->head, "Idempotency-Key");

	if (!key.ptr || !str_is(c->req->head.method, "POST") || !c->route->audit)
		return true;
	if (c->route->who != WHO_ACCOUNT && c->route->who != WHO_ADMIN &&
	    !(c->route->flags & ROUTE_SECRET))
		return true;
	if (key.len == 0 || key.len > IDEM_KEY_MAX ||
	    http_count(&c->req->head, "Idempotency-Key") > 1) {
		call_fail(c, PROBLEM_BAD_REQUEST, NULL,
		          "An Idempotency-Key has 1 to %d characters.", IDEM_KEY_MAX);
		return false;
	}
	idem_init(&c->idem, key, c->req->head.method, c->req->head.target, body);
	c->has_idem = true;
	return true;
}

/* A repeated request is answered from what was kept, whatever has become of
 * the things that it was about (a password that is no longer the present one). */
static bool is_known(struct call *c)
{
	struct buf b = BUF(OUT_MAX + 64);
	bool known = c->has_idem &&
	             idempotency_get(store_reader(c->core->store), str_of(c->who.account_id),
	                             c->idem.key_hash, c->idem.request, &b) != 0;

	buf_fini(&b);
	return known;
}

static void handle(struct call *c)
{
	bool told = (c->route->flags & ROUTE_TOLD) != 0;

	if (!is_known(c)) {
		c->route->handle(c);
	} else if (told && !link_up(c->core->link)) {
		/* It was kept before the shim could hear of it, and may not have been told. */
		call_fail(c, PROBLEM_ENGINE_AWAY, NULL,
		          "The container engine does not answer just now; try again.");
	} else {
		if (told)
			keep_soon(c->core);
		call_commit(c, NULL, NULL);
	}
}

static void on_body(struct http_req *r, struct str body)
{
	struct call *c = r->user;

	/* A copy: a transaction may outlive the request and its bytes. */
	c->raw = arena_str(&c->arena, body);
	if (fields_body(c, c->raw) && take_idempotency_key(c, c->raw))
		handle(c);
}

static bool content_type_is_json(struct str type)
{
	struct str media = str_trim(str_sub(type, 0, str_chr(type, ';', 0)));

	return str_ieq(media, STR("application/json"));
}

static void want_body(struct call *c)
{
	const struct http_head *h = &c->req->head;
	bool some = h->chunked || (h->has_length && h->length > 0);

	if (h->has_length && h->length > BODY_MAX) {
		call_fail(c, PROBLEM_TOO_LARGE, NULL, "A request's body has at most %lu bytes.",
		          BODY_MAX);
		return;
	}
	/* Also what keeps another site's plain form out. */
	if (some && !content_type_is_json(http_get(h, "Content-Type"))) {
		call_fail(c, PROBLEM_MEDIA_TYPE, NULL,
		          "Send the body as JSON, with Content-Type: application/json.");
		return;
	}
	http_read_body(c->req, BODY_MAX, on_body);
}

static void take_source(struct call *c)
{
	struct str peer = http_get(&c->req->head, "X-Carrel-Peer");

	if (!peer.ptr || peer.len >= sizeof(c->source))
		peer = STR("local");
	(void)snprintf(c->source, sizeof(c->source), "%.*s", STR_ARG(peer));
}

static void begin_route(struct call *c)
{
	char allow[64];

	switch (route_find(&c->req->url, c->req->head.method, &c->route, &c->path_id, allow)) {
	case ROUTE_FOUND:
		c->path_id = arena_str(&c->arena, c->path_id);
		break;
	case ROUTE_OTHER_METHOD:
		http_hdr(c->req, "Allow", str_of(allow));
		call_fail(c, PROBLEM_METHOD, NULL, "Here only %s can be done.", allow);
		return;
	case ROUTE_UNKNOWN:
		if (console_serve(c->req, c->core->cfg)) {
			c->core->count.requests[2]++;
			call_free(c);
			return;
		}
		call_fail(c, PROBLEM_NOT_FOUND, NULL,
		          "There is nothing at this address; /api/v1/openapi.json lists what "
		          "there is.");
		return;
	}
	if (!call_authenticate(c)) {
		call_refuse(c);
		return;
	}
	if (!fields_query(c))
		return;
	if (c->route->flags & ROUTE_BODY)
		want_body(c);
	else if (take_idempotency_key(c, STR_NONE))
		handle(c);
}

void call_begin(struct http_req *r, void *core)
{
	struct call *c = xcalloc(1, sizeof(*c));

	c->core = core;
	c->req = r;
	c->now = core_now(core);
	arena_init(&c->arena, ARENA_MAX);
	buf_init(&c->out, OUT_MAX);
	buf_init(&c->problem_data, OUT_MAX);
	rand_id("r", c->request_id);
	r->user = c;
	r->on_free = on_req_free;
	take_source(c);
	begin_route(c);
}

bool call_may(const struct call *c, enum right right)
{
	return scope_allows(str_of(c->who.scopes), right, c->path_id);
}
