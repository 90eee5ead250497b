/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is right, by what really happened and by what people were told: was
 * this stop due, is one overdue, do two runs hold one volume, was it meant.
 * Kept in the simulator's own numbers; no rule of the product is asked.
 */
#include <stdio.h>
#include <string.h>

#include "host.h"

#define KNOWN_NS  S_NS        /* a report is on its way for half a second */
#define LATE_NS   (16 * S_NS) /* reports while busy come every 10 s */
#define SETTLE_NS (90 * S_NS) /* how long a new setting may take when all is well */

sim_ns truth_healthy_since = NEVER;

static sim_ns last_active(const struct run *r)
{
	return run_is_busy(r) ? world.now : r->last_active;
}

/* Since when it should not run any more, by the longest of what is allowed. */
static sim_ns due(const struct run *r, const char **why)
{
	sim_ns idle = NEVER, max = NEVER, promised;

	*why = "idle";
	if (r->idle_most && !run_is_busy(r)) {
		idle = last_active(r) + r->idle_most;
		/* One whose answer was lost may hold or not. */
		promised = r->promised > r->d.extend_until ? r->promised : r->d.extend_until;
		promised += promised ? world.booted : 0;
		if (idle < promised)
			idle = promised;
		/* A new shim counts from when it came. */
		if (idle < r->shim_since + r->idle_most && r->shim_since > r->began + S_NS)
			idle = r->shim_since + r->idle_most;
	}
	if (idle < r->changed)
		idle = r->changed; /* a shorter time begins when it is known */
	if (r->max_seconds)
		max = r->began + r->max_seconds * S_NS;
	if (max <= idle) {
		*why = "max";
		idle = max;
	}
	if (r->d.calendar_at && world.booted + r->d.calendar_at <= idle) {
		*why = "calendar";
		idle = world.booted + r->d.calendar_at;
	}
	if (r->d.lease_until && world.booted + r->d.lease_until <= idle) {
		*why = "budget";
		idle = world.booted + r->d.lease_until;
	}
	return idle;
}

static void on_watch(struct happen *h)
{
	truth_watch(CONTAINER_OF(h, struct run, watch));
}

void truth_watch(struct run *r)
{
	const char *why;
	sim_ns at;

	if (r->state != RUN_RUNNING || !r->began)
		return;
	if (r->settles && truth_healthy_since != NEVER && r->settles <= world.now &&
	    world.now - truth_healthy_since > SETTLE_NS) {
		r->idle_least = r->idle_most = r->idle_wanted * S_NS;
		r->settles = 0;
	}
	at = due(r, &why);
	if (at == NEVER) {
		if (r->settles)
			happen_in(&r->watch, SETTLE_NS, on_watch);
		return;
	}
	at += LATE_NS;
	if (at <= world.now && r->shim && world.now - r->shim_since > LATE_NS) {
		if (r->settles) {
			happen_in(&r->watch, SETTLE_NS, on_watch);
			return;
		}
		violated(INV_MISSED_STOP, "%s should have stopped (%s) %llu s ago", r->session,
		         why, (unsigned long long)((world.now - at + LATE_NS) / S_NS));
		r->idle_most = 0; /* said once */
		r->max_seconds = 0;
		return;
	}
	happen_in(&r->watch, at > world.now ? at - world.now : LATE_NS, on_watch);
}

void truth_began(struct run *r)
{
	r->began = world.now;
	r->idle_least = r->idle_most = r->idle_wanted * S_NS;
	list_for_each (it, &host.runs) {
		const struct run *o = LIST_ENTRY(it, struct run, node);

		if (o != r && o->began && !o->ended && strcmp(o->volume, r->volume) == 0)
			violated(INV_OVERLAP, "%s-%u and %s-%u run on one volume", o->session,
			         o->epoch, r->session, r->epoch);
	}
	truth_watch(r);
}

static void wrong(const struct run *r, const char *reason, const char *what)
{
	violated(INV_WRONG_STOP, "%s was stopped (%s): %s", r->session, reason, what);
}

void truth_decided(struct run *r, const char *reason)
{
	trace("stops", reason, r->epoch);
	host.stops++;
	host.stopped_idle += strcmp(reason, "idle") == 0;
	host.stopped_max += strcmp(reason, "max") == 0;
	host.stopped_other += strcmp(reason, "idle") != 0 && strcmp(reason, "max") != 0;
	if (strcmp(reason, "idle") == 0) {
		sim_ns last = last_active(r);

		if (r->promised && world_boot() < r->promised)
			wrong(r, reason, "it was promised to run longer");
		else if (!r->idle_least)
			wrong(r, reason, "it has no auto-stop");
		else if (run_is_busy(r)
		             ? world.now - r->busy_since > KNOWN_NS
		             : last < world.now - KNOWN_NS && world.now < last + r->idle_least)
			wrong(r, reason, run_is_busy(r) ? "it was busy" : "somebody worked");
	} else if (strcmp(reason, "max") == 0) {
		if (world.now < r->began + r->max_seconds * S_NS)
			wrong(r, reason, "its longest time was not over");
	} else if (strcmp(reason, "calendar") == 0) {
		if (!r->d.calendar_at || world_boot() < r->d.calendar_at)
			wrong(r, reason, "the calendar had not come so far");
	} else if (strcmp(reason, "budget") == 0) {
		if (!r->d.lease_until || world_boot() < r->d.lease_until)
			wrong(r, reason, "its lease was not over");
	} else if (strcmp(reason, "user") == 0) {
		if (host.was_asked && !host.was_asked(r->session))
			wrong(r, reason, "nobody asked for it");
	} else if (strcmp(reason, "admin") == 0) {
		if (host.is_meant && host.is_meant(r->session, r->epoch))
			wrong(r, reason, "core's store means it to run");
	}
}

void truth_ended(struct run *r)
{
	if (r->began)
		host.session_ms +=
		    (r->ended - r->began) / MS_NS; /* ns of a million days are too many */
	happen_cancel(&r->watch);
}

void truth_idle_asked(const char *session, uint32_t idle_s)
{
	struct run *r = host_alive(session);
	sim_ns idle = idle_s * S_NS;

	if (!r)
		return;
	if (idle < r->idle_least)
		r->idle_least = idle;
	if (idle > r->idle_most)
		r->idle_most = idle;
	r->settles = NEVER;
}

void truth_idle_set(const char *session, uint32_t idle_s)
{
	struct run *r = host_alive(session);

	if (!r)
		return;
	if (idle_s)
		r->idle_wanted = idle_s;
	r->settles = world.now + SETTLE_NS;
	r->changed = world.now;
	truth_watch(r);
}

void truth_promised(const char *session, boot_ns until)
{
	struct run *r = host_alive(session);

	if (r && until > r->promised)
		r->promised = until;
	if (r)
		truth_watch(r);
}
