/* SPDX-License-Identifier: Apache-2.0 */
/* Why a session still runs, or was stopped: for its owner, and of all sessions
 * for administrators, who may also stop one and say why. */
#include <errno.h>
#include <stdio.h>

#include "api/clocks.h"
#include "api/do.h"
#include "api/launch.h"
#include "api/live.h"
#include "api/show.h"
#include "api/sse.h"
#include "base/encode.h"
#include "store/feed.h"
#include "store/fleet.h"
#include "store/notices.h"
#include "store/sessions.h"
#include "store/workspaces.h"

#define REASON_SHOWN 200 /* characters of an administrator's reason */

/* --- what both show --- */

static void show_clock(struct jsonw *w, const char *kind, boot_ns at, const struct now *now)
{
	if (!at)
		return;
	jw_obj(w);
	jw_kv_z(w, "kind", kind);
	jw_kv_time(w, "at", clock_wall_of(now, at));
	jw_obj_end(w);
}

static void show_clocks(struct jsonw *w, const struct session *s, boot_ns last_active,
                        const struct now *now)
{
	struct session idle = *s;
	const char *why;

	jw_key(w, "clocks");
	jw_arr(w);
	if (s->state == SESSION_RUNNING) {
		idle.max_s = 0;
		idle.calendar_at = idle.lease_until = 0;
		show_clock(w, "idle", deadline_at_row(&idle, last_active, &why), now);
		show_clock(w, "max", deadline_max_at(s), now);
		show_clock(w, "calendar", s->calendar_at, now);
		show_clock(w, "budget", s->lease_until, now);
	}
	jw_arr_end(w);
}

static void show_minutes(struct jsonw *w, struct core *core, const struct session *s,
                         const struct live *l)
{
	struct buf b = BUF(ACTIVITY_JSON_MAX);

	jw_key(w, "minutes");
	if (l && l->clocks.tracked)
		activity_put(w, &l->clocks.activity);
	else if (session_get_activity(store_reader(core->store), STR(""), str_of(s->id), &b) >
	             0 &&
	         buf_len(&b))
		jw_raw(w, buf_str(&b));
	else
		jw_raw(w, STR("[]"));
	buf_fini(&b);
}

static void show_activity(struct jsonw *w, struct core *core, const struct session *row)
{
	struct now now = core_now(core);
	struct buf verdict = BUF(4096);
	struct session s = *row;
	const struct live *l = live_overlay(core, &s);
	boot_ns last_active = l && l->has_activity ? l->last_active : 0;

	show_clocks(w, &s, last_active, &now);
	jw_kv_raw(w, "evidence", s.evidence[0] ? str_of(s.evidence) : STR("{}"));
	activity_verdict(&s, last_active, &now, &verdict);
	jw_kv_str(w, "verdict", buf_str(&verdict));
	if (s.state == SESSION_RUNNING && last_active)
		jw_kv_bool(w, "in_use", last_active + ACTIVITY_MINUTE_NS > now.boot);
	else
		jw_kv_null(w, "in_use");
	show_time(w, "last_active_at", last_active ? clock_wall_of(&now, last_active) : 0);
	show_minutes(w, core, &s, l);
	buf_fini(&verdict);
}

void do_session_activity(struct call *c)
{
	struct db *db = store_reader(c->core->store);
	struct jsonw w = JSONW(&c->out);
	struct session s;

	if (session_get(db, str_of(c->who.account_id), c->path_id, &s) <= 0) {
		call_not_found(c);
		return;
	}
	live_watch(c->core, c->path_id);
	jw_obj(&w);
	jw_kv_z(&w, "session_id", s.id);
	show_activity(&w, c->core, &s);
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}

/* --- all owners --- */

struct list_out {
	struct call *c;
	struct jsonw *w;
	struct page page;
};

static void on_row(void *arg, const struct session *s, const struct account *owner, int64_t seq)
{
	struct list_out *o = arg;
	struct workspace ws;

	if (!page_row(&o->page, seq) ||
	    workspace_by_id(store_reader(o->c->core->store), str_of(s->workspace_id), &ws) <= 0)
		return;
	live_watch(o->c->core, str_of(s->id));
	jw_obj(o->w);
	jw_key(o->w, "account");
	jw_obj(o->w);
	jw_kv_z(o->w, "id", owner->id);
	jw_kv_z(o->w, "email", owner->email);
	jw_kv_z(o->w, "name", owner->name);
	jw_obj_end(o->w);
	jw_key(o->w, "session");
	show_session(o->w, o->c->core, SHOW_LIVE, s, &ws);
	show_activity(o->w, o->c->core, s);
	jw_obj_end(o->w);
}

void do_admin_sessions(struct call *c)
{
	struct str state = call_query(c, "state");
	struct fleet_filter f = { .state = state.ptr ? state : STR("live"),
		                  .account = call_query(c, "account"),
		                  .text = call_query(c, "q") };
	struct jsonw w = JSONW(&c->out);
	struct list_out o = { .c = c, .w = &w };
	enum session_state s;

	if (str_is(f.state, "all")) {
		f.state = STR("");
	} else if (!str_is(f.state, "live") && session_state_parse(f.state, &s) < 0) {
		call_fail(c, PROBLEM_INVALID_FIELD, "state",
		          "'state' is live, all, queued, starting, running, stopping, stopped, "
		          "failed or lost.");
		return;
	}
	if (!call_page(c, &o.page))
		return;
	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	if (fleet_list(store_reader(c->core->store), &f, o.page.before, o.page.limit + 1,
	               on_row, &o) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The sessions can't be read; try again.");
		return;
	}
	jw_arr_end(&w);
	page_next(&w, &o.page);
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}

