/* SPDX-License-Identifier: Apache-2.0 */
#include "api/sse.h"

#include <errno.h>
#include <stdio.h>

#include "api/call-auth.h"
#include "api/console.h"
#include "api/line.h"
#include "api/show.h"
#include "api/state.h"
#include "store/feed.h"
#include "store/sessions.h"
#include "store/workspaces.h"

#define SUBS_MAX         2000U
#define SUBS_PER_ACCOUNT 32U
#define EVENTS_A_TURN    32U
#define EVENT_MAX        (64UL * 1024)
#define PENDING_MAX      (256UL * 1024) /* unsent bytes of one reader: then it waits */

/* One reader. Owned by its request: dies in on_free. */
struct sub {
	struct list node;
	struct core *core;
	struct http_req *req;
	struct actor who;
	int64_t seq;  /* the last event it was given */
	bool waiting; /* for its own queue to drain */
};

static void frame(struct buf *b, const char *event, int64_t seq, struct str data)
{
	if (seq)
		buf_printf(b, "id: %lld\n", (long long)seq);
	buf_printf(b, "event: %s\ndata: ", event);
	buf_put_str(b, data); /* our JSON writer makes no line breaks */
	buf_put_z(b, "\n\n");
}

/* The object as it is now: an event says that something changed, and a
 * reader who comes late needs the present only. */
static bool object(struct core *core, const char *account_id, const struct feed_event *e,
                   struct buf *b)
{
	struct db *db = store_reader(core->store);
	struct jsonw w = JSONW(b);
	struct workspace_view *v = xcalloc(1, sizeof(*v));
	struct str account = str_of(account_id), id = str_of(e->object_id);
	bool found = false;

	if (strcmp(e->kind, "session") == 0) {
		found = session_get(db, account, id, &v->session) > 0 &&
		        workspace_by_id(db, str_of(v->session.workspace_id), &v->w) > 0;
		if (found)
			show_session(&w, core, SHOW_LIVE, &v->session, &v->w);
	} else if (strcmp(e->kind, "workspace") == 0) {
		found = workspace_get(db, account, id, v) > 0;
		if (found)
			show_workspace(&w, core, SHOW_LIVE, v);
	}
	free(v);
	return found;
}

static bool on_event(void *arg, const struct feed_event *e)
{
	struct sub *s = arg;
	struct buf data = BUF(EVENT_MAX), out = BUF(EVENT_MAX + 256);
	struct str body = e->data;
	bool sent = true;

	if (body.len == 0)
		body = object(s->core, s->who.account_id, e, &data) ? buf_str(&data) : STR_NONE;
	if (body.len && !buf_error(&data)) {
		frame(&out, e->kind, e->seq, body);
		sent = buf_error(&out) == 0 && http_data(s->req, buf_str(&out)) == 0;
		s->core->count.events_sent += sent;
	}
	if (sent)
		s->seq = e->seq;
	buf_fini(&data);
	buf_fini(&out);
	return sent && http_pending(s->req) < PENDING_MAX;
}

static void pump(struct sub *s)
{
	int64_t before;
	unsigned rounds = 0;

	do {
		before = s->seq;
		if (http_pending(s->req) >= PENDING_MAX) {
			s->waiting = true;
			return;
		}
		if (event_list(store_reader(s->core->store), str_of(s->who.account_id), s->seq,
		               EVENTS_A_TURN, on_event, s) < 0)
			return;
	} while (s->seq != before && ++rounds < 64);
	s->waiting = s->seq != before;
}

static void on_drain(struct http_req *r)
{
	struct sub *s = r->user;

	if (s->waiting)
		pump(s);
}

static void on_free(struct http_req *r)
{
	struct sub *s = r->user;

	list_del(&s->node);
	s->core->nsubs--;
	free(s);
}

static unsigned readers(struct core *core, const char *account_id)
{
	unsigned n = 0;

	list_for_each (it, &core->subs) {
		struct sub *s = LIST_ENTRY(it, struct sub, node);

		n += strcmp(s->who.account_id, account_id) == 0;
	}
	return n;
}

bool sse_has_reader(struct core *core, const char *account_id)
{
	return readers(core, account_id) > 0;
}

