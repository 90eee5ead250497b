/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "api/catalogue.h"
#include "api/do.h"
#include "api/launch.h"
#include "api/leases.h"
#include "api/live.h"
#include "api/quota.h"
#include "api/show.h"
#include "api/sse.h"
#include "api/start-line.h"
#include "api/state.h"
#include "api/turns.h"
#include "base/rand.h"
#include "store/catalogue.h"
#include "store/feed.h"
#include "store/sessions.h"
#include "store/workspaces.h"

#define SESSIONS_PER_ACCOUNT 100

/* Between the transaction and what follows it. */
struct action {
	struct admit_world world; /* as the loop saw it when the call came */
	char type[TYPE_ID_MAX];   /* wished, or "" */
	struct line_wish wish;
	bool changed;
	struct session session;
	struct standing standing;
};

static struct action *action_new(struct call *c)
{
	struct action *a = ARENA_NEW(&c->arena, struct action);

	CHECK(a);
	a->world = admit_world_of(c->core);
	c->own = a;
	return a;
}

static int gone(struct call *c)
{
	return call_problem(c, PROBLEM_NOT_FOUND, NULL,
	                    "There is no such thing, or it is not yours. Check the id.");
}

static bool knows_images(const struct action *a)
{
	return a->world.engine_up && a->world.images_kept;
}

static int pick_image(struct db *db, struct call *c, const struct workspace *w,
                      struct session *s, struct err *err)
{
	struct image i;
	int r = image_find(db, str_of(w->image), &i);

	if (r < 0)
		return ERR(err, r, "images");
	if (r > 0 && i.ready)
		memcpy(s->image_id, i.id, sizeof(s->image_id));
	else if (r == 0 && knows_images(c->own))
		return call_problem(
		    c, PROBLEM_CONFLICT, "image",
		    "The image %.80s does not exist any more. Choose another one "
		    "for the workspace.",
		    w->image);
	return 0; /* else it waits in the queue for its image */
}

/* Read in the transaction: the price is that of this moment, and holds from
 * here on if the plan keeps prices. */
static int pick_type(struct db *db, struct call *c, const struct workspace *w,
                     struct session *s, struct err *err)
{
	const struct action *a = c->own;
	const char *id = a->type[0] ? a->type : w->instance_type;
	struct instance_type t;
	int r = type_get(db, str_of(id), c->now.wall, &t, NULL);

	if (r < 0)
		return ERR(err, r, "instance types");
	if (r == 0 || t.retired)
		return call_problem(
		    c, PROBLEM_CONFLICT, "instance_type",
		    "The instance type %.60s is not offered any more. Choose another "
		    "one for the workspace.",
		    id);
	memcpy(s->instance_type, t.id, sizeof(s->instance_type));
	s->cpu_milli = t.cpu_milli;
	s->memory_bytes = t.memory_bytes;
	s->pids = t.pids;
	memcpy(s->gpu_class, t.gpu_class, sizeof(s->gpu_class));
	s->gpu_count = t.gpu_count;
	s->preemptible = t.preemptible;
	s->price_per_hour = t.price_per_hour;
	return 0;
}

/* What the owner's plan says of it, kept with the session. */
static int pick_plan(struct db *db, struct call *c, const struct workspace *w,
                     struct session *s, struct err *err)
{
	const struct deadline_rules *site = &c->core->cfg->deadlines;
	const struct plan_want want = { .type = s->instance_type };
	struct quota q;
	int r = quota_load(db, w->account_id, &q, err);

	if (r < 0)
		return r;
	memcpy(s->plan_id, q.plan.id, sizeof(s->plan_id));
	s->price_mode = q.plan.price_mode;
	s->free_s_month = q.plan.free_s_month;
	s->priority = q.plan.priority;
	s->auto_stop_s = plan_clamp_auto_stop(&q.plan, site, w->auto_stop_s);
	s->max_s = plan_clamp_session_max(&q.plan, site, w->max_s);
	return quota_refuse(c, &q, plan_check_start(&q.plan, &q.use, s->instance_type), &want);
}

static void say_why_queued(struct session *s, const char *reason, const char *message)
{
	(void)snprintf(s->reason, sizeof(s->reason), "%s", reason);
	(void)snprintf(s->message, sizeof(s->message), "%s", message);
}

/* Why it can't be its turn yet, whatever room there is. */
static int decide(struct db *db, struct call *c, struct session *s, struct err *err)
{
	const struct action *a = c->own;
	int r = session_has_predecessor(db, str_of(s->workspace_id), str_of(s->id));

	if (r < 0)
		return ERR(err, r, "sessions");
	if (r > 0)
		say_why_queued(s, "predecessor",
		               "It starts as soon as the session before it has "
		               "ended.");
	else if (!a->world.engine_up || !a->world.known)
		say_why_queued(s, "engine-away",
		               "The container engine does not answer just now; it "
		               "starts as soon as that is back.");
	else if (!s->image_id[0])
		say_why_queued(s, "image",
		               "Its image is still being made; it starts as soon as "
		               "that is ready.");
	return 0;
}

