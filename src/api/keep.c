/* SPDX-License-Identifier: Apache-2.0 */
#include "api/keep.h"

#include <errno.h>
#include <stdio.h>

#include "api/admit.h"
#include "api/change.h"
#include "api/launch.h"
#include "api/leases.h"
#include "api/line.h"
#include "api/live.h"
#include "api/room.h"
#include "api/told.h"
#include "api/turns.h"
#include "base/json.h"
#include "base/log.h"
#include "core/reconcile.h"
#include "store/sessions.h"

#define LIST_ARENA  (8 << 20)
#define LOAD_A_TURN 500U
#define SOON_MS     2000U /* a session was missing: look again soon, not in 30 s */
#define EVERY_MS    30000U
#define PATIENCE_NS (15 * NS_PER_S)

static void on_timer(struct ev_timer *t)
{
	keep_now(CONTAINER_OF(t, struct core, reconcile));
}

void keep_soon(struct core *core)
{
	ev_timer_start(core->ev, &core->reconcile, SOON_MS / 2, on_timer);
}

/* --- the host --- */

/* [{"class","count"}] */
static void take_gpus(struct facts *f, struct str text)
{
	struct arena a = ARENA(65536);
	struct json *list = NULL;

	f->ngpu = 0;
	if (json_parse(&a, text, NULL, &list, NULL) < 0 || list->type != JSON_ARRAY)
		list = NULL;
	json_for_each(it, list)
	{
		struct str class = json_str_or(it, "class", STR(""));
		uint64_t count = 0;

		if (f->ngpu == GPU_CLASSES_MAX || !class.len || class.len >= GPU_NAME_MAX ||
		    json_get_u64(it, "count", 1024, &count) < 0)
			continue;
		(void)snprintf(f->gpu[f->ngpu].class, GPU_NAME_MAX, "%.*s", STR_ARG(class));
		f->gpu[f->ngpu++].count = (uint32_t)count;
	}
	arena_fini(&a);
}

/* More room may be somebody's turn. */
static void take_capacity(struct core *core, const struct wire_host_facts_ok *f)
{
	struct admit_world was = admit_world_of(core), now;

	core->facts.known = true;
	core->facts.cpu_milli = f->cpu_milli;
	core->facts.memory_bytes = f->memory_bytes;
	take_gpus(&core->facts, f->gpus);
	now = admit_world_of(core);
	if (was.known && capacity_equal(&was.capacity, &now.capacity))
		return;
	line_changed(core);
	turns_kick(core);
}

void keep_facts(struct core *core, const struct wire_host_facts_ok *f)
{
	take_capacity(core, f);
	core->facts.pool_bytes_total = f->pool_bytes_total;
	core->facts.pool_bytes_free = f->pool_bytes_free;
	core->facts.volume_limit_bytes = f->volume_limit_bytes;
	if (f->warnings.len < sizeof(core->facts.warnings))
		(void)snprintf(core->facts.warnings, sizeof(core->facts.warnings), "%.*s",
		               STR_ARG(f->warnings));
}

static void on_facts(struct link *l, const struct wire_msg *m, const struct err *err, void *arg)
{
	struct core *core = arg;

	if (!m || m->type != WIRE_HOST_FACTS_OK)
		return;
	keep_facts(core, &m->host_facts_ok);
	room_check(core);
}

/* --- sessions --- */

/* The engine's list, by session id. */
struct seen_item {
	char id[ID_MAX];
	enum seen seen;
	uint32_t epoch;
	bool wanted; /* the store has met it */
};

struct round {
	struct core *core;
	struct now now;
	struct map seen;
	struct arena items;
	bool missing;
};

static enum seen seen_of(const struct json *it)
{
	struct str state = json_str_or(it, "state", STR(""));

	return str_is(state, "running")    ? SEEN_RUNNING
	       : str_is(state, "stopping") ? SEEN_STOPPING
	                                   : SEEN_STARTING;
}

static int read_item(struct round *r, const struct json *it, struct err *err)
{
	struct seen_item *s = ARENA_NEW(&r->items, struct seen_item);
	struct str id = json_str_or(it, "session", STR(""));
	uint64_t epoch = 0;

	if (!s)
		return ERR(err, -ENOMEM, "too many sessions");
	if (!id.len || id.len >= sizeof(s->id) ||
	    json_get_u64(it, "epoch", UINT32_MAX, &epoch) < 0)
		return 0;
	memcpy(s->id, id.ptr, id.len);
	s->seen = seen_of(it);
	s->epoch = (uint32_t)epoch;
	if (map_set(&r->seen, str_of(s->id), s, NULL) < 0)
		return ERR(err, -E2BIG, "too many sessions");
	return 0;
}

