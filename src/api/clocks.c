/* SPDX-License-Identifier: Apache-2.0 */
#include "api/clocks.h"

#include <errno.h>
#include <stdio.h>

#include "api/change.h"
#include "api/launch.h"
#include "base/log.h"
#include "core/calendar.h"
#include "core/month.h"
#include "core/plan.h"
#include "store/catalogue.h"
#include "store/sessions.h"
#include "store/workspaces.h"

#define ZONES_MAX    1000
#define STEP_US      (US_PER_S / 2) /* more than this within a second is no drift */
#define SAME_NS      NS_PER_S       /* a stop that moves by less is the same */
#define TRACK_A_TICK 200U
#define LOOK_BACK_S  120 /* after a start of core: what it was away for */

struct clocks {
	struct map zones; /* name -> struct tz */
	bool known;
	wall_us offset; /* of the wall from the boot clock */
	boot_ns minute_at;
};

void clocks_init(struct core *core)
{
	core->clocks = xcalloc(1, sizeof(*core->clocks));
	map_init(&core->clocks->zones, ZONES_MAX);
}

void clocks_fini(struct core *core)
{
	struct str key;
	void *value;
	size_t at = 0;

	while (map_next(&core->clocks->zones, &at, &key, &value))
		free(value);
	map_fini(&core->clocks->zones);
	free(core->clocks);
}

const struct tz *clocks_zone(struct core *core, struct str name, struct err *err)
{
	struct tz *z = map_get(&core->clocks->zones, name);

	if (z || tz_load(name, &z, err) < 0)
		return z;
	if (map_set(&core->clocks->zones, name, z, NULL) < 0) {
		free(z);
		(void)ERR(err, -E2BIG, "too many time zones");
		return NULL;
	}
	return z;
}

/* --- the calendar --- */

static bool find_zones(struct core *core, const struct calendar *c, const struct tz **ret,
                       struct err *err)
{
	for (size_t i = 0; i < c->n; i++) {
		ret[i] = clocks_zone(core, str_of(c->items[i].zone), err);
		if (!ret[i])
			return false;
	}
	return true;
}

int clocks_check(struct core *core, struct str text, char ret[CALENDAR_MAX], struct err *err)
{
	const struct tz *zones[CALENDAR_ITEMS_MAX];
	char whole[CALENDAR_TEXT_MAX];
	struct calendar c;
	int r = calendar_parse(text, core->months->zone, &c, err);

	if (r < 0)
		return r;
	if (!find_zones(core, &c, zones, err))
		return -EINVAL;
	calendar_text(&c, whole);
	if (strlen(whole) >= CALENDAR_MAX)
		return ERR(err, -EINVAL, "That is too long: at most %d characters fit.",
		           CALENDAR_MAX - 1);
	memcpy(ret, whole, strlen(whole) + 1);
	return 0;
}

/* The first stop after `since` on the boot clock; one that the wall clock has
 * gone past meanwhile, by itself or by a step, is due now. */
static boot_ns next_stop(struct core *core, const char *text, wall_us since,
                         const struct now *now)
{
	const struct tz *zones[CALENDAR_ITEMS_MAX];
	struct err err = ERR_NONE;
	struct calendar c;
	wall_us at;

	if (calendar_parse(str_of(text), "UTC", &c, &err) < 0 ||
	    !find_zones(core, &c, zones, &err)) {
		log_err(LOG_ERROR, "calendar", &err);
		return 0;
	}
	if (!calendar_next(&c, zones, since, &at))
		return 0;
	return at <= now->wall ? now->boot : now->boot + (boot_ns)(at - now->wall) * 1000;
}

boot_ns clocks_first(struct core *core, const struct workspace *w, const struct now *now)
{
	return w->stop_calendar[0] ? next_stop(core, w->stop_calendar, now->wall, now) : 0;
}

boot_ns clocks_at_start(struct core *core, struct str session, const struct now *now)
{
	const struct live *l = live_find(core, session);
	struct workspace w;

	if (!l || workspace_by_id(store_reader(core->store), str_of(l->workspace_id), &w) <= 0)
		return 0;
	return clocks_first(core, &w, now);
}

static bool is_same(boot_ns a, boot_ns b)
{
	return a == b || (a && b && a < b + SAME_NS && b < a + SAME_NS);
}

static void look_at_calendar(struct live *l, const struct now *now)
{
	struct live_clocks *k = &l->clocks;
	wall_us since = k->seen < now->wall ? k->seen : now->wall;
	struct session s;
	boot_ns at = 0;

	if (session_by_id(store_reader(l->core->store), str_of(l->id), &s) <= 0 ||
	    s.state != SESSION_RUNNING)
		return;
	if (k->calendar[0])
		at = next_stop(l->core, k->calendar, since, now);
	k->seen = now->wall;
	at = deadline_calendar(&s, at, now->boot);
	if (!is_same(at, s.calendar_at))
		change_calendar(l->core, &s, at);
}

static void load_calendar(struct live *l, const struct workspace *w)
{
	memcpy(l->clocks.calendar, w->stop_calendar, sizeof(l->clocks.calendar));
}

void clocks_changed(struct core *core, const char *session_id)
{
	struct live *l = live_find(core, str_of(session_id));
	struct now now = core_now(core);
	struct workspace w;

	if (!l || l->state != SESSION_RUNNING ||
	    workspace_by_id(store_reader(core->store), str_of(l->workspace_id), &w) <= 0)
		return;
	load_calendar(l, &w);
	l->clocks.seen = now.wall;
	look_at_calendar(l, &now);
}

/* --- activity --- */

