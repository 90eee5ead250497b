/* SPDX-License-Identifier: Apache-2.0 */
#include "api/launch.h"

#include <errno.h>
#include <stdio.h>

#include "api/books.h"
#include "api/call.h"
#include "api/change.h"
#include "api/clocks.h"
#include "api/keep.h"
#include "api/leases.h"
#include "api/link.h"
#include "api/live.h"
#include "api/room.h"
#include "api/told.h"
#include "api/turns.h"
#include "base/log.h"
#include "core/name.h"
#include "store/sessions.h"
#include "store/spans.h"
#include "store/workspaces.h"

#define LEASE_MIN_NS  (3 * NS_PER_S) /* less is no start: its turn came too late */
#define RETRY_MS      1000U          /* after "not now" from the engine */
#define DOOMED_A_TURN 16U

/* A start under way: VOLUME_CREATE, perhaps VOLUME_GROW, SESSION_START. */
struct op {
	struct core *core;
	char session_id[ID_MAX], volume_id[ID_MAX];
	uint32_t epoch;
	uint64_t bytes, more; /* the volume's size; so much of it is new */
	struct store_job job; /* the volume's size, once made */
	struct err refusal;   /* while room is looked for */
};

static void finish(struct op *o)
{
	struct live *l = live_find(o->core, str_of(o->session_id));

	if (l)
		l->launching = false;
	free(o);
}

static void on_again(struct ev_timer *t)
{
	struct live *l = CONTAINER_OF(t, struct live, again);

	launch(l->core, str_of(l->id));
}

/* "Not now" is tried again; the state's own time limit ends that. When the
 * engine is away the reconciler goes on once it is back. */
static void refused(struct op *o, const struct err *err)
{
	struct live *l = live_find(o->core, str_of(o->session_id));

	o->core->count.engine_errors++;
	if (err->code == -EBUSY || err->code == -EAGAIN) {
		change_note(o->core, str_of(o->session_id), o->epoch, str_of(err->msg));
		if (l)
			ev_timer_start(o->core->ev, &l->again, RETRY_MS, on_again);
	} else if (err->code != -ENOTCONN) {
		log_err(LOG_WARN, "session_start", err);
		change_failed(o->core, str_of(o->session_id), o->epoch, STR("start-failed"),
		              str_of(err->msg));
	}
	finish(o);
}

static void on_room(struct core *core, int on_way, void *arg)
{
	struct op *o = arg;

	if (on_way)
		o->refusal.code = -EAGAIN;
	refused(o, &o->refusal);
}

static void on_host(struct link *link, const struct wire_msg *m, const struct err *err,
                    void *arg)
{
	struct op *o = arg;

	if (m && m->type == WIRE_HOST_FACTS_OK) {
		keep_facts(o->core, &m->host_facts_ok);
		room_check(o->core);
		room_make(o->core, o->more, on_room, o);
	} else {
		refused(o, &o->refusal);
	}
}

/* What is kept of deleted workspaces goes before a start is given up, no more of
 * it than the host lacks now. */
static void no_room(struct op *o, const struct err *err)
{
	struct wire_msg facts = { .type = WIRE_HOST_FACTS };

	o->refusal = *err;
	link_call(o->core->link, &facts, on_host, o);
}

static void on_started(struct link *link, const struct wire_msg *m, const struct err *err,
                       void *arg)
{
	struct op *o = arg;

	o->more = 0; /* its volume is made; if there is no room, then on the disk itself */
	if (err && err->code == -ENOSPC)
		no_room(o, err);
	else if (err)
		refused(o, err);
	else
		finish(o); /* the rest comes as events */
}

static void put_env(struct buf *b, const struct core_cfg *cfg, const struct session *s,
                    const struct workspace *w)
{
	struct jsonw j = JSONW(b);
	char number[32], cpu[MONEY_TEXT_MAX], url[256];
	int n;

	jw_obj(&j);
	jw_kv_z(&j, "CARREL_WORKSPACE", w->name);
	jw_kv_z(&j, "CARREL_WORKSPACE_ID", w->id);
	jw_kv_z(&j, "CARREL_SESSION", s->id);
	jw_kv_z(&j, "CARREL_ACCOUNT", s->account_id);
	n = snprintf(url, sizeof(url), "%s/api/v1", cfg->console_origin);
	jw_kv_str(&j, "CARREL_API_URL", (struct str){ url, (size_t)n });
	n = snprintf(number, sizeof(number), "%llu", (unsigned long long)s->memory_bytes);
	jw_kv_str(&j, "MEM_LIMIT", (struct str){ number, (size_t)n });
	jw_kv_str(&j, "MEM_GUARANTEE", (struct str){ number, (size_t)n });
	seconds_text((uint64_t)s->cpu_milli * 1000000, cpu); /* thousandths, as decimals */
	jw_kv_z(&j, "CPU_LIMIT", cpu);
	jw_kv_z(&j, "CPU_GUARANTEE", cpu);
	if (w->example == 1)
		jw_kv_z(&j, "CARREL_EXAMPLES", "1");
	jw_obj_end(&j);
}