/* One page of it. */
static int read_list(struct round *round, struct str items, struct err *err)
{
	struct arena a = ARENA(LIST_ARENA);
	struct json *list = NULL;
	int r = json_parse(&a, items, NULL, &list, err);

	json_for_each(it, r == 0 ? list : NULL)
	{
		r = read_item(round, it, err);
		if (r < 0)
			break;
	}
	arena_fini(&a);
	return r;
}

static void act(struct round *r, const struct session *s, enum remedy remedy)
{
	struct core *core = r->core;
	struct str id = str_of(s->id);

	if (remedy != REMEDY_NONE)
		log_event(LOG_INFO, "reconcile", LZ("s", s->id), LI("remedy", remedy),
		          LZ("state", session_state_name(s->state)));
	switch (remedy) {
	case REMEDY_NONE:
		return;
	case REMEDY_START:
		if (s->state == SESSION_QUEUED)
			turns_kick(core);
		else
			launch(core, id);
		return;
	case REMEDY_STOP:
		launch_stop(core, id, s->epoch, s->reason[0] ? s->reason : "admin");
		return;
	case REMEDY_RUNNING:
		change_ready(core, id, s->epoch);
		return;
	case REMEDY_ENDED:
		change_end(core, id, s->epoch, SESSION_STOPPED, s->reason);
		return;
	case REMEDY_LOST:
		change_end(core, id, s->epoch, SESSION_LOST, "shim-lost");
		return;
	case REMEDY_TIMEOUT:
		change_failed(core, id, s->epoch, STR("start-timeout"),
		              str_of(session_reason_text("start-timeout")));
		launch_stop(core, id, s->epoch, "start-failed");
		return;
	case REMEDY_GIVE_UP:
		change_end(core, id, s->epoch, SESSION_FAILED, "engine-away");
		return;
	}
}

static void count_miss(struct live *l, bool there, boot_ns now)
{
	if (there || l->misses == 0)
		l->missing_since = now;
	l->misses = there ? 0 : l->misses + 1;
}

static void on_row(void *arg, const struct session *s, int64_t seq)
{
	struct round *r = arg;
	struct seen_item *item = map_get(&r->seen, str_of(s->id));
	struct live *l;
	bool there = item && item->epoch == s->epoch;
	unsigned misses;

	live_track(r->core, s);
	l = live_find(r->core, str_of(s->id));
	if (item && item->epoch == s->epoch)
		item->wanted = true;
	if (!l)
		return;
	count_miss(l, there, r->now.boot);
	r->missing |= !there && s->state != SESSION_QUEUED;
	misses = l->misses;
	/* What has run is not given up for a moment's silence of the engine. */
	if (s->started_boot && misses > 1 && r->now.boot - l->missing_since < PATIENCE_NS)
		misses = 1;
	act(r, s, reconcile(s, there ? item->seen : SEEN_NO, misses, &r->now));
	if (there && item->seen == SEEN_RUNNING && s->state == SESSION_RUNNING)
		told_check(l, s);
}

/* What the engine has and no live row stands for. */
static void orphans(struct round *r)
{
	struct core *core = r->core;
	struct str id;
	void *value;
	size_t at = 0;

	while (map_next(&r->seen, &at, &id, &value)) {
		struct seen_item *item = value;
		struct session s;
		int known;

		if (item->wanted)
			continue;
		known = session_by_id(store_reader(core->store), id, &s);
		if (known < 0) {
			/* Not to be read is not the same as not to be there. */
			log_event(LOG_ERROR, "store_read", LS("s", id));
			r->missing = true;
			continue;
		}
		if (known && !reconcile_is_orphan(&s, item->epoch)) {
			act(r, &s, reconcile(&s, item->seen, 0, &r->now));
			r->missing |= item->seen == SEEN_RUNNING;
			continue;
		}
		if (!known && item->seen != SEEN_STOPPING) {
			change_ready(core, id, item->epoch); /* adopted, or ended */
			continue;
		}
		log_event(LOG_WARN, "orphan", LS("s", id), LI("epoch", item->epoch));
		launch_stop(core, id, item->epoch, "admin");
	}
}

static void round_free(struct round *r)
{
	r->core->round = false;
	map_fini(&r->seen);
	arena_fini(&r->items);
	free(r);
}

/* The whole list is here. */
static void compare(struct round *r)
{
	struct core *core = r->core;

	r->now = core_now(core);
	if (session_list_live(store_reader(core->store), on_row, r) < 0) {
		log_event(LOG_ERROR, "store_read", LZ("what", "live sessions"));
	} else {
		orphans(r);
		launch_kick(core);
		leases_check(core);
		leases_settle(core, "");
	}
	if (!core->count.rounds++)
		log_event(LOG_INFO, "core_reconciled", LI("sessions", map_count(&r->seen)),
		          LI("ms", ev_now_ms(core->ev) - core->began));
	ev_timer_start(core->ev, &core->reconcile,
	               r->missing || core->images_again ? SOON_MS : EVERY_MS, on_timer);
}

