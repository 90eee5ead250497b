/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Home's three questions in one answer: what runs, what can be continued, what
 * it costs; and what waits to be read. One read transaction, so that the parts
 * agree with each other.
 */
#include <errno.h>
#include <stdio.h>

#include "api/budget-book.h"
#include "api/charts.h"
#include "api/do.h"
#include "api/live.h"
#include "api/recents.h"
#include "api/show.h"
#include "api/state.h"
#include "store/home.h"
#include "store/notices.h"
#include "store/sessions.h"
#include "store/workspaces.h"

#define RUNNING_MAX  20U
#define CONTINUE_MAX 8U
#define NOTICES_MAX  5U

struct home {
	struct call *c;
	struct jsonw *w;
	unsigned nrunning;
	struct {
		char id[ID_MAX], workspace_id[ID_MAX], name[NAME_BYTES_MAX + 1];
		bool soon, held;
		boot_ns at;
	} waits[RUNNING_MAX];
	unsigned nwaits;
};

bool session_of(const struct core *core, const char *id, struct session *ret)
{
	return session_by_id(store_reader(core->store), str_of(id), ret) > 0;
}

/* What one should know of it without looking. */
static void note_session(struct home *h, const struct session *row, const struct workspace *ws)
{
	struct session s = *row;
	boot_ns now = time_boot_ns();
	bool soon, held;

	(void)live_overlay(h->c->core, &s);
	soon = s.state == SESSION_RUNNING && s.stop_at &&
	       s.stop_at < now + h->c->core->cfg->deadlines.warn_s * NS_PER_S;
	held = s.state == SESSION_QUEUED && s.held_until > now;
	if ((!soon && !held) || h->nwaits == RUNNING_MAX)
		return;
	memcpy(h->waits[h->nwaits].id, s.id, sizeof(h->waits[0].id));
	memcpy(h->waits[h->nwaits].workspace_id, ws->id, sizeof(h->waits[0].workspace_id));
	memcpy(h->waits[h->nwaits].name, ws->name, sizeof(h->waits[0].name));
	h->waits[h->nwaits].soon = soon;
	h->waits[h->nwaits].held = held;
	h->waits[h->nwaits++].at = soon ? s.stop_at : s.held_until;
}

static void on_running(void *arg, const struct session *s)
{
	struct home *h = arg;
	struct workspace ws;

	if (h->nrunning >= RUNNING_MAX ||
	    workspace_by_id(store_reader(h->c->core->store), str_of(s->workspace_id), &ws) <= 0)
		return;
	h->nrunning++;
	note_session(h, s, &ws);
	live_watch(h->c->core, str_of(s->id));
	show_session(h->w, h->c->core, SHOW_LIVE, s, &ws);
}

static void on_workspace(void *arg, const struct workspace_view *v, int64_t seq)
{
	struct home *h = arg;

	show_workspace(h->w, h->c->core, SHOW_LIVE, v);
}

static void show_wait(struct home *h, unsigned i)
{
	struct now now = core_now(h->c->core);
	uint64_t left = h->waits[i].at > now.boot ? (h->waits[i].at - now.boot) / NS_PER_S : 0;
	char text[NAME_BYTES_MAX + 96];
	unsigned minutes = (unsigned)(left / 60 + 1);

	(void)snprintf(text, sizeof(text),
	               h->waits[i].soon ? "%s stops in about %u %s."
	                                : "It is %s's turn: its place is kept for about %u %s.",
	               h->waits[i].name, minutes, minutes == 1 ? "minute" : "minutes");
	jw_obj(h->w);
	jw_kv_z(h->w, "kind", h->waits[i].soon ? "stops-soon" : "queue-held");
	jw_kv_z(h->w, "text", text);
	jw_kv_z(h->w, "workspace_id", h->waits[i].workspace_id);
	jw_kv_z(h->w, "session_id", h->waits[i].id);
	jw_kv_time(h->w, "at", clock_wall_of(&now, h->waits[i].at));
	jw_obj_end(h->w);
}

static void show_attention(struct home *h)
{
	jw_key(h->w, "attention");
	jw_arr(h->w);
	for (unsigned i = 0; i < h->nwaits; i++)
		show_wait(h, i);
	if (store_stats(h->c->core->store).full) {
		jw_obj(h->w);
		jw_kv_z(h->w, "kind", "disk-full");
		jw_kv_z(h->w, "text",
		        "The platform's disk is full: stopping and deleting work, and your "
		        "files are safe. An administrator must make room.");
		jw_kv_null(h->w, "workspace_id");
		jw_kv_null(h->w, "session_id");
		jw_kv_null(h->w, "at");
		jw_obj_end(h->w);
	}
	jw_arr_end(h->w);
}

/* Of all that run, also those that the list has no room for, at the prices that
 * they are charged: a plan may follow the catalogue. */
static int show_burn(struct home *h)
{
	struct str account = str_of(h->c->who.account_id);
	const struct book_of of = { .account_id = account, .alone = true };
	const struct book_owner *o;
	struct budget_book b;

	if (budget_book_read(store_reader(h->c->core->store), h->c->core, &h->c->now, &of, &b,
	                     NULL) < 0)
		return -EIO;
	o = budget_book_owner(&b, account);
	show_money(h->w, "burn_per_hour", o ? budget_book_compute(&b, o) : 0);
	budget_book_fini(&b);
	return 0;
}