static void start_container(struct op *o)
{
	struct core *core = o->core;
	struct db *db = store_reader(core->store);
	struct wire_msg m = { .type = WIRE_SESSION_START };
	struct wire_session_start *v = &m.session_start;
	char hostname[HOSTNAME_LEN_MAX + 1];
	struct buf env = BUF(16384);
	struct now now = core_now(core);
	struct err err = ERR_NONE;
	struct workspace w;
	struct session s;
	int r = session_by_id(db, str_of(o->session_id), &s);

	if (r > 0 && s.state == SESSION_STARTING)
		r = workspace_by_id(db, str_of(s.workspace_id), &w);
	if (r <= 0 || s.state != SESSION_STARTING) {
		finish(o); /* stopped meanwhile */
		if (r < 0)
			keep_soon(core); /* or not to be read just now */
		return;
	}
	if (s.lease_until && s.lease_until < time_boot_ns() + LEASE_MIN_NS) {
		change_failed(core, str_of(s.id), s.epoch, STR("budget"),
		              STR("The budget was used up before it could start; it has cost "
		                  "nothing. Raise the budget, or wait for the next month."));
		finish(o);
		return;
	}
	name_to_hostname(w.name, hostname);
	put_env(&env, core->cfg, &s, &w);
	if (buf_error(&env) < 0) { /* half an environment is none */
		refused(o,
		        (ERR(&err, -EAGAIN, "no memory for the session's environment"), &err));
		buf_fini(&env);
		return;
	}
	*v = (struct wire_session_start){
		.session = str_of(s.id),
		.epoch = s.epoch,
		.volume_id = str_of(w.volume_id),
		.image_id = str_of(s.image_id),
		.cpu_milli = s.cpu_milli,
		.memory_bytes = s.memory_bytes,
		.pids = s.pids,
		.idle_seconds = s.auto_stop_s,
		.max_seconds = s.max_s,
		.hostname = str_of(hostname),
		.env = buf_str(&env),
		.label = str_of(w.label),
		.calendar_at_boot_ns = clocks_first(core, &w, &now),
		.lease_until_boot_ns = s.lease_until,
	};
	link_call(core->link, &m, on_started, o);
	buf_fini(&env);
}

static void on_leases(struct core *core, int result, void *arg)
{
	struct err err = ERR_NONE;

	if (result == 0)
		start_container(arg);
	else
		refused(arg, (ERR(&err, result, "the budget can't be divided"), &err));
}

/* The others' leases get shorter before this one begins to cost. */
static void share_budget(struct op *o)
{
	struct session s;

	if (session_by_id(store_reader(o->core->store), str_of(o->session_id), &s) <= 0)
		finish(o);
	else
		leases_before(o->core, &s, on_leases, o);
}

static int run_made(struct db *db, struct store_job *j, struct err *err)
{
	struct op *o = CONTAINER_OF(j, struct op, job);
	struct books b = core_books(o->core, time_wall_us());
	int r = volume_set_made(db, str_of(o->volume_id), o->bytes, b.now, err);

	return r < 0 ? r : span_made(db, &b, str_of(o->volume_id), o->bytes, err);
}

static void done_made(struct store_job *j)
{
	struct op *o = CONTAINER_OF(j, struct op, job);

	if (j->result < 0)
		refused(o, &j->err);
	else
		share_budget(o);
}

static void on_volume(struct link *link, const struct wire_msg *m, const struct err *err,
                      void *arg)
{
	struct op *o = arg;

	if (err && err->code == -ENOSPC) {
		no_room(o, err);
		return;
	}
	if (err) {
		refused(o, err);
		return;
	}
	o->job = (struct store_job){ .run = run_made, .done = done_made, .essential = true };
	CHECK(store_submit(o->core->store, &o->job) == 0);
}

void launch(struct core *core, struct str session)
{
	struct db *db = store_reader(core->store);
	struct live *l = live_find(core, session);
	struct wire_msg m = { .type = WIRE_VOLUME_CREATE };
	struct workspace w;
	struct session s;
	uint64_t made = 0;
	struct op *o;
	int r;

	if (!l || l->launching || !link_up(core->link))
		return;
	r = session_by_id(db, session, &s);
	if (r > 0 && s.state != SESSION_STARTING)
		return;
	if (r > 0)
		r = workspace_by_id(db, str_of(s.workspace_id), &w);
	if (r > 0)
		r = volume_made(db, str_of(w.volume_id), &made);
	if (r < 0)
		keep_soon(core); /* it can't be read just now */
	if (r <= 0)
		return;
	o = xcalloc(1, sizeof(*o));
	o->core = core;
	o->epoch = s.epoch;
	o->bytes = w.storage_bytes;
	o->more = made < w.storage_bytes ? w.storage_bytes - made : 0;
	memcpy(o->session_id, s.id, sizeof(o->session_id));
	memcpy(o->volume_id, w.volume_id, sizeof(o->volume_id));
	l->launching = true;
	if (made && made < w.storage_bytes) {
		m.type = WIRE_VOLUME_GROW;
		m.volume_grow.volume_id = str_of(o->volume_id);
		m.volume_grow.size_bytes = o->bytes;
	} else {
		m.volume_create.volume_id = str_of(o->volume_id);
		m.volume_create.size_bytes = o->bytes;
	}
	if (made == o->bytes)
		share_budget(o);
	else
		link_call(core->link, &m, on_volume, o);
}

