/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "api/books.h"
#include "api/change-priv.h"
#include "base/json.h"
#include "store/books.h"
#include "store/charges.h"
#include "store/feed.h"
#include "store/sessions.h"
#include "store/spans.h"
#include "store/starts.h"
#include "store/workspaces.h"

static int put_audit(struct db *db, struct change *c, const char *verb, struct err *err)
{
	struct buf detail = BUF(256);
	struct jsonw w = JSONW(&detail);
	struct audit_row a = {
		.at = c->now.wall,
		.boot = c->now.boot,
		.account_id = c->after.account_id,
		.actor = c->what == DO_RUN || c->what == DO_FAILED || c->what == DO_READY
		             ? "engine"
		             : "core",
		.verb = verb,
		.object = c->session_id,
	};
	int r;

	jw_obj(&w);
	jw_kv_z(&w, "reason", c->after.reason);
	jw_kv_u64(&w, "epoch", c->after.epoch);
	jw_obj_end(&w);
	a.detail = buf_cstr(&detail);
	r = buf_error(&detail);
	if (r == 0)
		r = audit_add(db, &a, err);
	buf_fini(&detail);
	return r;
}

/* The workspace points to its session until that has ended. */
static int put_workspace(struct db *db, const struct session *s, struct err *err)
{
	struct workspace w;
	int r = workspace_by_id(db, str_of(s->workspace_id), &w);

	if (r <= 0)
		return r < 0 ? r : ERR(err, -ENOENT, "session %s has no workspace", s->id);
	if (session_is_live(s->state)) {
		memcpy(w.session_id, s->id, sizeof(w.session_id));
	} else {
		if (strcmp(w.session_id, s->id) == 0)
			w.session_id[0] = '\0';
		memcpy(w.last_session_id, s->id, sizeof(w.last_session_id));
	}
	return workspace_set_sessions(db, &w, err);
}

/* The state has changed: row, workspace, audit. */
static int put_moved(struct db *db, struct change *c, struct err *err)
{
	char verb[32];
	int r;

	(void)snprintf(verb, sizeof(verb), "session.%s", session_state_name(c->after.state));
	r = session_update(db, &c->after, err);
	if (r == 0 && session_is_live(c->before) != session_is_live(c->after.state))
		r = put_workspace(db, &c->after, err);
	if (r == 0)
		r = put_audit(db, c, verb, err);
	return r;
}

/* A move that the table forbids is a late message: nothing happens. What an
 * administrator wrote to the owner stays when the stop that it is about comes. */
static bool move(struct change *c, enum session_state to, const char *reason)
{
	struct session *s = &c->after, was = *s;

	if (session_move(s, to, reason, &c->now, NULL) < 0)
		return false;
	if (was.state == SESSION_STOPPING && reason && strcmp(was.reason, reason) == 0)
		memcpy(s->message, was.message, sizeof(s->message));
	c->changed = true;
	return true;
}

static void set_reason(struct change *c)
{
	if (c->message[0])
		memcpy(c->after.message, c->message, sizeof(c->after.message));
}

/* Both records of a segment are there: the segment, its charges, the sum. */
static int book(struct db *db, struct change *c, struct err *err)
{
	struct books b = core_books(c->core, c->now.wall);
	struct run_record start, stop;
	struct segment g;
	int r = run_record_get(db, str_of(c->session_id), c->rec.epoch, c->rec.segment, false,
	                       &start);

	if (r > 0)
		r = run_record_get(db, str_of(c->session_id), c->rec.epoch, c->rec.segment,
		                   true, &stop);
	if (r <= 0)
		return r;
	r = meter_segment(&c->after, &start, &stop, &g);
	if (r < 0)
		return ERR(err, r, "session %s can't be metered", c->session_id);
	r = segment_post(db, &b, &c->after, &g, err);
	if (r > 0) {
		c->after.metered_ns += g.ns;
		c->after.cost += g.amount;
		c->changed = true;
	}
	return r < 0 ? r : 0;
}

static void run_started(struct change *c)
{
	struct session *s = &c->after;
	const char *why;

	if (s->started == 0 || c->rec.segment > 0) {
		s->started = s->started ? s->started : c->rec.wall;
		s->started_boot = c->rec.boot;
		memcpy(s->boot_id, c->rec.boot_id, sizeof(s->boot_id));
		s->calendar_at = c->calendar_at;
		s->stop_at = deadline_at_row(s, 0, &why);
		(void)snprintf(s->stop_why, sizeof(s->stop_why), "%s", why);
		c->changed = true;
	}
}

static void run_stopped(struct change *c)
{
	struct session *s = &c->after;
	enum session_state to = session_end_state(str_of(c->rec.reason));

	/* Somebody had asked for this end: then it is not a failure. */
	if (s->state == SESSION_STOPPING && to == SESSION_FAILED)
		to = SESSION_STOPPED;
	if (!move(c, to, c->rec.reason))
		return;
	if (c->rec.evidence[0])
		memcpy(s->evidence, c->rec.evidence, sizeof(s->evidence));
	s->stop_at = 0;
	/* The end by the journal, not by when core heard of it. */
	if (c->rec.wall >= s->started)
		s->stopped = c->rec.wall;
}

