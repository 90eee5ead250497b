/* SPDX-License-Identifier: Apache-2.0 */
#include "core/deadline.h"

#include <errno.h>
#include <stdio.h>

/* A stop that moves by less than this is the same stop: no second warning. */
#define SAME_STOP_NS (2 * NS_PER_S)

boot_ns deadline_max_at(const struct session *s)
{
	return s->started_boot && s->max_s ? s->started_boot + s->max_s * NS_PER_S : 0;
}

boot_ns deadline_bound(const struct session *s, const char **ret_why)
{
	boot_ns max_at = deadline_max_at(s);

	if (s->lease_until && (!max_at || s->lease_until < max_at)) {
		*ret_why = "budget";
		return s->lease_until;
	}
	*ret_why = max_at ? "max" : "";
	return max_at;
}

static boot_ns idle_at(const struct session *s, boot_ns last_active)
{
	boot_ns from = last_active > s->started_boot ? last_active : s->started_boot;
	boot_ns at = from + s->auto_stop_s * NS_PER_S;

	return at < s->extend_until ? s->extend_until : at;
}

boot_ns deadline_at_row(const struct session *s, boot_ns last_active, const char **ret_why)
{
	boot_ns at = deadline_bound(s, ret_why);

	if (!s->started_boot) {
		*ret_why = "";
		return 0;
	}
	if (s->calendar_at && (!at || s->calendar_at < at)) {
		at = s->calendar_at;
		*ret_why = "calendar";
	}
	if (!at || idle_at(s, last_active) < at) {
		at = idle_at(s, last_active);
		*ret_why = "idle";
	}
	return at;
}

static void set_stop(struct session *s, boot_ns at, const char *why)
{
	s->stop_at = at;
	(void)snprintf(s->stop_why, sizeof(s->stop_why), "%s", why);
}

int deadline_extend(struct session *s, uint64_t seconds, boot_ns now)
{
	const char *why;
	boot_ns from = s->stop_at > now ? s->stop_at : now, bound = deadline_bound(s, &why), at;

	if (bound && from >= bound)
		return -EDOM;
	if (seconds > UINT32_MAX || __builtin_add_overflow(from, seconds * NS_PER_S, &at))
		return -EDOM;
	if (bound && at >= bound)
		at = bound;
	else
		why = s->calendar_at && s->calendar_at <= at ? "calendar" : "idle";
	s->extend_until = at;
	if (s->calendar_at && s->calendar_at < at)
		s->calendar_at = at;
	set_stop(s, at, why);
	return 0;
}

boot_ns deadline_calendar(const struct session *s, boot_ns next, boot_ns now)
{
	if (next == 0 || s->extend_until <= now)
		return next;
	/* One that it was put off from may have gone by meanwhile. */
	if (next < s->extend_until || s->calendar_at == s->extend_until)
		return s->extend_until;
	return next;
}

/* The length of the clock that will stop it; calendar and budget have none. */
static uint64_t limit_s(const struct session *s)
{
	struct str why = str_of(s->stop_why);

	return str_is(why, "max")    ? s->max_s
	       : str_is(why, "idle") ? s->auto_stop_s
	                             : UINT32_MAX;
}

static uint64_t lead_s(const struct session *s, uint64_t lead)
{
	return limit_s(s) < 2 * lead ? limit_s(s) / 2 : lead;
}

uint64_t deadline_warn_lead_s(const struct session *s, const struct deadline_rules *r)
{
	return lead_s(s, r->warn_s);
}

uint64_t deadline_early_lead_s(const struct session *s, const struct deadline_rules *r)
{
	return lead_s(s, 3 * (uint64_t)r->warn_s);
}

static bool is_same(boot_ns warned, boot_ns stop)
{
	return warned && stop < warned + SAME_STOP_NS && warned < stop + SAME_STOP_NS;
}

enum deadline_warn deadline_warn(const struct session *s, const struct deadline_rules *r,
                                 boot_ns now, boot_ns *ret_at)
{
	uint64_t last = deadline_warn_lead_s(s, r) * NS_PER_S,
	         first = deadline_early_lead_s(s, r) * NS_PER_S;
	boot_ns stop = s->stop_at;

	if (s->state != SESSION_RUNNING || stop == 0 || stop <= now ||
	    is_same(s->warned_stop_at, stop))
		return DEADLINE_DONE;
	if (stop - now <= last) {
		*ret_at = stop;
		return DEADLINE_NOW;
	}
	if (first > last && !is_same(s->warned_early_at, stop)) {
		*ret_at = stop - now <= first ? stop : stop - first;
		return stop - now <= first ? DEADLINE_EARLY : DEADLINE_LATER;
	}
	*ret_at = stop - last;
	return DEADLINE_LATER;
}

uint32_t deadline_notice(const struct session *s, uint32_t notice_s, boot_ns now)
{
	uint64_t ran;

	if (s->state != SESSION_RUNNING || !notice_s || !s->started_boot ||
	    now <= s->started_boot)
		return 0;
	ran = (now - s->started_boot) / NS_PER_S / notice_s * notice_s;
	return ran > s->noticed_s && ran <= UINT32_MAX ? (uint32_t)ran : 0;
}
