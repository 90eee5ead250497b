/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fake.h"

#include <stdlib.h>

#include "engine/fake-priv.h"

#define WALL_ZERO INT64_C(1700000000000000)

const char *const fake_phases[FAKE_PHASES] = { "image", "volume", "container", "server" };

void fake_emit(struct fake *f, const struct wire_msg *m)
{
	if (f->events)
		engine_emit(&f->base, m);
}

static struct fake_run *find_alive(struct fake *f, const char *session)
{
	list_for_each (it, &f->runs) {
		struct fake_run *r = LIST_ENTRY(it, struct fake_run, node);

		if (strcmp(r->session, session) == 0 && !r->ended)
			return r;
	}
	return NULL;
}

static void record(struct fake *f, struct fake_run *r, enum journal_kind kind)
{
	struct journal_rec *j = &r->rec[r->nrec];
	struct wire_msg m = { .type = WIRE_EV_RUN };

	*j = (struct journal_rec){ .epoch = r->epoch,
		                   .seq = r->nrec,
		                   .kind = kind,
		                   .boot_id = "00000000-0000-4000-8000-00000000fa4e",
		                   .boottime_ns = f->now,
		                   .wall_us = WALL_ZERO + (int64_t)(f->now / 1000),
		                   .exit_status = kind == JOURNAL_STOP ? 0 : -1 };
	(void)snprintf(j->session, sizeof(j->session), "%s", r->session);
	if (kind == JOURNAL_STOP) {
		(void)snprintf(j->reason, sizeof(j->reason), "%s", r->reason);
		(void)snprintf(j->evidence, sizeof(j->evidence), "%s", r->evidence);
		j->estimated = strcmp(r->reason, "shim-lost") == 0;
	}
	r->nrec++;
	wire_from_journal(j, &m.ev_run);
	fake_emit(f, &m);
}

void fake_emit_phase(struct fake *f, const struct fake_run *r)
{
	struct wire_msg m = { .type = WIRE_EV_PHASE };

	m.ev_phase =
	    (struct wire_ev_phase){ str_of(r->session), r->epoch,
		                    str_of(fake_phases[r->phase < 4 ? r->phase : 3]), f->now };
	fake_emit(f, &m);
}

void fake_emit_ready(struct fake *f, const struct fake_run *r)
{
	struct wire_msg m = { .type = WIRE_EV_READY };

	m.ev_ready = (struct wire_ev_ready){ str_of(r->session), r->epoch };
	fake_emit(f, &m);
}

boot_ns fake_stop_at(const struct fake_run *r, const char **why)
{
	boot_ns idle = r->idle_seconds ? r->last_active + r->idle_seconds * S : 0;
	const struct {
		boot_ns at; /* 0: none */
		const char *why;
	} clocks[] = { { r->max_at, "max" },
		       { r->lease_until, "budget" },
		       { r->calendar_at, "calendar" },
		       { r->idle_seconds && idle < r->extend_until ? r->extend_until : idle,
		         "idle" } };
	boot_ns first = NEVER;

	*why = "idle";
	for (size_t i = 0; i < ARRAY_LEN(clocks); i++) {
		if (clocks[i].at == 0 || clocks[i].at >= first)
			continue;
		first = clocks[i].at;
		*why = clocks[i].why;
	}
	return first;
}

void fake_emit_activity(struct fake *f, const struct fake_run *r)
{
	struct wire_msg m = { .type = WIRE_EV_ACTIVITY };
	const char *why;
	boot_ns at = fake_stop_at(r, &why);

	m.ev_activity = (struct wire_ev_activity){ str_of(r->session), r->epoch,
		                                   r->last_active,     at,
		                                   str_of(why),        str_of(r->evidence) };
	fake_emit(f, &m);
}

static void end(struct fake *f, struct fake_run *r)
{
	if (r->nrec == 0)
		record(f, r, JOURNAL_START);
	record(f, r, JOURNAL_STOP);
	r->ended = true;
	r->next = NEVER;
}

void fake_begin_stop(struct fake *f, struct fake_run *r, const char *reason)
{
	if (r->reason[0])
		return;
	fake_copy(r->reason, sizeof(r->reason), str_of(reason));
	r->next = f->now + STOP_TIME;
}

