/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/turns-priv.h"
#include "store/books.h"
#include "store/catalogue.h"
#include "store/feed.h"
#include "store/sessions.h"
#include "store/workspaces.h"

#define TELL_AFTER_S 60 /* who has waited for so long may be elsewhere */

bool turn_is_held(const struct session *s, const struct now *now)
{
	return s->state == SESSION_QUEUED && s->held_until > now->boot &&
	       strcmp(s->boot_id, now->boot_id) == 0;
}

void turn_join(struct session *s, const struct now *now)
{
	s->queued_boot = s->state_boot = now->boot;
	memcpy(s->boot_id, now->boot_id, sizeof(s->boot_id));
	s->held_until = 0;
}

void turns_say(struct session *s, const char *reason, const char *message)
{
	(void)snprintf(s->reason, sizeof(s->reason), "%s", reason);
	(void)snprintf(s->message, sizeof(s->message), "%s", message);
}

void turn_say_waiting(struct session *s)
{
	turns_say(
	    s, "capacity",
	    s->hold_turn
	        ? "All machines are taken just now. Its turn will be kept for you for a while."
	        : "All machines are taken just now. It starts by itself when its turn comes.");
}

static int put_audit(struct db *db, const struct turns *t, const struct session *s,
                     const char *verb, struct err *err)
{
	struct audit_row a = { .at = t->world.now.wall,
		               .boot = t->world.now.boot,
		               .account_id = s->account_id,
		               .actor = "core",
		               .verb = verb,
		               .object = s->id,
		               .detail = "" };

	return audit_add(db, &a, err);
}

int turns_put(struct db *db, struct turns *t, const struct session *s, const char *verb,
              struct err *err)
{
	struct turned *d;
	int r = session_update(db, s, err);

	if (r == 0)
		r = event_add(db, s->account_id, "session", s->id, err);
	if (r == 0 && verb)
		r = put_audit(db, t, s, verb, err);
	if (r < 0)
		return r;
	d = xcalloc(1, sizeof(*d));
	d->s = *s;
	*t->end = d;
	t->end = &d->next;
	t->n++;
	return 0;
}

int turns_put_ended(struct db *db, struct turns *t, struct session *s, const char *verb,
                    struct err *err)
{
	struct workspace w;
	int r = workspace_by_id(db, str_of(s->workspace_id), &w);

	if (r <= 0)
		return r < 0 ? r : ERR(err, -ENOENT, "session %s has no workspace", s->id);
	if (strcmp(w.session_id, s->id) == 0)
		w.session_id[0] = '\0';
	memcpy(w.last_session_id, s->id, sizeof(w.last_session_id));
	r = workspace_set_sessions(db, &w, err);
	return r < 0 ? r : turns_put(db, t, s, verb, err);
}

/* --- images --- */

struct found {
	struct db *db;
	struct turns *t;
	struct err *err;
	struct queue_row row[TURNS_A_JOB];
	unsigned n;
};

static void on_found(void *arg, const struct queue_row *r)
{
	struct found *f = arg;

	if (f->n < TURNS_A_JOB)
		f->row[f->n++] = *r;
}

static int find_image(struct db *db, struct turns *t, struct session *s, struct err *err)
{
	struct workspace w;
	struct image image;
	int r = workspace_by_id(db, str_of(s->workspace_id), &w);

	if (r > 0)
		r = image_find(db, str_of(w.image), &image);
	if (r < 0 || (r > 0 && !image.ready) || (r == 0 && !t->world.images_kept))
		return r < 0 ? r : 0; /* still being made, or not told of yet: later */
	if (r > 0) {
		memcpy(s->image_id, image.id, sizeof(s->image_id));
		return session_update(db, s, err);
	}
	r = session_move(s, SESSION_FAILED, "start-failed", &t->world.now, err);
	if (r < 0)
		return r;
	(void)snprintf(s->message, sizeof(s->message),
	               "The image %.80s does not exist any more. Choose another one for the "
	               "workspace.",
	               w.image);
	return turns_put_ended(db, t, s, "session.failed", err);
}

