/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "api/do.h"
#include "api/launch.h"
#include "api/live.h"
#include "api/show.h"
#include "api/sse.h"
#include "api/start-line.h"
#include "api/state.h"
#include "api/turns.h"
#include "store/feed.h"
#include "store/sessions.h"
#include "store/workspaces.h"

struct action {
	bool stopping, ended;
	struct session session;
};

static int end_queued(struct db *db, struct call *c, struct workspace *w, struct session *s,
                      struct err *err)
{
	int r = session_move(s, SESSION_STOPPED, "user", &c->now, err);

	if (r < 0)
		return r;
	w->session_id[0] = '\0';
	memcpy(w->last_session_id, s->id, sizeof(w->last_session_id));
	return workspace_set_sessions(db, w, err);
}

static int tx_stop(struct db *db, struct call *c, struct err *err)
{
	struct action *a = c->own;
	struct workspace_view v;
	int r = workspace_get(db, str_of(c->who.account_id), c->path_id, &v);

	a->stopping = a->ended = false;
	if (r <= 0)
		return call_problem(
		    c, PROBLEM_NOT_FOUND, NULL,
		    "There is no such thing, or it is not yours. Check the id.");
	/* Stopping twice is stopping once; nothing runs: the last one's end. */
	if (!v.has_session || v.session.state == SESSION_STOPPING) {
		start_answer(c,
		             v.has_session ? &v.session
		             : v.has_last  ? &v.last
		                           : NULL,
		             &v.w, NULL);
		return 0;
	}
	a->ended = v.session.state == SESSION_QUEUED;
	a->stopping = !a->ended;
	r = a->ended ? end_queued(db, c, &v.w, &v.session, err)
	             : session_move(&v.session, SESSION_STOPPING, "user", &c->now, err);
	if (r == 0)
		r = session_update(db, &v.session, err);
	if (r == 0)
		r = event_add(db, v.w.account_id, "session", v.session.id, err);
	if (r == 0)
		r = call_audit(db, c, v.session.id, "", err);
	if (r < 0)
		return r;
	a->session = v.session;
	start_answer(c, &v.session, &v.w, NULL);
	return 0;
}

static void after_stop(struct call *c)
{
	const struct action *a = c->own;

	if (!a->stopping && !a->ended)
		return;
	live_track(c->core, &a->session);
	sse_wake(c->core, c->who.account_id);
	if (a->stopping)
		launch_stop(c->core, str_of(a->session.id), a->session.epoch, "user");
	else
		turns_kick(c->core); /* who waits behind it may pass now */
}

void do_stop(struct call *c)
{
	c->own = ARENA_NEW(&c->arena, struct action);
	CHECK(c->own);
	call_commit(c, tx_stop, after_stop);
}