static int do_run(struct db *db, struct change *c, struct err *err)
{
	int r = run_record_insert(db, &c->rec, err);

	if (r < 0)
		return r;
	c->ack = c->rec.is_stop;
	if (r == 0)
		return 0; /* known: acknowledge again, change nothing */
	if (c->rec.is_stop && c->rec.epoch == c->after.epoch)
		run_stopped(c);
	else if (c->rec.epoch == c->after.epoch)
		run_started(c);
	r = book(db, c, err);
	if (r == 0 && c->rec.is_stop && c->activity)
		r = session_set_activity(db, str_of(c->session_id), str_of(c->activity), err);
	if (r < 0 || !c->changed)
		return r;
	return c->before == c->after.state ? session_update(db, &c->after, err)
	                                   : put_moved(db, c, err);
}

/* The row, and its last minutes if there is a new one. */
static int put_activity(struct db *db, struct change *c, struct err *err)
{
	int r = session_update(db, &c->after, err);

	if (r == 0 && c->activity)
		r = session_set_activity(db, str_of(c->session_id), str_of(c->activity), err);
	return r;
}

static int do_simple(struct db *db, struct change *c, struct err *err)
{
	struct session *s = &c->after;

	switch (c->what) {
	case DO_PHASE:
		c->changed = session_enter_phase(s, c->phase, &c->now);
		break;
	case DO_READY:
		/* Found alive, but the workspace has gone on without it; or the one
		 * before it has yet to be found gone: the next list asks again. */
		c->unwanted = s->state == SESSION_LOST && session_has_newer(db, s) > 0;
		if (s->state != SESSION_LOST ||
		    session_has_predecessor(db, str_of(s->workspace_id), str_of(s->id)) == 0)
			(void)move(c, SESSION_RUNNING, NULL);
		break;
	case DO_ACTIVITY:
		if (s->state != SESSION_RUNNING)
			return 0;
		s->stop_at = c->stop_at;
		memcpy(s->stop_why, c->stop_why, sizeof(s->stop_why));
		memcpy(s->evidence, c->evidence, sizeof(s->evidence));
		return put_activity(db, c, err); /* no event: shown from memory */
	case DO_FAILED:
		if (move(c, s->state == SESSION_STOPPING ? SESSION_STOPPED : SESSION_FAILED,
		         c->reason))
			set_reason(c);
		break;
	case DO_NOTE:
		if (s->state != SESSION_STARTING || strcmp(s->message, c->message) == 0)
			return 0;
		(void)snprintf(s->reason, sizeof(s->reason), "waiting");
		memcpy(s->message, c->message, sizeof(s->message));
		c->changed = true;
		break;
	case DO_END:
		(void)move(c, c->to, c->reason);
		break;
	case DO_STOP:
		(void)move(c, SESSION_STOPPING, c->reason);
		break;
	case DO_RUN:
	case DO_WARNED:
	case DO_NOTICED:
	case DO_CALENDAR:
		break;
	}
	if (!c->changed)
		return 0;
	return c->before == s->state ? session_update(db, s, err) : put_moved(db, c, err);
}

/* Alive, or in a journal, and not in the store: that was restored from an
 * older backup, and the book of starts knows it. */
static int adopt(struct db *db, struct change *c, struct err *err)
{
	struct books b = core_books(c->core, c->now.wall);
	int r = starts_adopt(db, str_of(c->session_id), err);

	if (r > 0 && spans_adopt(db, &b, err) < 0) /* its volume costs again */
		r = -EIO;
	if (r > 0)
		r = session_by_id(db, str_of(c->session_id), &c->after);
	if (r > 0)
		r = put_audit(db, c, "session.adopted", err) < 0 ? -EIO : 1;
	return r;
}

int change_tx(struct db *db, struct store_job *j, struct err *err)
{
	struct change *c = CONTAINER_OF(j, struct change, job);
	int r = session_by_id(db, str_of(c->session_id), &c->after);

	if (r == 0 && (c->what == DO_RUN || c->what == DO_READY))
		r = adopt(db, c, err);
	c->found = r > 0;
	c->changed = c->ack = c->unwanted = false;
	if (r <= 0)
		return r;
	c->before = c->after.state;
	/* Of another attempt: only the books still want to hear of it. */
	if (c->what != DO_RUN && c->epoch != c->after.epoch)
		return 0;
	if (c->what == DO_RUN)
		r = do_run(db, c, err);
	else if (c->what == DO_WARNED || c->what == DO_NOTICED || c->what == DO_CALENDAR)
		r = change_clocks_tx(db, c, err);
	else
		r = do_simple(db, c, err);
	if (r == 0 && c->changed)
		r = event_add(db, c->after.account_id, "session", c->session_id, err);
	if (r == 0 && c->changed && c->before != c->after.state)
		r = change_told(db, c, err);
	return r;
}