static void take_minute(struct live *l, const struct now *now)
{
	struct live_clocks *k = &l->clocks;
	struct activity_minute m = { .at = now->wall,
		                     .active = ACTIVITY_NOT_KNOWN,
		                     .cpu_milli = ACTIVITY_NOT_KNOWN };
	const struct live_stats *st = &l->stats;

	if (l->has_activity) {
		m.active = l->last_active + ACTIVITY_MINUTE_NS > now->boot;
		activity_why(str_of(l->evidence), m.active, m.why);
	}
	if (st->known && k->cpu_at && st->at > k->cpu_at && st->cpu_ns >= k->cpu_ns)
		m.cpu_milli = (int64_t)((st->cpu_ns - k->cpu_ns) * 1000 / (st->at - k->cpu_at));
	if (st->known) {
		k->cpu_at = st->at;
		k->cpu_ns = st->cpu_ns;
	}
	activity_push(&k->activity, &m);
	k->unsaved = true;
}

static void load_activity(struct live *l)
{
	struct buf b = BUF(ACTIVITY_JSON_MAX);

	if (session_get_activity(store_reader(l->core->store), STR(""), str_of(l->id), &b) <=
	        0 ||
	    activity_get(buf_str(&b), &l->clocks.activity) < 0)
		l->clocks.activity.n = 0;
	buf_fini(&b);
}

char *clocks_activity(struct live *l)
{
	struct buf b = BUF(ACTIVITY_JSON_MAX);
	struct jsonw w = JSONW(&b);
	char *text = NULL;

	if (!l->clocks.tracked)
		load_activity(l);
	activity_put(&w, &l->clocks.activity);
	if (buf_error(&b) == 0)
		text = str_dup_z(buf_str(&b));
	l->clocks.unsaved = false;
	buf_fini(&b);
	return text;
}

char *clocks_at_stop(struct core *core, struct str session, uint32_t epoch, wall_us at)
{
	struct live *l = live_find(core, session);
	struct now now = core_now(core);

	if (!l || l->epoch != epoch)
		return NULL;
	if (!l->clocks.tracked)
		load_activity(l);
	l->clocks.tracked = true; /* or it would be read a second time */
	now.wall = at;
	take_minute(l, &now);
	return clocks_activity(l);
}

static void set_notice(struct live_clocks *k, const struct session *s, uint32_t told_s)
{
	k->notice_at =
	    k->notice_s && s->started_boot
	        ? s->started_boot + (told_s / k->notice_s + 1) * (boot_ns)k->notice_s * NS_PER_S
	        : UINT64_MAX;
}

/* A session was found running: what is kept beside it comes from the store. */
static void track(struct live *l, const struct now *now)
{
	struct db *db = store_reader(l->core->store);
	struct live_clocks *k = &l->clocks;
	struct workspace w;
	struct session s;
	struct plan p;

	k->tracked = true;
	k->notice_at = UINT64_MAX;
	load_activity(l);
	if (session_by_id(db, str_of(l->id), &s) <= 0 ||
	    workspace_by_id(db, str_of(l->workspace_id), &w) <= 0)
		return;
	/* Its first minute is measured from its start. */
	if (s.started_boot && now->boot - s.started_boot < 2 * ACTIVITY_MINUTE_NS)
		k->cpu_at = s.started_boot;
	k->notice_s = plan_get(db, str_of(s.plan_id), &p) > 0 ? p.notice_s : 0;
	set_notice(k, &s, s.noticed_s);
	load_calendar(l, &w);
	/* What came while nobody looked is made up for, but nothing of before it
	 * ran or of before the calendar was written. */
	k->seen = now->wall - LOOK_BACK_S * US_PER_S;
	if (k->seen < s.started)
		k->seen = s.started;
	if (k->seen < w.updated)
		k->seen = w.updated;
	if (k->calendar[0])
		look_at_calendar(l, now);
}

/* --- every second, every minute --- */

static void give_notice(struct live *l, const struct now *now)
{
	struct session s;
	uint32_t ran;

	if (now->boot < l->clocks.notice_at ||
	    session_by_id(store_reader(l->core->store), str_of(l->id), &s) <= 0)
		return;
	ran = deadline_notice(&s, l->clocks.notice_s, now->boot);
	if (!ran)
		return;
	set_notice(&l->clocks, &s, ran);
	change_noticed(l->core, &s, ran);
}

static void look(struct live *l, const struct now *now, bool step, bool minute)
{
	if ((step || minute) && l->clocks.calendar[0])
		look_at_calendar(l, now);
	if (minute) {
		give_notice(l, now);
		take_minute(l, now);
	}
}

/* Those that were just found are read a few at a time: after a start of core
 * there may be thousands. */
static void each_running(struct core *core, const struct now *now, bool step, bool minute)
{
	unsigned room = TRACK_A_TICK;
	struct str key;
	void *value;
	size_t at = 0;

	while (map_next(&core->live, &at, &key, &value)) {
		struct live *l = value;

		if (l->state != SESSION_RUNNING)
			continue;
		if (l->clocks.tracked)
			look(l, now, step, minute);
		else if (room && room--)
			track(l, now);
	}
}

void clocks_tick(struct core *core)
{
	struct clocks *k = core->clocks;
	struct now now = core_now(core);
	wall_us offset = now.wall - (wall_us)(now.boot / 1000), moved = offset - k->offset;
	bool step = k->known && (moved > STEP_US || moved < -STEP_US);
	bool minute = now.boot - k->minute_at >= core->cfg->minute_s * NS_PER_S;

	k->known = true;
	k->offset = offset;
	if (minute)
		k->minute_at = now.boot;
	if (step)
		log_event(LOG_WARN, "wall_clock_stepped", LI("ms", moved / 1000));
	each_running(core, &now, step, minute);
}
