/* SPDX-License-Identifier: Apache-2.0 */
#include "host.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"

#define PHASES  4U
#define BEAT_NS (5 * S_NS)
#define TELL_NS (60 * S_NS) /* how often core is told of what it need not know at once */

struct host host;
static const char *const phases[PHASES] = { "image", "volume", "container", "server" };

static void on_fire(struct happen *h);
static void on_step(struct happen *h);

struct run *host_find(struct str session, uint32_t epoch)
{
	list_for_each (it, &host.runs) {
		struct run *r = LIST_ENTRY(it, struct run, node);

		if (r->epoch == epoch && str_is(session, r->session))
			return r;
	}
	return NULL;
}

struct run *host_alive(const char *session)
{
	list_for_each (it, &host.runs) {
		struct run *r = LIST_ENTRY(it, struct run, node);

		if (r->state != RUN_ENDED && strcmp(r->session, session) == 0)
			return r;
	}
	return NULL;
}

/* --- what core hears --- */

void emit(const struct wire_msg *m)
{
	if (host.up && host.events)
		engine_emit(&host.base, m);
}

static void emit_phase(const struct run *r)
{
	struct wire_msg m = { .type = WIRE_EV_PHASE };

	m.ev_phase = (struct wire_ev_phase){ str_of(r->session), r->epoch,
		                             str_of(phases[r->phase < PHASES ? r->phase : 3]),
		                             world_boot() };
	emit(&m);
}

static void emit_ready(const struct run *r)
{
	struct wire_msg m = { .type = WIRE_EV_READY };

	m.ev_ready = (struct wire_ev_ready){ str_of(r->session), r->epoch };
	emit(&m);
}

void emit_activity(struct run *r)
{
	struct wire_msg m = { .type = WIRE_EV_ACTIVITY };
	const char *why;
	boot_ns at = deadline_at(&r->d, &why);

	if (world.now - r->told_at < TELL_NS && r->told_at)
		return;
	r->told_at = world.now;
	m.ev_activity =
	    (struct wire_ev_activity){ str_of(r->session), r->epoch, r->d.last_active, at,
		                       str_of(why),        STR("{}") };
	emit(&m);
}

static void emit_record(const struct journal_rec *rec)
{
	struct wire_msg m = { .type = WIRE_EV_RUN };

	wire_from_journal(rec, &m.ev_run);
	emit(&m);
	if (chance(30)) /* at least once is what was promised */
		emit(&m);
}

void run_say_all(const struct run *r)
{
	for (unsigned i = 0; !r->acked && i < r->nrec; i++)
		emit_record(&r->rec[i]);
	if (r->state == RUN_ENDED || !r->shim)
		return;
	emit_phase(r);
	if (r->ready)
		emit_ready(r);
}

/* --- the journal --- */

static void record(struct run *r, enum journal_kind kind, bool estimated)
{
	struct journal_rec *j = &r->rec[r->nrec];
	sim_ns at = estimated ? r->last_beat : world.now;

	CHECK(r->nrec < ARRAY_LEN(r->rec));
	*j = (struct journal_rec){ .epoch = r->epoch,
		                   .seq = r->nrec,
		                   .kind = kind,
		                   .boottime_ns = at - r->booted,
		                   .wall_us = world_wall() - (wall_us)((world.now - at) / 1000),
		                   .exit_status = -1,
		                   .estimated = estimated };
	(void)snprintf(j->session, sizeof(j->session), "%s", r->session);
	(void)snprintf(j->boot_id, sizeof(j->boot_id), "%s", r->boot_id);
	if (kind == JOURNAL_STOP)
		(void)snprintf(j->reason, sizeof(j->reason), "%s", r->reason);
	r->nrec++;
	if (r->shim)
		emit_record(j);
}

/* --- a run, from its start to its end --- */

static void give_reason(struct run *r, const char *reason)
{
	if (!r->reason[0])
		(void)snprintf(r->reason, sizeof(r->reason), "%s", reason);
}

