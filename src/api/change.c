/* SPDX-License-Identifier: Apache-2.0 */
#include "api/change.h"

#include <errno.h>
#include <stdio.h>

#include "api/change-priv.h"
#include "api/clocks.h"
#include "api/keep.h"
#include "api/launch.h"
#include "api/leases.h"
#include "api/link.h"
#include "api/live.h"
#include "api/sse.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/log.h"

#define KEEP_ACTIVITY_NS (15 * NS_PER_S) /* how old a row's activity may be */

/* An engine that did not hear it is asked for its journals again, and hears it then. */
static void on_acknowledged(struct link *l, const struct wire_msg *m, const struct err *err,
                            void *arg)
{
	struct core *core = arg;

	core->replay |= err != NULL;
}

static void acknowledge(struct change *c)
{
	struct wire_msg m = { .type = WIRE_JOURNAL_ACK };

	m.journal_ack.session = str_of(c->session_id);
	m.journal_ack.epoch = c->rec.epoch;
	link_call(c->core->link, &m, on_acknowledged, c->core);
}

static void count(struct core *core, const struct change *c)
{
	struct counters *n = &core->count;

	if (c->before == c->after.state)
		return;
	n->sessions_started += c->after.state == SESSION_RUNNING;
	n->sessions_ended += c->after.state == SESSION_STOPPED;
	n->sessions_failed += c->after.state == SESSION_FAILED;
	n->sessions_lost += c->after.state == SESSION_LOST;
	if (c->after.state == SESSION_RUNNING && c->now.wall > c->after.created) {
		n->start_us += (uint64_t)(c->now.wall - c->after.created);
		n->starts_timed++;
	}
	log_event(c->after.state >= SESSION_FAILED ? LOG_WARN : LOG_INFO, "session",
	          LZ("s", c->session_id), LZ("ws", c->after.workspace_id),
	          LZ("state", session_state_name(c->after.state)),
	          LZ("reason", c->after.reason));
}

static void done(struct store_job *j)
{
	struct change *c = CONTAINER_OF(j, struct change, job);
	struct core *core = c->core;

	if (j->result < 0) {
		log_err(LOG_ERROR, "change", &j->err);
		core->replay = true;
		keep_soon(core);
	} else if (!c->found) {
		log_event(LOG_WARN, "session_unknown", LZ("s", c->session_id));
		if (c->what == DO_READY) /* an orphan */
			launch_stop(core, str_of(c->session_id), c->epoch, "admin");
	} else {
		if (c->ack)
			acknowledge(c);
		if (c->changed) {
			count(core, c);
			live_track(core, &c->after);
			sse_wake(core, c->after.account_id);
		}
		/* What costs has changed: what is left lasts longer, or shorter. */
		if (c->changed && (c->what == DO_RUN || c->before != c->after.state))
			leases_settle(core, c->after.account_id);
		if (c->changed && c->after.state == SESSION_RUNNING && c->what == DO_READY)
			leases_ready(core, str_of(c->session_id));
		if (c->changed && c->what == DO_CALENDAR)
			launch_deadline(core, &c->after, NULL);
		if (c->changed && c->what == DO_STOP)
			launch_stop(core, str_of(c->session_id), c->epoch, c->reason);
		if (c->unwanted)
			launch_stop(core, str_of(c->session_id), c->epoch, "admin");
		if (c->changed && session_is_live(c->before) &&
		    !session_is_live(c->after.state))
			launch_kick(core);
		core->count.warnings_sent += c->changed && c->what == DO_WARNED;
	}
	free(c->activity);
	free(c);
}

static struct change *make(struct core *core, enum what what, struct str session,
                           uint32_t epoch)
{
	struct change *c = xcalloc(1, sizeof(*c));

	c->job = (struct store_job){ .run = change_tx, .done = done, .essential = true };
	c->core = core;
	c->now = core_now(core);
	c->what = what;
	c->epoch = epoch;
	(void)snprintf(c->session_id, sizeof(c->session_id), "%.*s", STR_ARG(session));
	return c;
}

static void submit(struct change *c)
{
	CHECK(store_submit(c->core->store, &c->job) == 0); /* essential: never refused */
}

static void copy(char *to, size_t room, struct str from)
{
	size_t n = from.len < room ? from.len : room - 1;

	memcpy(to, from.ptr ? from.ptr : "", n);
	to[n] = '\0';
}

/* Evidence is shown inside JSON: it must be an object, or it is nothing. */
static void copy_evidence(char to[EVIDENCE_MAX + 1], struct str from)
{
	struct arena a = ARENA(64UL * 1024);
	struct json *j = NULL;

	to[0] = '\0';
	if (from.len <= EVIDENCE_MAX && json_parse(&a, from, NULL, &j, NULL) == 0 &&
	    j->type == JSON_OBJECT)
		copy(to, EVIDENCE_MAX + 1, from);
	arena_fini(&a);
}

