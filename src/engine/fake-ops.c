/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of the engine without containers. */
#include <errno.h>
#include <stdlib.h>

#include "base/json.h"
#include "engine/fake-priv.h"
#include "engine/host.h"

static struct fake_run *find(struct fake *f, struct str session, uint32_t epoch)
{
	list_for_each (it, &f->runs) {
		struct fake_run *r = LIST_ENTRY(it, struct fake_run, node);

		if (str_is(session, r->session) && r->epoch == epoch)
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

/* Verbs. */

static void host_facts(struct engine *e, struct engine_call *c)
{
	const struct fake *f = fake_of(e);
	struct wire_msg m = { .type = WIRE_HOST_FACTS_OK };
	struct buf gpus = BUF(4096);
	struct jsonw g = JSONW(&gpus);

	host_put_gpus(&g, f->gpu, f->ngpu);
	m.host_facts_ok =
	    (struct wire_host_facts_ok){ f->cpu_milli, f->memory_bytes, 1ULL << 42,
		                         1ULL << 42,   STR("[]"),       buf_str(&gpus) };
	engine_answer(c, &m);
	buf_fini(&gpus);
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
		fake_copy(v->id, sizeof(v->id), m->volume_id);
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
	fake_copy(r->session, sizeof(r->session), m->session);
	fake_copy(r->volume, sizeof(r->volume), m->volume_id);
	r->epoch = m->epoch;
	r->idle_seconds = m->idle_seconds;
	r->max_at = m->max_seconds * S;
	r->calendar_at = m->calendar_at_boot_ns;
	r->lease_until = m->lease_until_boot_ns;
	r->memory_mib = (uint32_t)(m->memory_bytes >> 20);
	r->next = f->now + PHASE_TIME;
	list_push(&f->runs, &r->node);
	fake_emit_phase(f, r);
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
	fake_copy(reason, sizeof(reason), m->reason);
	if (!r->ended)
		fake_begin_stop(fake_of(e), r, reason);
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
	r->calendar_at = m->calendar_at_boot_ns;
	r->lease_until = m->lease_until_boot_ns;
	if (r->phase == FAKE_PHASES && !r->reason[0])
		r->next = fake_stop_at(r, &why);
	engine_ok(c);
	fake_emit_activity(fake_of(e), r);
}

static void files_start(struct engine *e, struct engine_call *c,
                        const struct wire_files_start *m)
{
	refuse(c, -ENOTSUP, "this engine has no files to show");
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

static void session_index(struct engine *e, struct engine_call *c,
                          const struct wire_session_index *m)
{
	engine_ok(c); /* there is no agent: nothing comes */
}

static void session_list(struct engine *e, struct engine_call *c,
                         const struct wire_session_list *ask)
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
		        r->reason[0]              ? "stopping"
		        : r->phase == FAKE_PHASES ? "running"
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
			fake_emit(f, &m);
		}
		if (!r->ended)
			fake_emit_phase(f, r);
		if (!r->ended && r->phase == FAKE_PHASES)
			fake_emit_ready(f, r);
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

const struct engine_ops fake_ops = {
	.host_facts = host_facts,
	.image_list = image_list,
	.volume_create = volume_create,
	.volume_grow = volume_grow,
	.volume_stat = volume_stat,
	.volume_delete = volume_delete,
	.files_start = files_start,
	.session_start = session_start,
	.session_stop = session_stop,
	.session_deadline = session_deadline,
	.session_list = session_list,
	.session_stats = session_stats,
	.session_log = session_log,
	.session_upgrade = session_upgrade,
	.session_index = session_index,
	.events = events,
	.journal_ack = journal_ack,
};