static int images(struct db *db, struct turns *t, struct err *err)
{
	struct found *f = xcalloc(1, sizeof(*f));
	struct session s;
	int r = queue_list_imageless(db, TURNS_A_JOB, on_found, f);

	for (unsigned i = 0; r == 0 && i < f->n; i++) {
		r = session_by_id(db, str_of(f->row[i].id), &s);
		if (r > 0)
			r = find_image(db, t, &s, err);
	}
	free(f);
	return r;
}

/* --- turns --- */

static int give(struct db *db, struct turns *t, const struct admission *a,
                const struct queue_item *i, struct err *err)
{
	const struct instance_type *type =
	    admit_type(a, str_of(a->rows[i->ref].names[i->chosen]));
	const struct queue_row *row = &a->rows[i->ref].row;
	struct session s;
	int r = session_by_id(db, str_of(row->id), &s);

	if (r <= 0)
		return r;
	if (type) { /* machine and price as they are now */
		admit_set_type(&s, type);
		r = session_update_type(db, &s, err);
		if (r < 0)
			return r;
	}
	if (s.hold_turn)
		return turns_hold(db, t, &s, false, err);
	s.held_until = 0;
	r = session_move(&s, SESSION_STARTING, NULL, &t->world.now, err);
	if (r == 0 && a->q.now - i->since > TELL_AFTER_S * (int64_t)NS_PER_S)
		r = turns_tell(db, t, &s, "Its turn has come: it starts now.", err);
	return r < 0 ? r : turns_put(db, t, &s, "session.starting", err);
}

/* It waits for room, or for a larger host, and says so. */
static int wait_for_room(struct db *db, struct turns *t, const struct admission *a,
                         const struct queue_item *i, struct err *err)
{
	bool never = i->verdict == QUEUE_NEVER;
	const char *reason = a->rows[i->ref].row.reason;
	struct session s;
	int r;

	if (strcmp(reason, never ? "too-large" : "capacity") == 0)
		return 0;
	r = session_by_id(db, str_of(a->rows[i->ref].row.id), &s);
	if (r <= 0)
		return r;
	turn_say_waiting(&s);
	if (never)
		turns_say(
		    &s, "too-large",
		    "No machine here is large enough for it now. Choose a smaller type, or "
		    "leave the line.");
	return turns_put(db, t, &s, NULL, err);
}

static int judge(struct db *db, struct turns *t, const struct admission *a, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < a->q.nitems && t->n < TURNS_A_JOB; i++) {
		const struct queue_item *it = &a->q.items[i];

		if (it->verdict == QUEUE_START)
			r = give(db, t, a, it, err);
		else if (it->verdict != QUEUE_HELD)
			r = wait_for_room(db, t, a, it, err);
	}
	return r;
}

void turns_forget(struct turns *t)
{
	while (t->changed) {
		struct turned *d = t->changed;

		t->changed = d->next;
		free(d);
	}
	t->end = &t->changed;
	t->n = 0;
	t->wake = 0;
}

int turns_tx(struct db *db, struct store_job *j, struct err *err)
{
	struct turns *t = CONTAINER_OF(j, struct turns, job);
	struct admission a;
	int r = queue_any(db);

	turns_forget(t); /* it may run twice */
	if (r <= 0)
		return r;
	r = images(db, t, err);
	if (r < 0)
		return r;
	r = admit_load(db, &t->world, &a, err);
	if (r == 0)
		r = turns_missed(db, t, &a, err);
	if (r > 0) {
		admit_fini(&a);
		r = admit_load(db, &t->world, &a, err);
	}
	if (r == 0 && t->world.known && t->world.engine_up)
		r = judge(db, t, &a, err);
	if (r == 0)
		turns_next_wake(t, &a);
	admit_fini(&a);
	return r;
}
