/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's verbs on the simulated host. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "host.h"
#include "platform.h"

#define PAGE 7U /* sessions in one answer */

struct volume {
	struct list node;
	char id[ID_MAX];
	uint64_t size;
};

static void copy(char *to, size_t n, struct str s)
{
	(void)snprintf(to, n, "%.*s", STR_ARG(s));
}

static struct volume *volume_find(struct str id)
{
	list_for_each (it, &host.volumes) {
		struct volume *v = LIST_ENTRY(it, struct volume, node);

		if (str_is(id, v->id))
			return v;
	}
	return NULL;
}

static const struct run *holder(struct str volume)
{
	list_for_each (it, &host.runs) {
		const struct run *r = LIST_ENTRY(it, struct run, node);

		if (r->state != RUN_ENDED && str_is(volume, r->volume))
			return r;
	}
	return NULL;
}

static void refuse(struct engine_call *c, int code, const char *why)
{
	struct err err = ERR_NONE;

	(void)ERR(&err, code, "%s", why);
	engine_fail(c, &err);
}

static void host_facts(struct engine *e, struct engine_call *c)
{
	struct wire_msg m = { .type = WIRE_HOST_FACTS_OK };

	m.host_facts_ok = (struct wire_host_facts_ok){
		host.cpu_milli, host.memory_bytes * (bug("room-for-all") ? 4 : 1),
		1ULL << 44,     1ULL << 44,
		STR("[]"),      STR("[]")
	};
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

static void volume_create(struct engine *e, struct engine_call *c,
                          const struct wire_volume_create *m)
{
	struct volume *v;

	if (chance(5)) {
		refuse(c, -EAGAIN, "the engine is busy with other volumes: ask again");
		return;
	}
	if (!volume_find(m->volume_id)) {
		v = xcalloc(1, sizeof(*v));
		copy(v->id, sizeof(v->id), m->volume_id);
		v->size = m->size_bytes;
		list_push(&host.volumes, &v->node);
	}
	engine_ok(c);
}

static void volume_grow(struct engine *e, struct engine_call *c,
                        const struct wire_volume_grow *m)
{
	struct volume *v = volume_find(m->volume_id);

	if (!v) {
		refuse(c, -ENOENT, "there is no such volume");
	} else if (holder(m->volume_id)) {
		refuse(c, -EBUSY, "the volume is in use: stop its session first");
	} else {
		v->size = m->size_bytes;
		engine_ok(c);
	}
}

static void volume_stat(struct engine *e, struct engine_call *c,
                        const struct wire_volume_stat *m)
{
	const struct volume *v = volume_find(m->volume_id);
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
	struct volume *v = volume_find(m->volume_id);

	if (v && holder(m->volume_id)) {
		refuse(c, -EBUSY, "the volume is in use: stop its session first");
		return;
	}
	if (v) {
		list_del(&v->node);
		free(v);
	}
	engine_ok(c);
}

/* What is about to run is held against what core's store says it means. */
static void judge_start(const struct run *r)
{
	uint64_t cpu = 0, memory = 0;

	if (host.is_meant && !host.is_meant(r->session, r->epoch))
		violated(INV_INTENT, "%s-%u starts, and the store has no such intent",
		         r->session, r->epoch);
	list_for_each (it, &host.runs) {
		const struct run *o = LIST_ENTRY(it, struct run, node);

		if (o != r && strcmp(o->volume, r->volume) == 0 && o->epoch >= r->epoch)
			violated(INV_EPOCH, "%s-%u starts after %s-%u", r->session, r->epoch,
			         o->session, o->epoch);
		/* A start that took too long is given up at once, and its container
		 * ends within its grace. */
		if (o->state == RUN_ENDED ||
		    (o->state == RUN_STOPPING && strcmp(o->reason, "start-failed") == 0))
			continue;
		cpu += o->cpu_milli;
		memory += o->memory_bytes;
	}
	/* As shipped: CPUs eight times, memory half as much again. */
	if (host.limits && (cpu > host.cpu_milli * 8ULL || memory > host.memory_bytes / 2 * 3))
		violated(INV_CAPACITY, "%llu bytes of %llu are given away",
		         (unsigned long long)memory,
		         (unsigned long long)host.memory_bytes / 2 * 3);
}

static void session_start(struct engine *e, struct engine_call *c,
                          const struct wire_session_start *m)
{
	struct run *r = host_find(m->session, m->epoch);

	if (r) { /* asked again: it is as it is */
		engine_ok(c);
		return;
	}
	if (!volume_find(m->volume_id)) {
		refuse(c, -ENOENT, "the workspace's volume is not there");
		return;
	}
	if (holder(m->volume_id) && !bug("two-at-once")) {
		refuse(c, -EAGAIN, "the volume is still in use by another session");
		return;
	}
	r = xcalloc(1, sizeof(*r));
	copy(r->session, sizeof(r->session), m->session);
	if (bug("starts-by-itself") && host.starts == 3)
		r->session[5] ^= 1;
	copy(r->volume, sizeof(r->volume), m->volume_id);
	r->epoch = m->epoch;
	r->cpu_milli = m->cpu_milli;
	r->memory_bytes = m->memory_bytes;
	r->d.idle_seconds = r->idle_wanted = m->idle_seconds;
	r->max_seconds = m->max_seconds;
	r->d.calendar_at = m->calendar_at_boot_ns;
	r->d.lease_until = m->lease_until_boot_ns;
	engine_ok(c);
	run_launch(r);
	judge_start(r);
}

static void session_stop(struct engine *e, struct engine_call *c,
                         const struct wire_session_stop *m)
{
	struct run *r = host_find(m->session, m->epoch);
	char reason[32];

	if (!r) {
		refuse(c, -ENOENT, "there is no such session");
		return;
	}
	if (r->state != RUN_ENDED && !r->shim) {
		refuse(c, -EAGAIN, "the session is starting or ending: ask again");
		return;
	}
	copy(reason, sizeof(reason), m->reason);
	engine_ok(c);
	if (r->state != RUN_ENDED)
		run_stop(r, reason);
}

static void session_deadline(struct engine *e, struct engine_call *c,
                             const struct wire_session_deadline *m)
{
	struct run *r = host_find(m->session, m->epoch);

	if (!r || r->state == RUN_ENDED) {
		refuse(c, -ENOENT, "there is no such session");
		return;
	}
	if (!r->shim) {
		refuse(c, -EAGAIN, "the session is starting or ending: ask again");
		return;
	}
	r->d.idle_seconds = m->idle_seconds;
	r->d.extend_until = m->extend_until_boot_ns;
	if (m->max_at_boot_ns)
		r->d.max_at = m->max_at_boot_ns;
	r->d.calendar_at = m->calendar_at_boot_ns;
	r->d.lease_until = m->lease_until_boot_ns;
	run_settings_changed(r);
	engine_ok(c);
}

static void session_upgrade(struct engine *e, struct engine_call *c,
                            const struct wire_session_upgrade *m)
{
	engine_ok(c);
}

/* In pages, by the order in which they were started. */
static void session_list(struct engine *e, struct engine_call *c,
                         const struct wire_session_list *ask)
{
	struct wire_msg m = { .type = WIRE_SESSION_LIST_OK };
	struct buf b = BUF(1000000);
	struct jsonw w = JSONW(&b);
	uint64_t after = 0, last = 0;
	unsigned n = 0;
	char next[24] = "";

	if (ask->after.len && str_to_u64(ask->after, 0, UINT64_MAX, &after) < 0)
		after = 0;
	jw_arr(&w);
	list_for_each (it, &host.runs) {
		struct run *r = LIST_ENTRY(it, struct run, node);

		if (r->state == RUN_ENDED || r->serial <= after)
			continue;
		/* Just after the engine's start any may be missing in a list, and one
		 * whose shim is not back yet; not twice in a row. */
		if (!r->omitted && world.now - host.up_since < (r->shim ? 2 : 5) * S_NS &&
		    (!r->shim || chance(500))) {
			r->omitted = true;
			continue;
		}
		r->omitted = false;
		if (++n > PAGE) {
			(void)snprintf(next, sizeof(next), "%llu", (unsigned long long)last);
			break;
		}
		last = r->serial;
		jw_obj(&w);
		jw_kv_z(&w, "session", r->session);
		jw_kv_u64(&w, "epoch", r->epoch);
		jw_kv_z(&w, "state",
		        r->reason[0] ? "stopping"
		        : r->ready   ? "running"
		                     : "starting");
		jw_kv_i64(&w, "pid", 4711);
		jw_kv_u64(&w, "since_boot_ns", r->began ? world_boot_of(r->began) : 0);
		jw_obj_end(&w);
	}
	jw_arr_end(&w);
	m.session_list_ok.items = buf_str(&b);
	m.session_list_ok.next = str_of(next);
	engine_answer(c, &m);
	buf_fini(&b);
}

static void session_stats(struct engine *e, struct engine_call *c,
                          const struct wire_session_stats *m)
{
	const struct run *r = host_find(m->session, m->epoch);
	struct wire_msg a = { .type = WIRE_SESSION_STATS_OK };

	if (!r || r->state == RUN_ENDED) {
		refuse(c, -ENOENT, "there is no such session");
		return;
	}
	a.session_stats_ok = (struct wire_session_stats_ok){
		.cpu_ns = (world.now - r->began) / 10,
		.memory_bytes = 100ULL << 20,
		.memory_limit_bytes = r->memory_bytes,
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

static void session_index(struct engine *e, struct engine_call *c,
                          const struct wire_session_index *m)
{
	engine_ok(c); /* there are no agents */
}

static void events(struct engine *e, struct engine_call *c)
{
	engine_ok(c);
	host.events = true;
	list_for_each (it, &host.runs) {
		struct run *r = LIST_ENTRY(it, struct run, node);

		run_say_all(r);
		r->told_at = 0;
		if (r->state == RUN_RUNNING && r->shim)
			emit_activity(r);
	}
}

static void journal_ack(struct engine *e, struct engine_call *c,
                        const struct wire_journal_ack *m)
{
	struct run *r = host_find(m->session, m->epoch);

	if (r && r->state != RUN_ENDED) {
		refuse(c, -EBUSY, "the run has not ended yet");
		return;
	}
	if (r)
		r->acked = true;
	engine_ok(c);
}

const struct engine_ops host_ops = {
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
	.session_index = session_index,
	.events = events,
	.journal_ack = journal_ack,
};