/* Where to go on: after what the client saw, if nothing after it is gone. */
static int64_t resume_at(struct call *c, int64_t first, int64_t last, bool *ret_resumed)
{
	struct str id = http_get(&c->req->head, "Last-Event-ID");
	uint64_t seen;

	*ret_resumed = false;
	if (!id.ptr || str_to_u64(id, 0, INT64_MAX, &seen) < 0 || (int64_t)seen > last)
		return last;
	if (first && (int64_t)seen + 1 < first)
		return last;
	*ret_resumed = true;
	return (int64_t)seen;
}

static void hello(struct sub *s, bool resumed)
{
	char text[128];
	int n =
	    snprintf(text, sizeof(text), "retry: 1000\nid: %lld\nevent: hello\ndata: {%s}\n\n",
	             (long long)s->seq, resumed ? "\"resumed\":true" : "");

	s->waiting = http_data(s->req, (struct str){ text, (size_t)n }) < 0;
}

void sse_begin(struct call *c)
{
	struct core *core = c->core;
	struct http_req *r = c->req;
	int64_t first = 0, last = 0;
	bool resumed;
	struct sub *s;

	if (core->nsubs >= SUBS_MAX || readers(core, c->who.account_id) >= SUBS_PER_ACCOUNT) {
		call_fail(c, PROBLEM_STREAMS, NULL, "Close other tabs of this account first.");
		return;
	}
	if (event_range(store_reader(core->store), &first, &last) <= 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The events can't be read; try again.");
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->core = core;
	s->who = c->who;
	s->req = r;
	s->seq = resume_at(c, first, last, &resumed);
	call_free(c);
	r->user = s;
	r->on_free = on_free;
	r->on_drain = on_drain;
	list_push(&core->subs, &s->node);
	core->nsubs++;
	core->count.requests[2]++;
	http_hdr(r, "Content-Type", STR("text/event-stream"));
	console_headers(r, core->cfg);
	http_hdr(r, "Cache-Control", STR("no-store"));
	http_hdr(r, "X-Accel-Buffering", STR("no"));
	http_begin(r, 200, HTTP_CHUNKED);
	hello(s, resumed);
	pump(s);
	line_greet(core, s->who.account_id);
}

void sse_wake(struct core *core, const char *account_id)
{
	list_for_each (it, &core->subs) {
		struct sub *s = LIST_ENTRY(it, struct sub, node);

		if (!s->waiting && strcmp(s->who.account_id, account_id) == 0)
			pump(s);
	}
}

void sse_tell(struct core *core, const char *account_id, const char *event, struct str data)
{
	struct buf out = BUF(EVENT_MAX + 256);

	frame(&out, event, 0, data);
	list_for_each (it, &core->subs) {
		struct sub *s = LIST_ENTRY(it, struct sub, node);

		/* Who lags behind gets the next one. */
		if (!buf_error(&out) && !s->waiting && http_pending(s->req) < PENDING_MAX / 4 &&
		    strcmp(s->who.account_id, account_id) == 0 &&
		    http_data(s->req, buf_str(&out)) < 0)
			s->waiting = true;
	}
	buf_fini(&out);
}

void sse_session_now(struct core *core, const struct live *l)
{
	struct feed_event e = { .kind = "session" };
	struct buf data = BUF(EVENT_MAX);

	if (!sse_has_reader(core, l->account_id))
		return;
	memcpy(e.object_id, l->id, sizeof(e.object_id));
	if (object(core, l->account_id, &e, &data) && !buf_error(&data))
		sse_tell(core, l->account_id, "session", buf_str(&data));
	buf_fini(&data);
}

void sse_tick(struct core *core)
{
	struct now now = core_now(core);

	list_for_each_safe (it, &core->subs) {
		struct sub *s = LIST_ENTRY(it, struct sub, node);

		if (!auth_still(core, &s->who, &now))
			http_end(s->req);
		else if (http_data(s->req, STR(":\n\n")) < 0)
			s->waiting = true;
	}
}

void sse_close_all(struct core *core)
{
	list_for_each_safe (it, &core->subs) {
		struct sub *s = LIST_ENTRY(it, struct sub, node);

		http_abort(s->req);
	}
}