static void on_list(struct link *l, const struct wire_msg *m, const struct err *err, void *arg)
{
	struct wire_msg more = { .type = WIRE_SESSION_LIST };
	struct round *r = arg;
	struct err e = ERR_NONE;

	if (!m || m->type != WIRE_SESSION_LIST_OK) {
		round_free(r);
		return;
	}
	if (read_list(r, m->session_list_ok.items, &e) < 0) {
		log_err(LOG_ERROR, "engine_list", &e);
	} else if (m->session_list_ok.next.len) {
		more.session_list.after = m->session_list_ok.next;
		link_call(l, &more, on_list, r);
		return;
	} else {
		compare(r);
	}
	round_free(r);
}

static void ask_list(struct core *core)
{
	struct wire_msg list = { .type = WIRE_SESSION_LIST };
	struct round *r;

	if (core->round)
		return; /* one is under way */
	r = xcalloc(1, sizeof(*r));
	r->core = core;
	core->round = true;
	map_init(&r->seen, 20000);
	arena_init(&r->items, LIST_ARENA);
	link_call(core->link, &list, on_list, r);
}

static void on_events(struct link *l, const struct wire_msg *m, const struct err *err,
                      void *arg)
{
	struct core *core = arg;

	core->replay |= err != NULL;
}

/* From now on they come; first what its journals say. */
static void ask_events(struct core *core)
{
	struct wire_msg events = { .type = WIRE_EVENTS };

	core->replay = false;
	link_call(core->link, &events, on_events, core);
}

void keep_now(struct core *core)
{
	struct wire_msg facts = { .type = WIRE_HOST_FACTS };

	ev_timer_start(core->ev, &core->reconcile, EVERY_MS, on_timer);
	if (!link_up(core->link))
		return;
	if (core->replay)
		ask_events(core);
	link_call(core->link, &facts, on_facts, core);
	keep_images(core);
	ask_list(core);
}

/* Events first: what the journals say is booked before the list is judged. */
static void listen_to_engine(struct core *core)
{
	ask_events(core);
	keep_now(core);
}

void keep_on_up(struct link *l, void *arg)
{
	struct wire_msg facts = { .type = WIRE_HOST_FACTS };
	struct core *core = arg;

	core->count.engine_connects++;
	core->link = l;
	link_call(l, &facts, on_facts, core);
	if (core->load_done)
		listen_to_engine(core);
}

void keep_on_down(struct link *l, void *arg)
{
	struct core *core = arg;

	leases_down(core);
	ev_timer_start(core->ev, &core->reconcile, EVERY_MS, on_timer);
}

void keep_on_event(struct link *l, const struct wire_msg *m, void *arg)
{
	struct core *core = arg;

	switch ((int)m->type) {
	case WIRE_EV_PHASE:
		change_phase(core, &m->ev_phase);
		return;
	case WIRE_EV_READY:
		change_ready(core, m->ev_ready.session, m->ev_ready.epoch);
		return;
	case WIRE_EV_RUN:
		change_run(core, &m->ev_run);
		return;
	case WIRE_EV_ACTIVITY:
		change_activity(core, &m->ev_activity);
		return;
	case WIRE_EV_FAILED:
		change_failed(core, m->ev_failed.session, m->ev_failed.epoch,
		              m->ev_failed.reason, m->ev_failed.message);
		return;
	case WIRE_EV_DOC:
		index_take(core, &m->ev_doc);
		return;
	default:
		log_event(LOG_WARN, "engine_event", LZ("unknown", wire_name(m->type)));
	}
}

static void on_load(void *arg, const struct session *s, int64_t seq)
{
	struct core *core = arg;

	live_track(core, s);
	core->loaded = seq;
}

static void on_load_more(struct ev_timer *t);

/* Some at a time: who asks in between is answered. What the engine tells is
 * heard when all are there. */
static void load_some(struct core *core)
{
	int64_t before = core->loaded;

	if (session_list_live_after(store_reader(core->store), before, LOAD_A_TURN, on_load,
	                            core) < 0)
		log_event(LOG_ERROR, "store_read", LZ("what", "live sessions"));
	if (core->loaded != before) {
		ev_timer_start(core->ev, &core->load, 0, on_load_more);
		return;
	}
	core->load_done = true;
	if (link_up(core->link))
		listen_to_engine(core);
}

static void on_load_more(struct ev_timer *t)
{
	load_some(CONTAINER_OF(t, struct core, load));
}

void keep_load(struct core *core)
{
	link_go(core->link);
	ev_timer_start(core->ev, &core->load, 0, on_load_more);
}
