/* SPDX-License-Identifier: Apache-2.0 */
#include "api/live.h"

#include <stdio.h>
#include <stdlib.h>

#include "api/change.h"
#include "api/line.h"
#include "api/link.h"
#include "api/sse.h"
#include "store/sessions.h"

#define LIVE_MAX       20000
#define WATCH_MS       30000
#define STATS_EVERY_NS (4 * NS_PER_S)
#define TELL_MS        3000U

struct live *live_find(struct core *core, struct str id)
{
	return map_get(&core->live, id);
}

static void on_gone(struct ev_later *l)
{
	free(CONTAINER_OF(l, struct live, gone));
}

static void plan(struct live *l, struct session s);

static void drop(struct live *l)
{
	(void)map_del(&l->core->live, str_of(l->id));
	ev_timer_stop(&l->warn);
	ev_timer_stop(&l->again);
	charts_drop(l);
	index_drop(l);
	ev_at_turn_end(l->core->ev, &l->gone, on_gone);
}

static struct live *make(struct core *core, const struct session *s)
{
	struct live *l = xcalloc(1, sizeof(*l));

	l->core = core;
	memcpy(l->id, s->id, sizeof(l->id));
	memcpy(l->account_id, s->account_id, sizeof(l->account_id));
	memcpy(l->workspace_id, s->workspace_id, sizeof(l->workspace_id));
	l->epoch = s->epoch;
	if (map_set(&core->live, str_of(l->id), l, NULL) < 0) {
		free(l); /* more than any host runs: it goes without a warning */
		return NULL;
	}
	return l;
}

void live_track(struct core *core, const struct session *s)
{
	struct live *l = live_find(core, str_of(s->id));

	line_changed(core);
	if (!session_is_live(s->state)) {
		if (l)
			drop(l);
		return;
	}
	if (!l)
		l = make(core, s);
	if (!l)
		return;
	/* Not to be in the engine's lists is right while it waits in the line, and
	 * no sign of anything once it has begun. */
	if (l->state != s->state)
		l->misses = 0;
	l->state = s->state;
	l->lease = s->lease_until;
	plan(l, *s);
}

const struct live *live_overlay(struct core *core, struct session *s)
{
	struct live *l = live_find(core, str_of(s->id));

	if (!l || l->epoch != s->epoch)
		return NULL;
	if (l->has_activity && s->state == SESSION_RUNNING) {
		s->stop_at = l->stop_at;
		memcpy(s->stop_why, l->stop_why, sizeof(s->stop_why));
		memcpy(s->evidence, l->evidence, sizeof(s->evidence));
	}
	return l;
}

static void on_warn(struct ev_timer *t)
{
	live_plan(CONTAINER_OF(t, struct live, warn));
}

void live_plan(struct live *l)
{
	struct session s;

	ev_timer_stop(&l->warn);
	if (l->state == SESSION_RUNNING &&
	    session_by_id(store_reader(l->core->store), str_of(l->id), &s) > 0)
		plan(l, s);
}

static void plan(struct live *l, struct session s)
{
	struct core *core = l->core;
	struct now now = core_now(core);
	enum deadline_warn warn;
	boot_ns at;

	ev_timer_stop(&l->warn);
	if (l->state != SESSION_RUNNING)
		return;
	(void)live_overlay(core, &s);
	warn = deadline_warn(&s, &core->cfg->deadlines, now.boot, &at);
	switch (warn) {
	case DEADLINE_LATER:
		ev_timer_start(core->ev, &l->warn, (at - now.boot) / 1000000 + 1, on_warn);
		return;
	case DEADLINE_EARLY:
	case DEADLINE_NOW:
		change_warned(core, &s, at, warn == DEADLINE_EARLY);
		return;
	case DEADLINE_DONE:
		return;
	}
}

void live_watch(struct core *core, struct str id)
{
	struct live *l = live_find(core, id);

	if (l)
		l->watched_ms = ev_now_ms(core->ev);
}

/* --- load --- */

struct ask {
	struct core *core;
	char id[ID_MAX];
};