/* --- stopped by an administrator --- */

struct order {
	char reason[REASON_SHOWN * 4 + 1];
	bool stopping;
	struct session session;
};

/* What the owner reads: in the session's line and as a notice. */
static int tell_owner(struct db *db, struct call *c, const struct workspace *ws,
                      struct err *err)
{
	const struct order *o = c->own;
	struct buf text = BUF(4096), data = BUF(8192);
	struct jsonw w = JSONW(&data);
	int r;

	buf_printf(&text, "%s was stopped by an administrator: %s", ws->name, o->reason);
	jw_obj(&w);
	jw_kv_str(&w, "text", buf_str(&text));
	jw_kv_z(&w, "workspace_id", ws->id);
	jw_kv_z(&w, "workspace_name", ws->name);
	jw_kv_z(&w, "reason", o->reason);
	jw_obj_end(&w);
	r = buf_error(&data);
	if (r == 0)
		r = notice_add(db, ws->account_id, "stopped-by-admin", o->session.id,
		               buf_str(&data), c->now.wall, err);
	buf_fini(&text);
	buf_fini(&data);
	return r;
}

static int audit_reason(struct db *db, struct call *c, struct err *err)
{
	const struct order *o = c->own;
	struct buf b = BUF(4096);
	struct jsonw w = JSONW(&b);
	int r;

	jw_obj(&w);
	jw_kv_z(&w, "reason", o->reason);
	jw_kv_z(&w, "owner", o->session.account_id);
	jw_obj_end(&w);
	r = call_audit_buf(db, c, o->session.id, &b, err);
	buf_fini(&b);
	return r;
}

static int end_queued(struct db *db, struct workspace *ws, const struct session *s,
                      struct err *err)
{
	ws->session_id[0] = '\0';
	memcpy(ws->last_session_id, s->id, sizeof(ws->last_session_id));
	return workspace_set_sessions(db, ws, err);
}

static int order_stop(struct db *db, struct call *c, struct workspace *ws, struct err *err)
{
	struct order *o = c->own;
	struct session *s = &o->session;
	bool queued = s->state == SESSION_QUEUED;
	int r =
	    session_move(s, queued ? SESSION_STOPPED : SESSION_STOPPING, "admin", &c->now, err);

	if (r < 0)
		return r;
	o->stopping = !queued;
	(void)snprintf(s->message, sizeof(s->message), "Stopped by an administrator: %.*s",
	               (int)utf8_whole(str_sub(str_of(o->reason), 0, MESSAGE_MAX - 64)),
	               o->reason);
	r = session_update(db, s, err);
	if (r == 0 && queued)
		r = end_queued(db, ws, s, err);
	if (r == 0)
		r = tell_owner(db, c, ws, err);
	if (r == 0)
		r = event_add(db, s->account_id, "session", s->id, err);
	return r == 0 ? audit_reason(db, c, err) : r;
}

static int tx_stop(struct db *db, struct call *c, struct err *err)
{
	struct order *o = c->own;
	struct jsonw w = JSONW(&c->out);
	struct workspace ws;
	int r = session_by_id(db, c->path_id, &o->session);

	o->stopping = false;
	if (r > 0)
		r = workspace_by_id(db, str_of(o->session.workspace_id), &ws);
	if (r <= 0)
		return call_problem(c, PROBLEM_NOT_FOUND, NULL,
		                    "There is no such session. Check the id.");
	if (!session_is_live(o->session.state))
		return call_problem(c, PROBLEM_CONFLICT, NULL, "The session is %s already.",
		                    session_state_name(o->session.state));
	r = o->session.state == SESSION_STOPPING ? 0 : order_stop(db, c, &ws, err);
	if (r == 0)
		show_session(&w, c->core, SHOW_ROW, &o->session, &ws);
	return r;
}

static void after_stop(struct call *c)
{
	const struct order *o = c->own;

	live_track(c->core, &o->session);
	sse_wake(c->core, o->session.account_id);
	if (o->stopping)
		launch_stop(c->core, str_of(o->session.id), o->session.epoch, "admin");
	else
		launch_kick(c->core);
}

void do_admin_stop(struct call *c)
{
	struct order *o = ARENA_NEW(&c->arena, struct order);
	struct str reason = str_trim(call_str(c, "reason"));

	CHECK(o);
	c->own = o;
	if (reason.len == 0 || reason.len >= sizeof(o->reason)) {
		call_fail(c, PROBLEM_INVALID_FIELD, "reason",
		          "Say why, in 1 to %d characters: the owner reads it.", REASON_SHOWN);
		return;
	}
	(void)snprintf(o->reason, sizeof(o->reason), "%.*s", STR_ARG(reason));
	call_commit(c, tx_stop, after_stop);
}
