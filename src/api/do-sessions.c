/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "api/do.h"
#include "api/launch.h"
#include "api/link.h"
#include "api/live.h"
#include "api/show.h"
#include "api/sse.h"
#include "api/state.h"
#include "auth/secret.h"
#include "core/deadline.h"
#include "store/feed.h"
#include "store/sessions.h"
#include "store/workspaces.h"

#define ENTRY_TTL_S 30
#define LOG_BYTES   (256 * 1024)

struct list_out {
	struct call *c;
	struct jsonw *w;
	struct page page;
};

static void on_session(void *arg, const struct session *s, int64_t seq)
{
	struct list_out *o = arg;
	struct workspace ws;

	if (!page_row(&o->page, seq))
		return;
	if (workspace_by_id(store_reader(o->c->core->store), str_of(s->workspace_id), &ws) > 0)
		show_session(o->w, o->c->core, SHOW_LIVE, s, &ws);
}

void do_sessions(struct call *c)
{
	struct str state = call_query(c, "state");
	struct jsonw w = JSONW(&c->out);
	struct list_out o = { .c = c, .w = &w };
	enum session_state s;
	struct list_of of;

	if (state.ptr && session_state_parse(state, &s) < 0) {
		call_fail(
		    c, PROBLEM_INVALID_FIELD, "state",
		    "'state' is queued, starting, running, stopping, stopped, failed or lost.");
		return;
	}
	if (!call_page(c, &o.page))
		return;
	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	of = call_list(c, &o.page);
	if (session_list(store_reader(c->core->store), &of, state,
	                 call_query(c, "workspace_id"), on_session, &o) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The sessions can't be read; try again.");
		return;
	}
	jw_arr_end(&w);
	page_next(&w, &o.page);
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}

/* The path's session and its workspace; false: 404 was sent. */
static bool find(struct call *c, struct session *s, struct workspace *ws)
{
	struct db *db = store_reader(c->core->store);

	if (session_get(db, str_of(c->who.account_id), c->path_id, s) > 0 &&
	    workspace_by_id(db, str_of(s->workspace_id), ws) > 0)
		return true;
	call_not_found(c);
	return false;
}

void do_session(struct call *c)
{
	struct jsonw w = JSONW(&c->out);
	struct workspace ws;
	struct session s;

	if (!find(c, &s, &ws))
		return;
	live_watch(c->core, c->path_id);
	show_session(&w, c->core, SHOW_LIVE, &s, &ws);
	call_reply(c, 200, CONTENT_JSON);
}

/* --- logs --- */

static void show_log(struct call *c, struct str text)
{
	struct jsonw w = JSONW(&c->out);

	jw_obj(&w);
	jw_kv_str(&w, "session_id", c->path_id);
	jw_kv_str(&w, "text", text); /* the session's own words: as JSON text only */
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}

static void on_log(struct link *link, const struct wire_msg *m, const struct err *err,
                   void *arg)
{
	struct call *c = arg;

	c->in_flight = false;
	if (m && m->type == WIRE_SESSION_LOG_OK)
		show_log(c, m->session_log_ok.text);
	else if (err && err->code == -ENOENT)
		show_log(c, STR("")); /* never ran, or long gone */
	else
		call_fail(c, PROBLEM_ENGINE_AWAY, NULL,
		          "The container engine did not answer; try again.");
}

void do_session_logs(struct call *c)
{
	struct wire_msg m = { .type = WIRE_SESSION_LOG };
	struct workspace ws;
	struct session s;

	if (!find(c, &s, &ws))
		return;
	m.session_log = (struct wire_session_log){ .session = c->path_id,
		                                   .epoch = s.epoch,
		                                   .max_bytes = LOG_BYTES };
	c->in_flight = c->taken = true;
	link_call(c->core->link, &m, on_log, c);
}

/* --- extend --- */

struct extension {
	char id[ID_MAX];
	uint64_t seconds;
	boot_ns stop_at; /* as the loop knows it: newer than the row */
	char stop_why[16];
	struct session session;
};

static int cant_extend(struct call *c, const struct session *s)
{
	const char *why;

	(void)deadline_bound(s, &why);
	if (strcmp(why, "budget") == 0)
		return call_problem(c, PROBLEM_CONFLICT, NULL,
		                    "The session stops when its budget is used up, and can't "
		                    "run longer. Raise the budget, or ask who may.");
	return call_problem(c, PROBLEM_CONFLICT, NULL,
	                    "The session stops at its longest time, %u seconds, and can't "
	                    "run longer. Stop and start it again.",
	                    s->max_s);
}