/* What never came to run has no journal to say how it ended: the reconciler
 * looks for it. */
static void on_stop(struct link *link, const struct wire_msg *m, const struct err *err,
                    void *arg)
{
	struct core *core = arg;

	if (err && err->code != -ENOTCONN && err->code != -ENOENT) {
		core->count.engine_errors++;
		log_err(LOG_WARN, "session_stop", err);
	}
	keep_soon(core);
}

void launch_stop(struct core *core, struct str session, uint32_t epoch, const char *reason)
{
	struct wire_msg m = { .type = WIRE_SESSION_STOP };

	if (!link_up(core->link))
		return;
	m.session_stop = (struct wire_session_stop){
		.session = session,
		.epoch = epoch,
		.reason = str_of(reason),
		.grace_seconds = core->cfg->grace_s,
	};
	link_call(core->link, &m, on_stop, core);
}

static void on_deadline(struct link *link, const struct wire_msg *m, const struct err *err,
                        void *arg)
{
	struct call *c = arg;

	if (!c)
		return;
	c->in_flight = false;
	if (err && err->code == -ENOTCONN)
		call_fail(
		    c, PROBLEM_ENGINE_AWAY, NULL,
		    "The container engine did not answer. Ask again: the new time is noted "
		    "and holds as soon as it is back.");
	else if (err)
		call_fail(c, PROBLEM_CONFLICT, NULL, "The session can't be extended: %s",
		          err->msg);
	else
		call_reply(c, c->status, CONTENT_JSON);
}

void launch_deadline_to(struct core *core, const struct session *s, link_fn *done, void *arg)
{
	struct wire_msg m = { .type = WIRE_SESSION_DEADLINE };

	m.session_deadline = (struct wire_session_deadline){
		.session = str_of(s->id),
		.epoch = s->epoch,
		.idle_seconds = s->auto_stop_s,
		.extend_until_boot_ns = s->extend_until,
		.calendar_at_boot_ns = s->calendar_at,
		.lease_until_boot_ns = s->lease_until,
	};
	told_begin(core, s, &done, &arg);
	link_call_patiently(core->link, &m, done, arg);
}

void launch_deadline(struct core *core, const struct session *s, struct call *then)
{
	if (then) /* the client may go meanwhile, the call must not */
		then->taken = then->in_flight = true;
	launch_deadline_to(core, s, on_deadline, then);
}

/* --- volumes that nobody needs --- */

struct doom {
	struct store_job job;
	struct core *core;
	char id[ID_MAX];
};

static int run_volume_gone(struct db *db, struct store_job *j, struct err *err)
{
	struct doom *d = CONTAINER_OF(j, struct doom, job);
	struct books b = core_books(d->core, time_wall_us());
	int r = span_end(db, &b, str_of(d->id), err);

	return r < 0 ? r : volume_gone(db, str_of(d->id), err);
}

static void done_volume_gone(struct store_job *j)
{
	struct doom *d = CONTAINER_OF(j, struct doom, job);

	d->core->purge = true; /* what the search knows of it, if it was kept */
	free(d);
}

static void on_deleted(struct link *link, const struct wire_msg *m, const struct err *err,
                       void *arg)
{
	struct doom *d = arg;

	if (err) { /* busy or away: the next round tries again */
		free(d);
		return;
	}
	d->job = (struct store_job){ .run = run_volume_gone,
		                     .done = done_volume_gone,
		                     .essential = true };
	CHECK(store_submit(d->core->store, &d->job) == 0);
}

static void on_doomed(void *arg, struct str id)
{
	struct core *core = arg;
	struct wire_msg m = { .type = WIRE_VOLUME_DELETE };
	struct doom *d = xcalloc(1, sizeof(*d));

	d->core = core;
	(void)snprintf(d->id, sizeof(d->id), "%.*s", STR_ARG(id));
	m.volume_delete.volume_id = str_of(d->id);
	link_call(core->link, &m, on_deleted, d);
}

void launch_kick(struct core *core)
{
	struct db *db = store_reader(core->store);

	if (!link_up(core->link))
		return;
	turns_kick(core);
	if (volume_doomed(db, time_wall_us(), DOOMED_A_TURN, on_doomed, core) < 0)
		log_event(LOG_ERROR, "store_read", LZ("what", "volumes to delete"));
}
