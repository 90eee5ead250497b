/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fake.h"

#include <errno.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/list.h"
#include "proto/journal.h"

#define MS         UINT64_C(1000000)
#define S          (1000 * MS)
#define NEVER      UINT64_MAX
#define PHASE_TIME (100 * MS)
#define STOP_TIME  (200 * MS)
#define WALL_ZERO  INT64_C(1700000000000000)

static const char *const phases[] = { "image", "volume", "container", "server" };

struct fake_volume {
	struct list node;
	char id[41];
	uint64_t size;
};

struct fake_run {
	struct list node;
	char session[41], volume[41];
	uint32_t epoch;
	unsigned phase; /* index in phases, ARRAY_LEN: running */
	boot_ns next;   /* when the next step is due */
	boot_ns last_active, extend_until, max_at, started;
	uint32_t idle_seconds, memory_mib;
	char reason[32]; /* not empty: stopping, or stopped */
	char evidence[256];
	bool ended, acked;
	struct journal_rec rec[2];
	unsigned nrec;
};

struct fake {
	struct engine base;
	boot_ns now;
	bool events;
	struct list runs, volumes;
	char fail_phase[32], fail_message[128];
};

static struct fake *fake_of(struct engine *e)
{
	return CONTAINER_OF(e, struct fake, base);
}

static void copy(char *to, size_t n, struct str s)
{
	(void)snprintf(to, n, "%.*s", STR_ARG(s));
}

static void emit(struct fake *f, const struct wire_msg *m)
{
	if (f->events)
		engine_emit(&f->base, m);
}

