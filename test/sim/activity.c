/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody at work: the cases of the idle truth table, one after the other and
 * beside each other, day and night. */
#include "host.h"
#include "platform.h"

const struct doing doings[] = {
	{ "edits, saves, types", true, 0, 0, 60, true },
	{ "cell runs", true, S_NS, 20 * MIN_NS, 30, true },
	{ "cell runs silently for hours", true, H_NS, 4 * H_NS, 3, true },
	{ "job in the foreground of a terminal", true, MIN_NS, 2 * H_NS, 5, true },
	{ "program computes in the background", true, 10 * MIN_NS, 6 * H_NS, 2, true },
	{ "upload or download", true, S_NS, 10 * MIN_NS, 5, true },
	{ "kernel waits on input()", false, MIN_NS, 12 * H_NS, 3, false },
	{ "tab open, nobody types", false, MIN_NS, 16 * H_NS, 8, false },
	{ "editor attached overnight", false, H_NS, 14 * H_NS, 3, false },
	{ "shell prompt, top, less, vim", false, MIN_NS, 16 * H_NS, 5, false },
	{ "background program sleeps", false, MIN_NS, 16 * H_NS, 3, false },
	{ "JupyterLab polls", false, H_NS, 16 * H_NS, 8, false },
	{ "debugger on a breakpoint", false, MIN_NS, 10 * H_NS, 2, false },
	{ "GPU at 0 % with a live kernel", false, H_NS, 10 * H_NS, 2, false },
};
const size_t ndoings = ARRAY_LEN(doings);

static void on_ends(struct happen *h);

bool run_is_busy(const struct run *r)
{
	for (size_t i = 0; i < DOINGS_MAX; i++)
		if (r->at[i] && r->at[i]->counts)
			return true;
	return false;
}

bool run_says_busy(const struct run *r)
{
	for (size_t i = 0; i < DOINGS_MAX && bug("polling-counts"); i++)
		if (r->at[i])
			return true;
	return run_is_busy(r) && !bug("silent-cell");
}

static void plan_end(struct run *r)
{
	sim_ns first = NEVER;

	for (size_t i = 0; i < DOINGS_MAX; i++)
		if (r->at[i] && r->until[i] < first)
			first = r->until[i];
	if (first == NEVER)
		happen_cancel(&r->ends);
	else
		happen_in(&r->ends, first - world.now, on_ends);
}

static void on_tell(struct happen *h)
{
	run_report(CONTAINER_OF(h, struct run, tell));
}

/* The agent reports a change within half a second. */
static void changed(struct run *r)
{
	if (!happens(&r->tell))
		happen_in(&r->tell, between(MS_NS, 500 * MS_NS), on_tell);
}

static void on_ends(struct happen *h)
{
	struct run *r = CONTAINER_OF(h, struct run, ends);

	for (size_t i = 0; i < DOINGS_MAX; i++) {
		if (!r->at[i] || r->until[i] > world.now)
			continue;
		if (r->at[i]->counts) {
			r->last_active = world.now;
			changed(r);
		}
		r->at[i] = NULL;
	}
	plan_end(r);
	truth_watch(r);
}

static const struct doing *pick(bool there)
{
	unsigned total = 0, at;

	for (size_t i = 0; i < ndoings; i++)
		total += !doings[i].there || there ? doings[i].weight : 0;
	at = (unsigned)below(total);
	for (size_t i = 0; i < ndoings; i++) {
		unsigned w = !doings[i].there || there ? doings[i].weight : 0;

		if (at < w)
			return &doings[i];
		at -= w;
	}
	return &doings[0];
}

static void on_next(struct happen *h)
{
	struct run *r = CONTAINER_OF(h, struct run, next);
	const struct doing *d = pick(r->there);
	bool was_busy = run_says_busy(r);

	if (r->there && chance(15))
		r->there = false; /* gone home, and things go on or not */
	else if (!r->there && chance(60))
		r->there = true;
	for (size_t i = 0; i < DOINGS_MAX && d->most; i++) {
		if (r->at[i])
			continue;
		r->at[i] = d;
		r->until[i] = world.now + between(d->least, d->most);
		break;
	}
	if (!was_busy)
		r->busy_since = world.now;
	trace("does", d->name, r->epoch);
	if (d->counts) {
		r->last_active = world.now;
		changed(r);
	}
	plan_end(r);
	happen_in(&r->next, about(r->there ? host.gap : host.away), on_next);
}

void work_begin(struct run *r)
{
	r->there = true;
	r->last_active = world.now;
	happen_in(&r->next, about(host.gap), on_next);
}

void work_end(struct run *r)
{
	happen_cancel(&r->next);
	happen_cancel(&r->ends);
	happen_cancel(&r->tell);
	for (size_t i = 0; i < DOINGS_MAX; i++)
		r->at[i] = NULL;
}