static void fail_start(struct fake *f, struct fake_run *r)
{
	struct wire_msg m = { .type = WIRE_EV_FAILED };

	fake_copy(r->reason, sizeof(r->reason), STR("start-failed"));
	end(f, r);
	m.ev_failed =
	    (struct wire_ev_failed){ str_of(r->session), r->epoch, str_of(f->fail_phase),
		                     STR("start-failed"), str_of(f->fail_message) };
	fake_emit(f, &m);
	f->fail_phase[0] = '\0';
}

/* What is due for this run happens, at f->now. */
static void step(struct fake *f, struct fake_run *r)
{
	const char *why;

	if (r->reason[0]) {
		end(f, r);
		return;
	}
	if (r->phase == FAKE_PHASES) {
		(void)fake_stop_at(r, &why);
		fake_begin_stop(f, r, why);
		return;
	}
	if (f->fail_phase[0] && strcmp(f->fail_phase, fake_phases[r->phase]) == 0) {
		fail_start(f, r);
		return;
	}
	r->phase++;
	if (r->phase == 3) {
		r->started = r->last_active = f->now;
		if (r->max_at)
			r->max_at += f->now;
		record(f, r, JOURNAL_START);
	}
	if (r->phase < FAKE_PHASES) {
		fake_emit_phase(f, r);
		r->next = f->now + PHASE_TIME;
	} else {
		fake_emit_ready(f, r);
		r->next = fake_stop_at(r, &why);
	}
}

void fake_advance(struct fake *f, uint64_t ns)
{
	boot_ns end_at = f->now + ns;

	for (;;) {
		struct fake_run *first = NULL;

		list_for_each (it, &f->runs) {
			struct fake_run *r = LIST_ENTRY(it, struct fake_run, node);

			if (!r->ended && r->next <= end_at && (!first || r->next < first->next))
				first = r;
		}
		if (!first)
			break;
		if (first->next > f->now)
			f->now = first->next;
		step(f, first);
	}
	f->now = end_at;
}

/* The test's side. */

struct fake *fake_new(void)
{
	struct fake *f = xcalloc(1, sizeof(*f));

	f->base.ops = &fake_ops;
	f->now = 1000 * S;
	fake_host(f, 64000, 256ULL << 30, "");
	list_init(&f->runs);
	list_init(&f->volumes);
	return f;
}

void fake_free(struct fake *f)
{
	if (!f)
		return;
	list_for_each_safe (it, &f->runs)
		free(LIST_ENTRY(it, struct fake_run, node));
	list_for_each_safe (it, &f->volumes)
		free(LIST_ENTRY(it, struct fake_volume, node));
	free(f);
}

struct engine *fake_engine(struct fake *f)
{
	return &f->base;
}

boot_ns fake_now(const struct fake *f)
{
	return f->now;
}

void fake_host(struct fake *f, uint32_t cpu_milli, uint64_t memory_bytes, const char *gpus)
{
	f->cpu_milli = cpu_milli;
	f->memory_bytes = memory_bytes;
	CHECK(gpus_parse(str_of(gpus), f->gpu, &f->ngpu, NULL) == 0);
}

void fake_fail_start(struct fake *f, const char *phase, const char *message)
{
	fake_copy(f->fail_phase, sizeof(f->fail_phase), str_of(phase));
	fake_copy(f->fail_message, sizeof(f->fail_message), str_of(message));
}

bool fake_activity(struct fake *f, const char *session, bool busy, const char *evidence)
{
	struct fake_run *r = find_alive(f, session);
	const char *why;

	if (!r || r->phase < FAKE_PHASES)
		return false;
	r->last_active = f->now;
	fake_copy(r->evidence, sizeof(r->evidence), str_of(evidence));
	if (!r->reason[0])
		r->next = fake_stop_at(r, &why);
	fake_emit_activity(f, r);
	return true;
}

bool fake_exit(struct fake *f, const char *session, const char *reason)
{
	struct fake_run *r = find_alive(f, session);

	if (!r)
		return false;
	r->reason[0] = '\0';
	fake_copy(r->reason, sizeof(r->reason), str_of(reason));
	end(f, r);
	return true;
}

size_t fake_sessions(const struct fake *f)
{
	size_t n = 0;

	for (const struct list *it = f->runs.next; it != &f->runs; it = it->next)
		n++;
	return n;
}

size_t fake_volumes(const struct fake *f)
{
	size_t n = 0;

	for (const struct list *it = f->volumes.next; it != &f->volumes; it = it->next)
		n++;
	return n;
}