static void end(struct run *r, bool estimated)
{
	struct wire_msg m = { .type = WIRE_EV_FAILED };

	work_end(r);
	happen_cancel(&r->fire);
	happen_cancel(&r->step);
	if (r->nrec == 0)
		record(r, JOURNAL_START, false);
	if (r->began && !r->ended)
		r->ended = world.now;
	host.estimated += estimated;
	record(r, JOURNAL_STOP, estimated);
	r->state = RUN_ENDED;
	truth_ended(r);
	trace("ended", r->reason, r->epoch);
	m.ev_failed = (struct wire_ev_failed){ str_of(r->session), r->epoch, STR("container"),
		                               str_of(r->reason), STR("it did not work") };
	if (r->failed && r->shim)
		emit(&m);
	r->shim = false;
}

static void on_end(struct happen *h)
{
	struct run *r = CONTAINER_OF(h, struct run, step);

	end(r, false);
}

/* While something counts, the agent says so every `report`. Each of those
 * would only move the deadline: they are made up for when it fires. */
static void catch_up(struct run *r)
{
	sim_ns last = world.now - (world.now - r->shim_since) % host.report;

	if (run_says_busy(r) && last >= r->busy_since)
		deadline_activity(&r->d, world_boot_of(last), true, world_boot_of(last));
}

static void arm(struct run *r)
{
	const char *why;
	boot_ns at = deadline_at(&r->d, &why), now = world_boot();

	happen_cancel(&r->fire);
	if (r->state == RUN_RUNNING && r->shim && at != DEADLINE_NEVER)
		happen_in(&r->fire, at > now ? at - now : 0, on_fire);
}

static void on_fire(struct happen *h)
{
	struct run *r = CONTAINER_OF(h, struct run, fire);
	const char *why;

	catch_up(r);
	if (deadline_at(&r->d, &why) > world_boot()) {
		arm(r);
		emit_activity(r);
		return;
	}
	run_stop(r, why);
}

void run_report(struct run *r)
{
	if (!r->shim || r->state != RUN_RUNNING)
		return; /* nobody hears it */
	deadline_activity(&r->d, world_boot_of(r->last_active), run_says_busy(r), world_boot());
	arm(r);
	emit_activity(r);
}

void run_settings_changed(struct run *r)
{
	r->told_at = 0;
	catch_up(r);
	if (r->state == RUN_RUNNING)
		emit_activity(r);
	arm(r);
}

void run_stop(struct run *r, const char *reason)
{
	if (r->state >= RUN_STOPPING)
		return;
	give_reason(r, reason);
	truth_decided(r, r->reason);
	happen_cancel(&r->step);
	if (r->state == RUN_LAUNCHING) {
		end(r, false);
		return;
	}
	r->state = RUN_STOPPING;
	happen_cancel(&r->fire);
	happen_cancel(&r->watch);
	happen_in(&r->step, between(100 * MS_NS, 10 * S_NS), on_end);
}

static void started(struct run *r)
{
	r->state = RUN_RUNNING;
	r->d.last_active = world_boot();
	r->d.max_at = r->max_seconds ? world_boot() + r->max_seconds * S_NS : 0;
	r->shim_since = r->last_beat = world.now;
	record(r, JOURNAL_START, false);
	truth_began(r);
	work_begin(r);
	arm(r);
}

static void on_step(struct happen *h)
{
	struct run *r = CONTAINER_OF(h, struct run, step);

	if (chance(host.fail_in_1000)) {
		r->failed = true;
		give_reason(r, "start-failed");
		end(r, false);
		return;
	}
	r->phase++;
	if (r->phase == 3)
		started(r);
	if (r->phase < PHASES) {
		emit_phase(r);
		happen_in(&r->step, chance(10) ? about(40 * S_NS) : about(S_NS), on_step);
		return;
	}
	r->ready = true;
	emit_ready(r);
	emit_activity(r);
}

void run_launch(struct run *r)
{
	r->serial = ++host.starts;
	r->shim = true;
	r->boots = world.boots;
	r->booted = world.booted;
	memcpy(r->boot_id, world.boot_id, sizeof(r->boot_id));
	r->shim_since = r->last_beat = world.now;
	list_push(&host.runs, &r->node);
	trace("launch", "run", r->epoch);
	emit_phase(r);
	happen_in(&r->step, about(S_NS), on_step);
}

