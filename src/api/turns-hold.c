/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "api/turns-priv.h"
#include "base/json.h"
#include "store/catalogue.h"
#include "store/feed.h"
#include "store/notices.h"
#include "store/sessions.h"
#include "store/workspaces.h"

#define REJOINED_US (INT64_C(60) * US_PER_S) /* later than it was asked for */

/* "14:05 UTC" */
static void clock_text(wall_us at, char ret[16])
{
	char text[TIME_RFC3339_MAX];

	time_rfc3339(at, text);
	(void)snprintf(ret, 16, "%.5s UTC", text + 11);
}

static uint32_t hold_of(struct db *db, const struct session *s)
{
	struct plan p;

	return plan_of_account(db, str_of(s->account_id), &p) > 0 && p.hold_s ? p.hold_s
	                                                                      : ADMIT_HOLD_S;
}

int turns_tell(struct db *db, struct turns *t, const struct session *s, const char *text,
               struct err *err)
{
	struct buf b = BUF(4096);
	struct jsonw w = JSONW(&b);
	struct workspace ws;
	int r = workspace_by_id(db, str_of(s->workspace_id), &ws);

	if (r <= 0)
		return r;
	jw_obj(&w);
	jw_kv_z(&w, "text", text);
	jw_kv_z(&w, "session_id", s->id);
	jw_kv_z(&w, "workspace_id", s->workspace_id);
	jw_kv_z(&w, "workspace_name", ws.name);
	if (s->held_until)
		jw_kv_time(&w, "held_until", clock_wall_of(&t->world.now, s->held_until));
	else
		jw_kv_null(&w, "held_until");
	jw_obj_end(&w);
	r = buf_error(&b);
	if (r == 0)
		r = event_add_data(db, s->account_id, "turn", s->id, buf_str(&b), err);
	if (r == 0)
		r = notice_add(db, s->account_id, "turn", s->id, buf_str(&b), t->world.now.wall,
		               err);
	buf_fini(&b);
	return r;
}

int turns_hold(struct db *db, struct turns *t, struct session *s, bool again, struct err *err)
{
	const struct now *now = &t->world.now;
	char until[16], text[128];
	int r;

	if (strcmp(s->boot_id, now->boot_id) != 0)
		s->queued_boot = s->state_boot = 1; /* before everybody of this boot */
	memcpy(s->boot_id, now->boot_id, sizeof(s->boot_id));
	s->held_until = now->boot + hold_of(db, s) * NS_PER_S;
	clock_text(clock_wall_of(now, s->held_until), until);
	(void)snprintf(text, sizeof(text), "It is your turn: start it before %s.", until);
	turns_say(s, "turn", text);
	r = again ? 0 : turns_tell(db, t, s, text, err);
	return r < 0 ? r : turns_put(db, t, s, again ? NULL : "session.turn", err);
}

/* One that comes back into the line has missed a turn before. After half a day
 * that is enough; who has waited for longer than that gets a second one. */
static bool gives_up(const struct session *s, const struct now *now, bool others)
{
	bool first = clock_wall_of(now, s->queued_boot) - s->created < REJOINED_US;
	wall_us most = (wall_us)ADMIT_GIVE_UP_S * US_PER_S;

	if (first && others)
		return false;
	return now->wall - s->created > (first ? 2 * most : most);
}

/* Not taken. When others wait it goes to the end of the line; when nobody
 * does it may keep its turn, for a day's work. */
static int missed(struct db *db, struct turns *t, struct session *s, bool others,
                  struct err *err)
{
	const struct now *now = &t->world.now;
	char at[16];
	int r;

	if (gives_up(s, now, others)) {
		r = session_move(s, SESSION_STOPPED, "turn-missed", now, err);
		return r < 0 ? r : turns_put_ended(db, t, s, "session.stopped", err);
	}
	if (!others)
		return turns_hold(db, t, s, true, err);
	clock_text(now->wall, at);
	turn_join(s, now);
	turns_say(s, "capacity", "");
	(void)snprintf(s->message, sizeof(s->message),
	               "Its turn was not taken until %s, so the next in line has it. It waits "
	               "at the end of the line now.",
	               at);
	r = turns_tell(db, t, s, s->message, err);
	return r < 0 ? r : turns_put(db, t, s, "session.turn-missed", err);
}

/* The host was started anew meanwhile: nobody could have taken it. */
static bool is_of_old(const struct queue_row *r, const struct now *now)
{
	return r->held_until && strcmp(r->boot_id, now->boot_id) != 0;
}

static bool is_missed(const struct queue_row *r, const struct now *now)
{
	return r->held_until && (r->held_until <= now->boot || is_of_old(r, now));
}

/* Does anybody wait who could run? What is too large for this host is in nobody's way. */
static bool have_others(const struct admission *a)
{
	for (size_t i = 0; i < a->q.nitems; i++) {
		const struct queue_item *it = &a->q.items[i];

		if (!a->rows[it->ref].row.held_until && it->verdict != QUEUE_NEVER)
			return true;
	}
	return false;
}

int turns_missed(struct db *db, struct turns *t, const struct admission *a, struct err *err)
{
	const struct now *now = &t->world.now;
	bool others = have_others(a);
	struct session s;
	int r = 0, changed = 0;

	for (size_t i = 0; r >= 0 && i < a->nrows; i++) {
		const struct queue_row *row = &a->rows[i].row;

		if (!is_missed(row, now))
			continue;
		r = session_by_id(db, str_of(row->id), &s);
		if (r > 0)
			r = is_of_old(row, now) ? turns_hold(db, t, &s, true, err)
			                        : missed(db, t, &s, others, err);
		changed = 1;
	}
	return r < 0 ? r : changed;
}

void turns_next_wake(struct turns *t, const struct admission *a)
{
	for (size_t i = 0; i < a->nrows; i++) {
		const struct queue_row *row = &a->rows[i].row;

		if (row->held_until && !is_missed(row, &t->world.now) &&
		    (!t->wake || row->held_until < t->wake))
			t->wake = row->held_until;
	}
	for (const struct turned *d = t->changed; d; d = d->next)
		if (turn_is_held(&d->s, &t->world.now) &&
		    (!t->wake || d->s.held_until < t->wake))
			t->wake = d->s.held_until;
}
