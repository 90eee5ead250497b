/* SPDX-License-Identifier: Apache-2.0 */
/* Workspaces are deleted, kept for a while, brought back, or given up. */
#include <errno.h>
#include <stdio.h>

#include "api/books.h"
#include "api/do.h"
#include "api/launch.h"
#include "api/live.h"
#include "api/quota.h"
#include "api/sse.h"
#include "api/workspaces-priv.h"
#include "base/encode.h"
#include "core/name.h"
#include "store/feed.h"
#include "store/sessions.h"
#include "store/spans.h"
#include "store/workspaces.h"

struct deletion {
	struct str confirm;
	bool stop, forever;
	/* what tx found, for after */
	bool stopping;
	struct session session;
};

static int end_session(struct db *db, struct call *c, struct deletion *d, struct session *s,
                       struct workspace *w, struct err *err)
{
	bool queued = s->state == SESSION_QUEUED;
	int r;

	if (s->state == SESSION_STOPPING)
		return 0;
	if (!d->stop)
		return call_problem(
		    c, PROBLEM_CONFLICT, NULL,
		    "A session of this workspace runs. Stop it first, or delete with "
		    "\"stop\": true.");
	r = session_move(s, queued ? SESSION_STOPPED : SESSION_STOPPING, "delete", &c->now,
	                 err);
	if (r == 0)
		r = session_update(db, s, err);
	if (r == 0 && queued) {
		w->session_id[0] = '\0';
		memcpy(w->last_session_id, s->id, sizeof(w->last_session_id));
		r = workspace_set_sessions(db, w, err);
	}
	if (r == 0)
		r = event_add(db, s->account_id, "session", s->id, err);
	if (r == 0)
		r = call_audit_as(db, c, queued ? "session.stopped" : "session.stop", s->id,
		                  "{\"reason\":\"delete\"}", err);
	d->stopping = !queued;
	d->session = *s;
	return r;
}

static int not_confirmed(struct call *c, bool forever)
{
	return call_problem(
	    c, PROBLEM_NOT_CONFIRMED, "confirm", "%s Send the workspace's name as \"confirm\".",
	    forever ? "Deleting removes all files for good."
	            : "Deleting takes all files away, and they are kept for a while only.");
}

static int tell_gone(struct db *db, const struct workspace *w, struct err *err)
{
	char gone[96];
	int n = snprintf(gone, sizeof(gone), "{\"id\":\"%s\",\"deleted\":true}", w->id);

	return event_add_data(db, w->account_id, "workspace", w->id,
	                      (struct str){ gone, (size_t)n }, err);
}

/* One that is kept is given up before its time. */
static int give_up_kept(struct db *db, struct call *c, const struct deletion *d,
                        struct err *err)
{
	struct workspace_view v = { 0 };
	int r =
	    workspace_get_deleted(db, str_of(c->who.account_id), c->path_id, c->now.wall, &v);

	if (r <= 0 || !d->forever)
		return call_problem(
		    c, PROBLEM_NOT_FOUND, NULL,
		    "There is no such thing, or it is not yours. Check the id.");
	if (!str_is(d->confirm, v.w.name))
		return not_confirmed(c, true);
	r = volume_doom(db, str_of(v.w.volume_id), c->now.wall, err);
	return r < 0 ? r : call_audit_as(db, c, "workspace.give-up", v.w.id, "", err);
}

static int tx_delete(struct db *db, struct call *c, struct err *err)
{
	struct books b = core_books(c->core, c->now.wall);
	wall_us kept = c->core->cfg->deleted_kept_s * US_PER_S;
	struct deletion *d = c->own;
	struct workspace_view v = { 0 };
	int r = workspace_get(db, str_of(c->who.account_id), c->path_id, &v);

	d->stopping = false;
	if (r <= 0)
		return give_up_kept(db, c, d, err);
	r = workspace_check_match(c, &v.w, c->raw);
	if (r < 0)
		return r;
	if (d->forever)
		kept = 0;
	if (!str_is(d->confirm, v.w.name))
		return not_confirmed(c, kept == 0);
	if (v.has_session)
		r = end_session(db, c, d, &v.session, &v.w, err);
	if (r == 0)
		r = workspace_delete(db, str_of(v.w.account_id), c->path_id, c->now.wall, err);
	if (r < 0)
		return r;
	r = volume_doom(db, str_of(v.w.volume_id), c->now.wall + kept, err);
	if (r == 0)
		r = span_end(db, &b, str_of(v.w.volume_id), err);
	if (r == 0)
		r = quota_let_go(db, c, err);
	if (r == 0)
		r = tell_gone(db, &v.w, err);
	return r < 0 ? r : call_audit(db, c, v.w.id, kept ? "" : "{\"forever\":true}", err);
}