/* --- faults --- */

static void adopt(struct run *r)
{
	r->shim = true;
	if (r->state == RUN_RUNNING || (r->state == RUN_STOPPING && r->began)) {
		r->shim_since = r->last_beat = world.now;
		r->d.last_active = world_boot();
		host.late_leases += r->d.lease_until && r->d.lease_until < world_boot();
		if (r->ready)
			emit_ready(r);
		else
			happen_in(&r->step, about(S_NS), on_step);
		arm(r);
		truth_watch(r);
		if (r->state == RUN_STOPPING)
			happen_in(&r->step, between(100 * MS_NS, 10 * S_NS), on_end);
		return;
	}
	r->failed = true;
	give_reason(r, "start-failed");
	end(r, false);
}

static void on_adopt(struct happen *h)
{
	struct run *r = CONTAINER_OF(h, struct run, step);

	if (host.up)
		adopt(r);
}

void host_kill_shim(struct run *r)
{
	if (!r->shim || r->state == RUN_ENDED)
		return;
	trace("shim-killed", "run", r->epoch);
	r->last_beat = r->shim_since + (world.now - r->shim_since) / BEAT_NS * BEAT_NS;
	r->shim_until = world.now;
	r->shim = false;
	happen_cancel(&r->fire);
	happen_cancel(&r->step);
	if (host.up)
		happen_in(&r->step, between(50 * MS_NS, 3 * S_NS), on_adopt);
}

void host_exit(struct run *r, const char *reason)
{
	if (r->state != RUN_RUNNING)
		return;
	if (!r->shim) { /* nobody sees it: the next shim estimates */
		give_reason(r, "shim-lost");
		r->ended = world.now;
		end(r, true);
		return;
	}
	give_reason(r, reason);
	end(r, false);
}

void host_engine_down(void)
{
	host.up = host.events = false;
	host.base.on_event = NULL;
	list_for_each (it, &host.runs) {
		struct run *r = LIST_ENTRY(it, struct run, node);

		if (!r->shim && r->state != RUN_ENDED)
			happen_cancel(&r->step); /* nobody makes a new shim meanwhile */
	}
	trace("engine", "down", 0);
}

void host_engine_up(void)
{
	host.up = true;
	host.up_since = world.now;
	trace("engine", "up", 0);
	list_for_each (it, &host.runs) {
		struct run *r = LIST_ENTRY(it, struct run, node);

		if (r->state == RUN_ENDED || r->shim)
			continue;
		if (r->boots != world.boots) { /* the host went down under it */
			if (r->began) {
				(void)snprintf(r->reason, sizeof(r->reason), "host-lost");
			} else {
				give_reason(r, "start-failed");
			}
			end(r, r->began != 0);
			continue;
		}
		happen_in(&r->step, between(50 * MS_NS, 3 * S_NS), on_adopt);
	}
}

void host_power_off(void)
{
	host_engine_down();
	list_for_each (it, &host.runs) {
		struct run *r = LIST_ENTRY(it, struct run, node);

		if (r->state == RUN_ENDED)
			continue;
		if (r->shim) {
			r->last_beat =
			    r->shim_since + (world.now - r->shim_since) / BEAT_NS * BEAT_NS;
			r->shim_until = world.now;
		}
		r->shim = false;
		happen_cancel(&r->fire);
		happen_cancel(&r->step);
		happen_cancel(&r->watch);
		work_end(r);
		if (r->began)
			r->ended = world.now;
	}
}

void host_init(void)
{
	host = (struct host){ .cpu_milli = 64000,
		              .memory_bytes = 256ULL << 30,
		              .gap = 3 * MIN_NS,
		              .away = 40 * MIN_NS,
		              .report = 10 * S_NS,
		              .fail_in_1000 = 5 };
	host.base.ops = &host_ops;
	list_init(&host.runs);
	list_init(&host.volumes);
}