static int make_session(struct db *db, struct call *c, struct workspace *w, struct err *err)
{
	struct action *a = c->own;
	struct session *s = &a->session;
	unsigned before = 0;
	int r;

	*s = (struct session){ 0 };
	session_init(s, &c->now);
	turn_join(s, &c->now);
	rand_id("s", s->id);
	memcpy(s->account_id, w->account_id, sizeof(s->account_id));
	memcpy(s->workspace_id, w->id, sizeof(s->workspace_id));
	r = session_next_epoch(db, str_of(w->id), &s->epoch);
	if (r > 0)
		r = session_count_account(db, str_of(w->account_id), &before);
	if (r < 0)
		return ERR(err, r, "sessions");
	if (before >= SESSIONS_PER_ACCOUNT)
		return call_problem(c, PROBLEM_LIMIT, NULL,
		                    "At most %d sessions run at once for one account; stop one "
		                    "first.",
		                    SESSIONS_PER_ACCOUNT);
	r = pick_type(db, c, w, s, err);
	if (r == 0)
		r = pick_plan(db, c, w, s, err);
	if (r == 0)
		r = pick_image(db, c, w, s, err);
	if (r == 0)
		r = decide(db, c, s, err);
	if (r == 0)
		r = line_wish_apply(db, c, &a->wish, s, err);
	if (r == 0)
		r = session_insert(db, s, err);
	if (r == 0)
		r = start_judge(db, c, &a->world, s, &a->standing, err);
	if (r == 0)
		r = leases_admit(db, c, s, err);
	if (r < 0)
		return r;
	memcpy(w->session_id, s->id, sizeof(w->session_id));
	r = workspace_set_sessions(db, w, err);
	if (r == 0)
		r = event_add(db, s->account_id, "session", s->id, err);
	if (r == 0)
		r = call_audit(db, c, s->id, "", err);
	a->changed = r == 0;
	return r;
}

/* It waits: its turn is taken, or it is to wait for something else. */
static int start_queued(struct db *db, struct call *c, const struct workspace *w,
                        struct err *err)
{
	struct action *a = c->own;
	struct session *s = &a->session;
	bool held = turn_is_held(s, &c->now);
	int r = line_wish_apply(db, c, &a->wish, s, err);

	if (r == 0 && a->type[0] && strcmp(a->type, s->instance_type) != 0) {
		held = false;
		s->held_until = 0;
		r = pick_type(db, c, w, s, err);
		if (r == 0)
			r = start_allows(db, c, s->account_id, s->instance_type,
			                 "instance_type", err);
		if (r == 0)
			r = session_update_type(db, s, err);
	}
	if (r == 0)
		r = session_update(db, s, err);
	if (r == 0 && held && knows_images(a))
		r = start_take(db, c, s, err);
	else if (r == 0)
		r = start_judge(db, c, &a->world, s, &a->standing, err);
	if (r == 0)
		r = leases_admit(db, c, s, err);
	if (r == 0)
		r = event_add(db, s->account_id, "session", s->id, err);
	if (r == 0)
		r = call_audit_as(db, c, "session.queue", s->id, "", err);
	a->changed = r == 0;
	return r;
}

static int tx_start(struct db *db, struct call *c, struct err *err)
{
	struct action *a = c->own;
	struct workspace_view v;
	int r = workspace_get(db, str_of(c->who.account_id), c->path_id, &v);

	a->changed = false;
	a->standing = (struct standing){ .in_line = false };
	if (r <= 0)
		return gone(c);
	a->session = v.session;
	/* Two starts are one session; a start of a running one is that one. */
	if (v.has_session && v.session.state == SESSION_QUEUED)
		r = start_queued(db, c, &v.w, err);
	else if (v.has_session && session_is_wanted(v.session.state))
		r = 0;
	else
		r = make_session(db, c, &v.w, err);
	if (r == 0)
		start_answer(c, &a->session, &v.w, &a->standing);
	return r;
}

static void after_start(struct call *c)
{
	const struct action *a = c->own;

	if (!a->changed)
		return;
	live_track(c->core, &a->session);
	live_watch(c->core, str_of(a->session.id));
	sse_wake(c->core, c->who.account_id);
	if (a->session.state == SESSION_STARTING)
		launch(c->core, str_of(a->session.id));
	else
		launch_kick(c->core); /* what it waits for may have come meanwhile */
}

void do_start(struct call *c)
{
	struct action *a = action_new(c);
	struct str type = call_str(c, "instance_type");

	(void)snprintf(a->type, sizeof(a->type), "%.*s", STR_ARG(type));
	if (!line_wish_read(c, &a->wish))
		return;
	if (type.ptr && !core_offers(c->core, a->type)) {
		call_fail(
		    c, PROBLEM_INVALID_FIELD, "instance_type",
		    "There is no such instance type; GET /api/v1/instance-types lists them.");
		return;
	}
	call_commit(c, tx_start, after_start);
}