static void on_stats(struct link *link, const struct wire_msg *m, const struct err *err,
                     void *arg)
{
	struct ask *a = arg;
	struct live *l = live_find(a->core, str_of(a->id));
	const struct wire_session_stats_ok *w;
	struct live_stats *st;
	boot_ns now = time_boot_ns();

	free(a);
	if (l)
		l->stats_asked = false;
	if (!l || !m || m->type != WIRE_SESSION_STATS_OK)
		return;
	w = &m->session_stats_ok;
	st = &l->stats;
	if (st->known && now > st->at && w->cpu_ns >= st->cpu_ns)
		st->cpu_milli_used = (w->cpu_ns - st->cpu_ns) * 1000 / (now - st->at);
	*st = (struct live_stats){
		.known = true,
		.at = now,
		.cpu_ns = w->cpu_ns,
		.cpu_milli_used = st->cpu_milli_used,
		.memory_bytes = w->memory_bytes,
		.memory_limit_bytes = w->memory_limit_bytes,
		.disk_used_bytes = w->disk_used_bytes,
		.disk_size_bytes = w->disk_size_bytes,
		.pids = w->pids,
		.oom_kills = w->oom_kills,
	};
	charts_sample(l, w, now);
	index_state(l, w->docs);
	/* Charts come every second; the session's own words need not. */
	if (l->charts.told_ms + TELL_MS > ev_now_ms(l->core->ev))
		return;
	l->charts.told_ms = ev_now_ms(l->core->ev);
	sse_session_now(l->core, l);
}

/* Often where somebody looks at charts, now and then where the console is open,
 * and else every ten seconds, or as often as many sessions let it be. */
static bool is_due(const struct live *l, boot_ns boot, mono_ms now, uint64_t idle_ns)
{
	uint64_t ns = idle_ns;

	if (!l->stats.known)
		return true;
	if (charts_looked_at(l))
		ns = NS_PER_S * 9 / 10;
	else if (now - l->watched_ms < WATCH_MS || sse_has_reader(l->core, l->account_id))
		ns = STATS_EVERY_NS;
	return boot - l->stats.at >= ns;
}

static void ask(struct live *l, boot_ns boot)
{
	struct wire_msg m = { .type = WIRE_SESSION_STATS };
	struct ask *a = xcalloc(1, sizeof(*a));

	a->core = l->core;
	memcpy(a->id, l->id, sizeof(a->id));
	m.session_stats.session = str_of(l->id);
	m.session_stats.epoch = l->epoch;
	l->stats_asked = true;
	l->stats_asked_at = boot;
	link_call(l->core->link, &m, on_stats, a);
}

static int longest_first(const void *a, const void *b)
{
	const struct live *x = *(struct live *const *)a, *y = *(struct live *const *)b;

	return x->stats_asked_at < y->stats_asked_at   ? -1
	       : x->stats_asked_at > y->stats_asked_at ? 1
	                                               : 0;
}

void live_tick(struct core *core)
{
	mono_ms now = ev_now_ms(core->ev);
	boot_ns boot = time_boot_ns();
	struct str key;
	void *value;
	/* All of ten thousand within 40 s, and never so many that the engine, which
	 * has its maximum of open calls, hangs up. */
	size_t at = 0, n = map_count(&core->live), room = 64 + n / 40, ndue = 0;
	uint64_t idle = (n > 640 ? n / 64 : 10) * NS_PER_S,
	         most = core->cfg->minute_s * NS_PER_S * 4 / 5;
	struct live **due;

	idle = idle < most ? idle : most;

	if (!n || !link_up(core->link))
		return;
	due = xcalloc(n, sizeof(*due));
	while (ndue < n && map_next(&core->live, &at, &key, &value)) {
		struct live *l = value;

		if (l->state == SESSION_RUNNING && !l->stats_asked &&
		    is_due(l, boot, now, idle))
			due[ndue++] = l;
	}
	/* Who waits longest comes first: there may always be more of those that are
	 * due soon again than one turn asks, and the others would never have one. */
	if (ndue > room)
		qsort(due, ndue, sizeof(struct live *), longest_first);
	for (size_t i = 0; i < ndue && i < room; i++)
		ask(due[i], boot);
	free(due);
}

void live_flush_all(struct core *core)
{
	struct str key;
	void *value;
	size_t at = 0;

	while (map_next(&core->live, &at, &key, &value))
		charts_flush(value);
}

void live_free_all(struct core *core)
{
	struct str key;
	void *value;
	size_t at = 0;

	while (map_next(&core->live, &at, &key, &value)) {
		struct live *l = value;

		ev_timer_stop(&l->warn);
		ev_timer_stop(&l->again);
		index_drop(l);
		free(l->charts.ring);
		free(l);
	}
	map_fini(&core->live);
}