static int tx_extend(struct db *db, struct call *c, struct err *err)
{
	struct extension *x = c->own;
	struct jsonw w = JSONW(&c->out);
	struct workspace ws;
	struct session s;
	int r = session_get(db, str_of(c->who.account_id), str_of(x->id), &s);

	if (r > 0)
		r = workspace_by_id(db, str_of(s.workspace_id), &ws);
	if (r <= 0)
		return call_problem(
		    c, PROBLEM_NOT_FOUND, NULL,
		    "There is no such thing, or it is not yours. Check the id.");
	if (s.state != SESSION_RUNNING)
		return call_problem(c, PROBLEM_CONFLICT, NULL,
		                    "Only a running session can be extended; this one is %s.",
		                    session_state_name(s.state));
	/* Later or, by a clock that came since, earlier than the row says. */
	if (x->stop_at) {
		s.stop_at = x->stop_at;
		memcpy(s.stop_why, x->stop_why, sizeof(s.stop_why));
	}
	if (deadline_extend(&s, x->seconds, c->now.boot) < 0)
		return cant_extend(c, &s);
	r = session_update(db, &s, err);
	if (r == 0)
		r = event_add(db, s.account_id, "session", s.id, err);
	if (r == 0)
		r = call_audit(db, c, s.id, "", err);
	x->session = s;
	if (r == 0)
		show_session(&w, c->core, SHOW_ROW, &s, &ws);
	return r;
}

static void after_extend(struct call *c)
{
	struct extension *x = c->own;
	struct live *l = live_find(c->core, str_of(x->id));
	struct jsonw w = JSONW(&c->out);
	struct workspace ws;

	if (l) {
		l->stop_at = x->session.stop_at;
		memcpy(l->stop_why, x->session.stop_why, sizeof(l->stop_why));
		live_plan(l);
	}
	/* Shown again with what is known here. */
	buf_clear(&c->out);
	if (workspace_by_id(store_reader(c->core->store), str_of(x->session.workspace_id),
	                    &ws) > 0)
		show_session(&w, c->core, SHOW_LIVE, &x->session, &ws);
	sse_wake(c->core, x->session.account_id);
	launch_deadline(c->core, &x->session, c);
}

void extend_session(struct call *c, const char *session_id, uint64_t seconds)
{
	struct extension *x = ARENA_NEW(&c->arena, struct extension);
	struct live *l = live_find(c->core, str_of(session_id));

	CHECK(x);
	c->own = x;
	(void)snprintf(x->id, sizeof(x->id), "%s", session_id);
	x->seconds = seconds;
	if (l && l->has_activity) {
		x->stop_at = l->stop_at;
		memcpy(x->stop_why, l->stop_why, sizeof(x->stop_why));
	}
	/* The shim keeps the deadline: a promise that it can't hear is none. */
	if (!link_soon(c->core->link)) {
		call_fail(c, PROBLEM_ENGINE_AWAY, NULL,
		          "The container engine does not answer just now; try again.");
		return;
	}
	call_commit(c, tx_extend, after_extend);
}

void do_extend(struct call *c)
{
	struct workspace ws;
	struct session s;

	if (find(c, &s, &ws))
		extend_session(c, s.id, (uint64_t)call_int(c, "seconds", 0));
}

/* --- enter --- */

static int tx_enter(struct db *db, struct call *c, struct err *err)
{
	const struct core_cfg *cfg = c->core->cfg;
	struct entry e = { .expiry = expiry_from(&c->now, ENTRY_TTL_S) };
	char code[SECRET_LEN + 1], url[256];
	struct jsonw w = JSONW(&c->out);
	uint8_t hash[HASH_LEN];
	struct workspace ws;
	struct session s;
	int n, r = session_get(db, str_of(c->who.account_id), c->path_id, &s);

	if (r > 0)
		r = workspace_by_id(db, str_of(s.workspace_id), &ws);
	if (r <= 0)
		return call_problem(
		    c, PROBLEM_NOT_FOUND, NULL,
		    "There is no such thing, or it is not yours. Check the id.");
	if (s.state != SESSION_RUNNING)
		return call_problem(c, PROBLEM_CONFLICT, NULL,
		                    "The session is %s; it can be opened while it runs.",
		                    session_state_name(s.state));
	memcpy(e.account_id, c->who.account_id, sizeof(e.account_id));
	memcpy(e.workspace_id, ws.id, sizeof(e.workspace_id));
	memcpy(e.login_id, c->who.login_id, sizeof(e.login_id));
	memcpy(e.token_id, c->who.token_id, sizeof(e.token_id));
	secret_make(code, hash);
	r = entry_code_insert(db, &e, hash, err);
	if (r < 0)
		return r;
	n = snprintf(url, sizeof(url), "%s://%s.%s", cfg->session_scheme, ws.label,
	             cfg->session_host);
	jw_obj(&w);
	jw_kv_z(&w, "code", code);
	jw_kv_str(&w, "url", (struct str){ url, (size_t)n });
	jw_kv_time(&w, "expires_at", expiry_at(&e.expiry));
	jw_obj_end(&w);
	return call_audit(db, c, s.id, "", err);
}

void do_enter(struct call *c)
{
	call_commit(c, tx_enter, NULL);
}
