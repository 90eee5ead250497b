/* SPDX-License-Identifier: Apache-2.0 */
/* The line and the room for administrators. */
#include "api/do.h"
#include "api/line.h"
#include "api/show.h"
#include "api/state.h"
#include "store/accounts.h"
#include "store/sessions.h"
#include "store/workspaces.h"

struct out {
	struct call *c;
	struct jsonw *w;
	struct admission *a;
};

static void show_row(struct out *o, const struct queue_item *i)
{
	struct core *core = o->c->core;
	struct db *db = store_reader(core->store);
	const struct queue_row *r = &o->a->rows[i->ref].row;
	const struct now *now = &o->a->world.now;
	int64_t waited = (int64_t)now->boot - i->since;
	struct account account;
	struct workspace ws;
	struct session s;

	if (session_by_id(db, str_of(r->id), &s) <= 0 ||
	    workspace_by_id(db, str_of(r->workspace_id), &ws) <= 0 ||
	    account_by_id(db, str_of(r->account_id), &account) <= 0)
		return;
	jw_obj(o->w);
	jw_kv_z(o->w, "session_id", s.id);
	jw_kv_z(o->w, "workspace_id", ws.id);
	jw_kv_z(o->w, "workspace_name", ws.name);
	jw_kv_z(o->w, "account_id", account.id);
	jw_kv_z(o->w, "email", account.email);
	jw_kv_z(o->w, "name", account.name);
	jw_kv_z(o->w, "instance_type", s.instance_type);
	jw_kv_z(o->w, "plan", s.plan_id);
	jw_kv_i64(o->w, "priority", s.priority);
	jw_kv_time(o->w, "created_at", s.created);
	jw_kv_u64(o->w, "waited_seconds", waited > 0 ? (uint64_t)waited / NS_PER_S : 0);
	jw_key(o->w, "queue");
	line_show_live(o->w, core, &s);
	jw_obj_end(o->w);
}

/* The line as it is this moment; false: the problem was sent. */
static bool load(struct call *c, struct admission *a)
{
	struct admit_world w = admit_world_of(c->core);
	struct err err = ERR_NONE;

	if (admit_load(store_reader(c->core->store), &w, a, &err) == 0)
		return true;
	admit_fini(a);
	call_fail(c, PROBLEM_INTERNAL, NULL, "The line can't be read; try again.");
	return false;
}

void do_queue(struct call *c)
{
	struct jsonw w = JSONW(&c->out);
	struct admission a;
	struct out o = { c, &w, &a };
	struct page page;

	if (!call_page(c, &page) || !load(c, &a))
		return;
	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	for (size_t i = 0; i < a.q.nitems && i < page.limit; i++)
		show_row(&o, &a.q.items[i]);
	jw_arr_end(&w);
	jw_kv_null(&w, "next");
	jw_kv_u64(&w, "waiting", a.q.nitems);
	jw_obj_end(&w);
	admit_fini(&a);
	call_reply(c, 200, CONTENT_JSON);
}

/* --- capacity --- */

static void show_resource(struct jsonw *w, const char *name, uint64_t host,
                          const struct admission *a, int resource, uint32_t per_cent,
                          uint64_t reserve)
{
	uint64_t held = 0;

	for (size_t i = 0; i < a->q.nitems; i++)
		if (a->q.items[i].verdict == QUEUE_HELD)
			held += a->q.items[i].want[0].of[resource];
	jw_key(w, name);
	jw_obj(w);
	jw_kv_u64(w, "host", host);
	jw_kv_u64(w, "offered", a->q.total.of[resource]);
	jw_kv_u64(w, "overcommit_percent", per_cent);
	jw_kv_u64(w, "reserve", reserve);
	jw_kv_u64(w, "held", held);
	held = 0;
	for (size_t i = 0; i < a->nruns; i++)
		held += a->runs[i].uses.of[resource];
	jw_kv_u64(w, "used", held);
	jw_obj_end(w);
}

static void show_gpus(struct jsonw *w, const struct admission *a)
{
	jw_key(w, "gpus");
	jw_arr(w);
	for (unsigned k = 0; k < a->world.capacity.ngpu; k++) {
		const struct gpu *g = &a->world.capacity.gpu[k];
		uint64_t used = 0;

		for (size_t i = 0; i < a->nruns; i++)
			used += a->runs[i].uses.of[RESOURCE_GPU + k];
		jw_obj(w);
		jw_kv_z(w, "class", g->class);
		jw_kv_u64(w, "count", g->count);
		jw_kv_u64(w, "used", used);
		jw_obj_end(w);
	}
	jw_arr_end(w);
}

static void show_counts(struct jsonw *w, struct call *c)
{
	int64_t n[SESSION_STATE_MAX_];

	jw_key(w, "sessions");
	jw_obj(w);
	if (session_count_live(store_reader(c->core->store), n) >= 0)
		for (int s = SESSION_QUEUED; s <= SESSION_STOPPING; s++)
			jw_kv_i64(w, session_state_name((enum session_state)s), n[s]);
	jw_obj_end(w);
}

void do_capacity(struct call *c)
{
	const struct facts *f = &c->core->facts;
	const struct capacity_rules *rules = &c->core->cfg->capacity;
	struct jsonw w = JSONW(&c->out);
	struct admission a;

	if (!load(c, &a))
		return;
	jw_obj(&w);
	jw_kv_bool(&w, "known", f->known);
	jw_kv_bool(&w, "engine", a.world.engine_up);
	show_resource(&w, "cpu_milli", f->cpu_milli, &a, RESOURCE_CPU, rules->cpu_overcommit,
	              rules->cpu_reserve_milli);
	show_resource(&w, "memory_bytes", f->memory_bytes, &a, RESOURCE_MEMORY,
	              rules->memory_overcommit, rules->memory_reserve);
	show_gpus(&w, &a);
	jw_key(&w, "disk_bytes");
	jw_obj(&w);
	jw_kv_u64(&w, "host", f->pool_bytes_total);
	jw_kv_u64(&w, "free", f->pool_bytes_free);
	jw_obj_end(&w);
	show_counts(&w, c);
	jw_kv_u64(&w, "waiting", a.q.nitems);
	jw_obj_end(&w);
	admit_fini(&a);
	call_reply(c, 200, CONTENT_JSON);
}