static int show_running(struct home *h)
{
	int r;

	jw_key(h->w, "running");
	jw_arr(h->w);
	r = home_running(store_reader(h->c->core->store), str_of(h->c->who.account_id),
	                 RUNNING_MAX, on_running, h);
	jw_arr_end(h->w);
	return r < 0 ? r : show_burn(h);
}

static int show_continue(struct home *h)
{
	struct db *db = store_reader(h->c->core->store);
	struct str account = str_of(h->c->who.account_id);
	int64_t total = 0, ever = 0;
	int r;

	jw_key(h->w, "continue");
	r = show_recents(h->w, h->c->core, account, STR(""), CONTINUE_MAX);
	jw_key(h->w, "workspaces");
	jw_arr(h->w);
	if (r == 0)
		r = home_workspaces(db, account, CONTINUE_MAX, on_workspace, h);
	jw_arr_end(h->w);
	if (r == 0)
		r = home_counts(db, account, &total, &ever) < 0 ? -EIO : 0;
	jw_kv_i64(h->w, "workspaces_total", total);
	jw_kv_bool(h->w, "first_run", ever == 0);
	return r;
}

static int show_told(struct home *h)
{
	struct str account = str_of(h->c->who.account_id);
	int64_t unread = 0;
	int r = notice_count_unread(store_reader(h->c->core->store), account, &unread);

	jw_key(h->w, "notices");
	jw_obj(h->w);
	jw_kv_i64(h->w, "unread", unread);
	jw_key(h->w, "items");
	r = r < 0 ? r : show_notices(h->w, h->c->core, account, true, NOTICES_MAX);
	jw_obj_end(h->w);
	return r;
}

static int show_home(struct home *h)
{
	int r;

	jw_obj(h->w);
	jw_kv_time(h->w, "at", h->c->now.wall);
	jw_kv_z(h->w, "currency", h->c->core->cfg->currency);
	r = show_running(h);
	if (r == 0)
		r = show_continue(h);
	jw_key(h->w, "month");
	if (r == 0)
		r = show_balance(h->w, h->c, true);
	if (r == 0)
		r = show_told(h);
	if (r == 0)
		show_attention(h);
	jw_obj_end(h->w);
	return r;
}

void do_home(struct call *c)
{
	struct db *db = store_reader(c->core->store);
	struct jsonw w = JSONW(&c->out);
	struct home *h = ARENA_NEW(&c->arena, struct home);
	int r;

	CHECK(h);
	h->c = c;
	h->w = &w;
	r = store_read_begin(db);
	if (r == 0)
		r = show_home(h);
	store_read_end(db);
	if (r < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "Home can't be read; try again.");
		return;
	}
	call_reply(c, 200, CONTENT_JSON);
}

/* --- a session's charts --- */

#define POINTS_MAX   720
#define POINTS_LIMIT 3600

static bool take_time(struct call *c, const char *name, int64_t fallback, int64_t *ret)
{
	struct str text = call_query(c, name);
	wall_us t;

	*ret = fallback;
	if (!text.ptr)
		return true;
	if (time_parse_rfc3339(text, &t) < 0) {
		call_fail(c, PROBLEM_INVALID_FIELD, name,
		          "'%s' is a time like 2026-11-21T10:54:00Z.", name);
		return false;
	}
	*ret = t / US_PER_S;
	return true;
}

static bool take_step(struct call *c, int64_t span, unsigned *ret)
{
	struct str text = call_query(c, "step");
	uint64_t v = 0;

	*ret = metric_step_for(span, POINTS_MAX);
	if (!text.ptr)
		return true;
	if (str_to_u64(text, 1, METRIC_STEP_MAX, &v) < 0 ||
	    (v != 1 && v != 10 && v != 60 && v != 600) || span > (int64_t)v * POINTS_LIMIT) {
		call_fail(c, PROBLEM_INVALID_FIELD, "step",
		          "'step' is 1, 10, 60 or 600 seconds, and at most %d of them are "
		          "given at once.",
		          POINTS_LIMIT);
		return false;
	}
	*ret = (unsigned)v;
	return true;
}

void do_session_metrics(struct call *c)
{
	struct jsonw w = JSONW(&c->out);
	int64_t from, to, end;
	struct session s;
	unsigned step;

	if (session_get(store_reader(c->core->store), str_of(c->who.account_id), c->path_id,
	                &s) <= 0) {
		call_not_found(c);
		return;
	}
	end = (s.stopped && !session_is_live(s.state) ? s.stopped : c->now.wall) / US_PER_S + 1;
	if (!take_time(c, "to", end, &to) || !take_time(c, "from", to - 3600, &from))
		return;
	if (from >= to || to - from > INT64_C(400) * 86400) {
		call_fail(c, PROBLEM_INVALID_FIELD, "from",
		          "'from' is before 'to', by 400 days at most.");
		return;
	}
	if (!take_step(c, to - from, &step))
		return;
	if ((to - from) / step > 60000 || charts_show(&w, c->core, &s, from, to, step) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL,
		          "The session's metrics can't be read; try again.");
		return;
	}
	call_reply(c, 200, CONTENT_JSON);
}