void change_phase(struct core *core, const struct wire_ev_phase *m)
{
	struct change *c = make(core, DO_PHASE, m->session, m->epoch);

	if (session_phase_parse(m->phase, &c->phase) < 0) {
		free(c);
		return;
	}
	if (m->at_boot_ns && m->at_boot_ns < c->now.boot)
		c->now.wall = clock_wall_of(&c->now, m->at_boot_ns);
	submit(c);
}

void change_ready(struct core *core, struct str session, uint32_t epoch)
{
	submit(make(core, DO_READY, session, epoch));
}

void change_run(struct core *core, const struct wire_ev_run *m)
{
	struct change *c = make(core, DO_RUN, m->session, m->epoch);
	struct run_record *r = &c->rec;

	core->count.records++;
	memcpy(r->session_id, c->session_id, sizeof(r->session_id));
	r->epoch = m->epoch;
	r->segment = m->segment;
	r->is_stop = m->kind == 2;
	copy(r->boot_id, sizeof(r->boot_id), m->boot_id);
	r->boot = m->boottime_ns;
	r->wall = m->wall_us;
	copy(r->reason, sizeof(r->reason), m->reason);
	r->cpu_ns = m->cpu_ns;
	r->mem_peak_bytes = m->mem_peak_bytes;
	r->oom_kills = m->oom_kills;
	r->exit_status = m->exit_status;
	r->estimated = m->estimated != 0;
	copy_evidence(r->evidence, m->evidence);
	if (r->is_stop)
		c->activity = clocks_at_stop(core, m->session, m->epoch, m->wall_us);
	else
		c->calendar_at = clocks_at_start(core, m->session, &c->now);
	if (m->kind != 1 && m->kind != 2) {
		free(c);
		return;
	}
	submit(c);
}

void change_activity(struct core *core, const struct wire_ev_activity *m)
{
	struct live *l = live_find(core, m->session);
	boot_ns now = time_boot_ns();
	bool moved;
	struct change *c;

	if (!l || l->epoch != m->epoch)
		return;
	moved = !l->has_activity || l->stop_at != m->stop_at_boot_ns ||
	        !str_is(m->stop_why, l->stop_why);
	l->has_activity = true;
	l->last_active = m->last_active_boot_ns;
	l->stop_at = m->stop_at_boot_ns;
	copy(l->stop_why, sizeof(l->stop_why), m->stop_why);
	copy_evidence(l->evidence, m->evidence);
	if (moved)
		live_plan(l);
	sse_session_now(core, l);
	if (now - l->kept_at < KEEP_ACTIVITY_NS && l->kept_at)
		return;
	l->kept_at = now;
	c = make(core, DO_ACTIVITY, m->session, m->epoch);
	c->stop_at = l->stop_at;
	memcpy(c->stop_why, l->stop_why, sizeof(c->stop_why));
	memcpy(c->evidence, l->evidence, sizeof(c->evidence));
	if (l->clocks.unsaved)
		c->activity = clocks_activity(l);
	submit(c);
}

void change_failed(struct core *core, struct str session, uint32_t epoch, struct str reason,
                   struct str message)
{
	struct change *c = make(core, DO_FAILED, session, epoch);

	copy(c->reason, sizeof(c->reason), reason.len ? reason : STR("start-failed"));
	copy(c->message, sizeof(c->message),
	     str_sub(message, 0, utf8_whole(str_sub(message, 0, MESSAGE_MAX - 1))));
	submit(c);
}

void change_note(struct core *core, struct str session, uint32_t epoch, struct str message)
{
	struct change *c = make(core, DO_NOTE, session, epoch);

	copy(c->message, sizeof(c->message), message);
	submit(c);
}

void change_end(struct core *core, struct str session, uint32_t epoch, enum session_state to,
                const char *reason)
{
	struct change *c = make(core, DO_END, session, epoch);

	c->to = to;
	copy(c->reason, sizeof(c->reason), str_of(reason));
	submit(c);
}

void change_stop(struct core *core, struct str session, uint32_t epoch, const char *reason)
{
	struct change *c = make(core, DO_STOP, session, epoch);

	copy(c->reason, sizeof(c->reason), str_of(reason));
	submit(c);
}

void change_warned(struct core *core, const struct session *s, boot_ns stop_at, bool early)
{
	struct change *c = make(core, DO_WARNED, str_of(s->id), s->epoch);

	c->stop_at = stop_at;
	c->early = early;
	memcpy(c->stop_why, s->stop_why, sizeof(c->stop_why));
	submit(c);
}

void change_noticed(struct core *core, const struct session *s, uint32_t ran_s)
{
	struct change *c = make(core, DO_NOTICED, str_of(s->id), s->epoch);

	c->ran_s = ran_s;
	submit(c);
}

void change_calendar(struct core *core, const struct session *s, boot_ns at)
{
	struct change *c = make(core, DO_CALENDAR, str_of(s->id), s->epoch);

	c->calendar_at = at;
	c->extend_until = s->extend_until;
	submit(c);
}