static void after_delete(struct call *c)
{
	struct deletion *d = c->own;

	sse_wake(c->core, c->who.account_id);
	c->core->purge = true;
	if (d->session.id[0])
		live_track(c->core, &d->session);
	if (d->stopping)
		launch_stop(c->core, str_of(d->session.id), d->session.epoch, "delete");
	else
		launch_kick(c->core);
}

/* A header can't hold every name as it is: it may be percent-encoded. */
static struct str confirmed_by_header(struct call *c)
{
	struct str raw = http_get(&c->req->head, "X-Confirm");
	struct buf b = BUF(4096);
	struct str ret = raw;

	if (pct_get(&b, raw) == 0 && buf_error(&b) == 0)
		ret = arena_str(&c->arena, buf_str(&b));
	buf_fini(&b);
	return ret;
}

void do_workspace_delete(struct call *c)
{
	struct deletion *d = ARENA_NEW(&c->arena, struct deletion);

	CHECK(d);
	c->own = d;
	d->confirm = call_has(c, "confirm") ? call_str(c, "confirm") : confirmed_by_header(c);
	d->confirm = arena_str(&c->arena, d->confirm);
	d->stop = call_bool(c, "stop");
	d->forever = call_bool(c, "forever");
	c->raw = http_get(&c->req->head, "If-Match");
	if (c->raw.ptr)
		c->raw = arena_str(&c->arena, c->raw);
	call_commit(c, tx_delete, after_delete);
}

/* --- bring back --- */

struct revival {
	char name[NAME_BYTES_MAX + 1]; /* "": its own */
};

/* What it holds is stored for its owner again, and is charged from now on. */
static int charge_again(struct db *db, struct call *c, const struct workspace *w,
                        struct err *err)
{
	struct books b = core_books(c->core, c->now.wall);
	uint64_t made = 0;
	int r = volume_made(db, str_of(w->volume_id), &made);

	if (r < 0)
		return r;
	return made ? span_made(db, &b, str_of(w->volume_id), made, err) : 0;
}

static int revive(struct db *db, struct call *c, struct workspace *w, struct err *err)
{
	const struct revival *x = c->own;
	int64_t have = 0;
	int r = workspace_count(db, str_of(c->who.account_id), &have);

	if (r >= 0)
		r = quota_restore(db, c, w->storage_bytes, err);
	if (r < 0)
		return r;
	if (have >= WORKSPACES_PER_ACCOUNT)
		return workspace_too_many(c);
	if (x->name[0])
		memcpy(w->name, x->name, sizeof(w->name));
	r = workspace_restore(db, w, c->now.wall, err);
	if (r == -EEXIST)
		return workspace_name_refused(c, w->name);
	if (r == 0)
		r = charge_again(db, c, w, err);
	if (r == 0)
		r = event_add(db, w->account_id, "workspace", w->id, err);
	return r < 0 ? r : call_audit(db, c, w->id, "", err);
}

/* One that is there is what was asked for. */
static int tx_restore(struct db *db, struct call *c, struct err *err)
{
	struct str account = str_of(c->who.account_id);
	struct workspace_view v = { 0 };
	int r = workspace_get(db, account, c->path_id, &v);

	if (r == 0) {
		r = workspace_get_deleted(db, account, c->path_id, c->now.wall, &v);
		if (r == 0)
			return call_problem(
			    c, PROBLEM_NOT_FOUND, NULL,
			    "There is no such workspace, it is not yours, or its "
			    "files are gone. GET /api/v1/workspaces?deleted=true "
			    "lists what can be brought back.");
		if (r > 0)
			r = revive(db, c, &v.w, err);
		v.deleted = v.kept_until = 0;
	}
	if (r < 0)
		return r;
	workspace_show_one(c, SHOW_ROW, &v);
	return 0;
}

static void after_restore(struct call *c)
{
	sse_wake(c->core, c->who.account_id);
}

void do_workspace_restore(struct call *c)
{
	struct revival *x = ARENA_NEW(&c->arena, struct revival);
	struct str name = call_str(c, "name");
	struct err err = ERR_NONE;

	CHECK(x);
	c->own = x;
	if (name.ptr && name_check(name, &err) < 0) {
		call_fail(c, PROBLEM_INVALID_FIELD, "name", "%s", err.msg);
		return;
	}
	(void)snprintf(x->name, sizeof(x->name), "%.*s", STR_ARG(name));
	call_commit(c, tx_restore, after_restore);
}
