/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mistakes to be found: each takes the place of one right function when it is
 * named by --bug (-Wl,--wrap, only in this program). `sim-core SEED --bugs`
 * tries all of them, and each has to be found under the name of its invariant.
 */
#include <sqlite3.h>
#include <string.h>

#include "api/told.h"
#include "core/queue.h"
#include "core/reconcile.h"
#include "host.h"
#include "platform.h"
#include "store/sessions.h"

/* How long a turn may take that is given in time; and days until 30 h of waiting are over. */
#define FORGOTTEN_NS ((int64_t)(10 * MIN_NS))
#define LONG_DAYS    2

const struct planted planted[] = {
	{ "silent-cell", INV_WRONG_STOP },      { "no-extension", INV_WRONG_STOP },
	{ "stops-the-living", INV_WRONG_STOP }, { "believes-at-once", INV_WRONG_STOP },
	{ "polling-counts", INV_MISSED_STOP },  { "never-idle", INV_MISSED_STOP },
	{ "no-maximum", INV_MISSED_STOP },      { "told-once", INV_MISSED_STOP },
	{ "wall-clock", INV_BILLED_ONCE },      { "rounds-up", INV_BILLED_ONCE },
	{ "billed-twice", INV_BILLED_ONCE },    { "loses-a-second", INV_BILLED_ONCE },
	{ "no-reconciler", INV_TERMINAL },      { "epoch-again", INV_EPOCH },
	{ "stop-forgotten", INV_ACKNOWLEDGED }, { "one-sided", INV_LEDGER },
	{ "starts-by-itself", INV_INTENT },     { "dies", INV_ANSWERS },
	{ "room-for-all", INV_CAPACITY },       { "no-cap", INV_BUDGET },
	{ "two-at-once", INV_OVERLAP },         { "forgotten", INV_STARVED, LONG_DAYS },
};
const size_t nplanted = ARRAY_LEN(planted);

bool bug(const char *name)
{
	return options.bug && strcmp(options.bug, name) == 0;
}

/* silent-cell, polling-counts: what the agent says, see activity.c. */

/* What got lost on the way to a shim is not said again. */
void __real_told_check(struct live *l, const struct session *s);
void __wrap_told_check(struct live *l, const struct session *s);
void __wrap_told_check(struct live *l, const struct session *s)
{
	if (!bug("told-once"))
		__real_told_check(l, s);
}

/* starved: who was not first in line soon never is. */
void __real_queue_admit(struct queue *q);
void __wrap_queue_admit(struct queue *q);
void __wrap_queue_admit(struct queue *q)
{
	__real_queue_admit(q);
	for (size_t i = 0; bug("forgotten") && i < q->nitems; i++)
		if (q->items[i].verdict == QUEUE_START &&
		    q->now - q->items[i].since > FORGOTTEN_NS)
			q->items[i].verdict = QUEUE_WAIT;
}

/* terminal, intent: what a list says is believed at once, or never; overlap:
 * what runs is taken for lost, and the host lends its volume again. */
enum remedy __real_reconcile(const struct session *s, enum seen seen, unsigned misses,
                             const struct now *now);
enum remedy __wrap_reconcile(const struct session *s, enum seen seen, unsigned misses,
                             const struct now *now);
enum remedy __wrap_reconcile(const struct session *s, enum seen seen, unsigned misses,
                             const struct now *now)
{
	if (bug("dies") && s->state == SESSION_STOPPING && world.now > DAY_NS / 2)
		_exit(70);
	if (bug("no-reconciler"))
		return REMEDY_NONE;
	if (bug("two-at-once") && s->state == SESSION_RUNNING && seen == SEEN_RUNNING)
		return REMEDY_LOST;
	if (bug("two-at-once") && s->state == SESSION_LOST)
		return REMEDY_NONE;
	if (bug("stops-the-living") && s->state == SESSION_RUNNING && seen == SEEN_RUNNING)
		return REMEDY_STOP;
	return __real_reconcile(s, seen, bug("believes-at-once") ? misses + 9 : misses, now);
}

/* acknowledged: the answer comes, the row does not. */
int __real_session_update(struct db *db, const struct session *s, struct err *err);
int __wrap_session_update(struct db *db, const struct session *s, struct err *err);
int __wrap_session_update(struct db *db, const struct session *s, struct err *err)
{
	if (bug("stop-forgotten") && s->state == SESSION_STOPPING)
		return 0;
	return __real_session_update(db, s, err);
}

/* epoch: the number of a run is given out again. */
int __real_session_next_epoch(struct db *db, struct str workspace, uint32_t *ret);
int __wrap_session_next_epoch(struct db *db, struct str workspace, uint32_t *ret);
int __wrap_session_next_epoch(struct db *db, struct str workspace, uint32_t *ret)
{
	int r = __real_session_next_epoch(db, workspace, ret);

	if (r > 0 && bug("epoch-again") && *ret > 1)
		--*ret;
	return r;
}

/* ledger: the other side is a micro-unit short. */
int __real_sqlite3_bind_int64(sqlite3_stmt *st, int at, sqlite3_int64 v);
int __wrap_sqlite3_bind_int64(sqlite3_stmt *st, int at, sqlite3_int64 v);
int __wrap_sqlite3_bind_int64(sqlite3_stmt *st, int at, sqlite3_int64 v)
{
	if (v < 0 && bug("one-sided") &&
	    strncmp(sqlite3_sql(st), "INSERT INTO ledger", 18) == 0)
		v++;
	return __real_sqlite3_bind_int64(st, at, v);
}