static struct fake_run *find(struct fake *f, struct str session, uint32_t epoch)
{
	list_for_each (it, &f->runs) {
		struct fake_run *r = LIST_ENTRY(it, struct fake_run, node);

		if (str_is(session, r->session) && r->epoch == epoch)
			return r;
	}
	return NULL;
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

static struct fake_volume *find_volume(struct fake *f, struct str id)
{
	list_for_each (it, &f->volumes) {
		struct fake_volume *v = LIST_ENTRY(it, struct fake_volume, node);

		if (str_is(id, v->id))
			return v;
	}
	return NULL;
}

static bool is_attached(struct fake *f, const char *volume)
{
	list_for_each (it, &f->runs) {
		const struct fake_run *r = LIST_ENTRY(it, struct fake_run, node);

		if (!r->ended && strcmp(r->volume, volume) == 0)
			return true;
	}
	return false;
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
	emit(f, &m);
}

static void emit_phase(struct fake *f, const struct fake_run *r)
{
	struct wire_msg m = { .type = WIRE_EV_PHASE };

	m.ev_phase =
	    (struct wire_ev_phase){ str_of(r->session), r->epoch,
		                    str_of(phases[r->phase < 4 ? r->phase : 3]), f->now };
	emit(f, &m);
}

static void emit_ready(struct fake *f, const struct fake_run *r)
{
	struct wire_msg m = { .type = WIRE_EV_READY };

	m.ev_ready = (struct wire_ev_ready){ str_of(r->session), r->epoch };
	emit(f, &m);
}

static boot_ns stop_at(const struct fake_run *r, const char **why)
{
	boot_ns idle = r->idle_seconds ? r->last_active + r->idle_seconds * S : NEVER;

	if (r->idle_seconds && idle < r->extend_until)
		idle = r->extend_until;
	*why = r->max_at && r->max_at <= idle ? "max" : "idle";
	return r->max_at && r->max_at <= idle ? r->max_at : idle;
}

static void emit_activity(struct fake *f, const struct fake_run *r)
{
	struct wire_msg m = { .type = WIRE_EV_ACTIVITY };
	const char *why;
	boot_ns at = stop_at(r, &why);

	m.ev_activity = (struct wire_ev_activity){ str_of(r->session), r->epoch,
		                                   r->last_active,     at,
		                                   str_of(why),        str_of(r->evidence) };
	emit(f, &m);
}

static void end(struct fake *f, struct fake_run *r)
{
	if (r->nrec == 0)
		record(f, r, JOURNAL_START);
	record(f, r, JOURNAL_STOP);
	r->ended = true;
	r->next = NEVER;
}

static void begin_stop(struct fake *f, struct fake_run *r, const char *reason)
{
	if (r->reason[0])
		return;
	copy(r->reason, sizeof(r->reason), str_of(reason));
	r->next = f->now + STOP_TIME;
}

static void fail_start(struct fake *f, struct fake_run *r)
{
	struct wire_msg m = { .type = WIRE_EV_FAILED };

	copy(r->reason, sizeof(r->reason), STR("start-failed"));
	end(f, r);
	m.ev_failed =
	    (struct wire_ev_failed){ str_of(r->session), r->epoch, str_of(f->fail_phase),
		                     STR("start-failed"), str_of(f->fail_message) };
	emit(f, &m);
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
	if (r->phase == ARRAY_LEN(phases)) {
		(void)stop_at(r, &why);
		begin_stop(f, r, why);
		return;
	}
	if (f->fail_phase[0] && strcmp(f->fail_phase, phases[r->phase]) == 0) {
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
	if (r->phase < ARRAY_LEN(phases)) {
		emit_phase(f, r);
		r->next = f->now + PHASE_TIME;
	} else {
		emit_ready(f, r);
		r->next = stop_at(r, &why);
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

/* Verbs. */

static void host_facts(struct engine *e, struct engine_call *c)
{
	struct wire_msg m = { .type = WIRE_HOST_FACTS_OK };

	m.host_facts_ok = (struct wire_host_facts_ok){ 64000, 256ULL << 30, 1ULL << 42,
		                                       1ULL << 42, STR("[]") };
	engine_answer(c, &m);
}

static void image_list(struct engine *e, struct engine_call *c)
{
	struct wire_msg m = { .type = WIRE_IMAGE_LIST_OK };

	m.image_list_ok.items = STR("[{\"id\":\"default-000000000000\",\"name\":\"default\","
	                            "\"digest\":\"sha256:00\",\"size_bytes\":1000000,"
	                            "\"ready\":true}]");
	engine_answer(c, &m);
}

static void refuse(struct engine_call *c, int code, const char *why)
{
	struct err err = ERR_NONE;

	(void)ERR(&err, code, "%s", why);
	engine_fail(c, &err);
}

static void volume_create(struct engine *e, struct engine_call *c,
                          const struct wire_volume_create *m)
{
	struct fake *f = fake_of(e);
	struct fake_volume *v;

	if (!find_volume(f, m->volume_id)) {
		v = xcalloc(1, sizeof(*v));
		copy(v->id, sizeof(v->id), m->volume_id);
		v->size = m->size_bytes;
		list_push(&f->volumes, &v->node);
	}
	engine_ok(c);
}

static void volume_grow(struct engine *e, struct engine_call *c,
                        const struct wire_volume_grow *m)
{
	struct fake_volume *v = find_volume(fake_of(e), m->volume_id);

	if (!v) {
		refuse(c, -ENOENT, "there is no such volume");
	} else if (is_attached(fake_of(e), v->id)) {
		refuse(c, -EBUSY, "the volume is in use: stop its session first");
	} else {
		v->size = m->size_bytes > v->size ? m->size_bytes : v->size;
		engine_ok(c);
	}
}

static void volume_stat(struct engine *e, struct engine_call *c,
                        const struct wire_volume_stat *m)
{
	const struct fake_volume *v = find_volume(fake_of(e), m->volume_id);
	struct wire_msg a = { .type = WIRE_VOLUME_STAT_OK };

	if (!v) {
		refuse(c, -ENOENT, "there is no such volume");
		return;
	}
	a.volume_stat_ok = (struct wire_volume_stat_ok){ v->size, v->size / 10, v->size / 10 };
	engine_answer(c, &a);
}

static void volume_delete(struct engine *e, struct engine_call *c,
                          const struct wire_volume_delete *m)
{
	struct fake_volume *v = find_volume(fake_of(e), m->volume_id);

	if (v && is_attached(fake_of(e), v->id)) {
		refuse(c, -EBUSY, "the volume is in use: stop its session first");
		return;
	}
	if (v) {
		list_del(&v->node);
		free(v);
	}
	engine_ok(c);
}

static void session_start(struct engine *e, struct engine_call *c,
                          const struct wire_session_start *m)
{
	struct fake *f = fake_of(e);
	struct fake_run *r;

	if (!find_volume(f, m->volume_id)) {
		refuse(c, -ENOENT, "the workspace's volume is not there");
		return;
	}
	engine_ok(c);
	if (find(f, m->session, m->epoch))
		return;
	r = xcalloc(1, sizeof(*r));
	copy(r->session, sizeof(r->session), m->session);
	copy(r->volume, sizeof(r->volume), m->volume_id);
	r->epoch = m->epoch;
	r->idle_seconds = m->idle_seconds;
	r->max_at = m->max_seconds * S;
	r->memory_mib = (uint32_t)(m->memory_bytes >> 20);
	r->next = f->now + PHASE_TIME;
	list_push(&f->runs, &r->node);
	emit_phase(f, r);
}

static void session_stop(struct engine *e, struct engine_call *c,
                         const struct wire_session_stop *m)
{
	struct fake_run *r = find(fake_of(e), m->session, m->epoch);
	char reason[32];

	if (!r) {
		refuse(c, -ENOENT, "there is no such session");
		return;
	}
	copy(reason, sizeof(reason), m->reason);
	if (!r->ended)
		begin_stop(fake_of(e), r, reason);
	engine_ok(c);
}

static void session_deadline(struct engine *e, struct engine_call *c,
                             const struct wire_session_deadline *m)
{
	struct fake_run *r = find(fake_of(e), m->session, m->epoch);
	const char *why;

	if (!r || r->ended) {
		refuse(c, -ENOENT, "there is no such session");
		return;
	}
	r->idle_seconds = m->idle_seconds;
	r->extend_until = m->extend_until_boot_ns;
	if (m->max_at_boot_ns)
		r->max_at = m->max_at_boot_ns;
	if (r->phase == ARRAY_LEN(phases) && !r->reason[0])
		r->next = stop_at(r, &why);
	engine_ok(c);
	emit_activity(fake_of(e), r);
}

static void session_upgrade(struct engine *e, struct engine_call *c,
                            const struct wire_session_upgrade *m)
{
	const struct fake_run *r = find(fake_of(e), m->session, m->epoch);

	if (!r || r->ended)
		refuse(c, -ENOENT, "there is no such session");
	else
		engine_ok(c);
}

static void session_list(struct engine *e, struct engine_call *c)
{
	struct wire_msg m = { .type = WIRE_SESSION_LIST_OK };
	struct buf b = BUF(1000000);
	struct jsonw w = JSONW(&b);

	jw_arr(&w);
	list_for_each (it, &fake_of(e)->runs) {
		const struct fake_run *r = LIST_ENTRY(it, struct fake_run, node);

		if (r->ended)
			continue;
		jw_obj(&w);
		jw_kv_z(&w, "session", r->session);
		jw_kv_u64(&w, "epoch", r->epoch);
		jw_kv_z(&w, "state",
		        r->reason[0]                    ? "stopping"
		        : r->phase == ARRAY_LEN(phases) ? "running"
		                                        : "starting");
		jw_kv_i64(&w, "pid", 4711);
		jw_kv_u64(&w, "since_boot_ns", r->started);
		jw_obj_end(&w);
	}
	jw_arr_end(&w);
	m.session_list_ok.items = buf_str(&b);
	engine_answer(c, &m);
	buf_fini(&b);
}

static void session_stats(struct engine *e, struct engine_call *c,
                          const struct wire_session_stats *m)
{
	const struct fake_run *r = find(fake_of(e), m->session, m->epoch);
	struct wire_msg a = { .type = WIRE_SESSION_STATS_OK };

	if (!r || r->ended) {
		refuse(c, -ENOENT, "there is no such session");
		return;
	}
	a.session_stats_ok = (struct wire_session_stats_ok){
		.cpu_ns = (fake_of(e)->now - r->started) / 10,
		.memory_bytes = 100ULL << 20,
		.memory_limit_bytes = (uint64_t)r->memory_mib << 20,
		.pids = 7,
		.disk_used_bytes = 1 << 20,
		.disk_size_bytes = 1 << 30,
	};
	engine_answer(c, &a);
}

static void session_log(struct engine *e, struct engine_call *c,
                        const struct wire_session_log *m)
{
	struct wire_msg a = { .type = WIRE_SESSION_LOG_OK };

	a.session_log_ok.text = STR("a line of a log\n");
	engine_answer(c, &a);
}

static void events(struct engine *e, struct engine_call *c)
{
	struct fake *f = fake_of(e);

	engine_ok(c);
	f->events = true;
	list_for_each (it, &f->runs) {
		struct fake_run *r = LIST_ENTRY(it, struct fake_run, node);
		struct wire_msg m = { .type = WIRE_EV_RUN };

		for (unsigned i = 0; !r->acked && i < r->nrec; i++) {
			wire_from_journal(&r->rec[i], &m.ev_run);
			emit(f, &m);
		}
		if (!r->ended)
			emit_phase(f, r);
		if (!r->ended && r->phase == ARRAY_LEN(phases))
			emit_ready(f, r);
	}
}

static void journal_ack(struct engine *e, struct engine_call *c,
                        const struct wire_journal_ack *m)
{
	struct fake_run *r = find(fake_of(e), m->session, m->epoch);

	if (r && !r->ended) {
		refuse(c, -EBUSY, "the run has not ended yet");
		return;
	}
	if (r)
		r->acked = true;
	engine_ok(c);
}

static const struct engine_ops fake_ops = {
	.host_facts = host_facts,
	.image_list = image_list,
	.volume_create = volume_create,
	.volume_grow = volume_grow,
	.volume_stat = volume_stat,
	.volume_delete = volume_delete,
	.session_start = session_start,
	.session_stop = session_stop,
	.session_deadline = session_deadline,
	.session_list = session_list,
	.session_stats = session_stats,
	.session_log = session_log,
	.session_upgrade = session_upgrade,
	.events = events,
	.journal_ack = journal_ack,
};

/* The test's side. */

struct fake *fake_new(void)
{
	struct fake *f = xcalloc(1, sizeof(*f));

	f->base.ops = &fake_ops;
	f->now = 1000 * S;
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

void fake_fail_start(struct fake *f, const char *phase, const char *message)
{
	copy(f->fail_phase, sizeof(f->fail_phase), str_of(phase));
	copy(f->fail_message, sizeof(f->fail_message), str_of(message));
}

bool fake_activity(struct fake *f, const char *session, bool busy, const char *evidence)
{
	struct fake_run *r = find_alive(f, session);
	const char *why;

	if (!r || r->phase < ARRAY_LEN(phases))
		return false;
	r->last_active = f->now;
	copy(r->evidence, sizeof(r->evidence), str_of(evidence));
	if (!r->reason[0])
		r->next = stop_at(r, &why);
	emit_activity(f, r);
	return true;
}

bool fake_exit(struct fake *f, const char *session, const char *reason)
{
	struct fake_run *r = find_alive(f, session);

	if (!r)
		return false;
	r->reason[0] = '\0';
	copy(r->reason, sizeof(r->reason), str_of(reason));
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
