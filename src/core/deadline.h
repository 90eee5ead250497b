/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a running session stops, and when its people are warned. The shim
 * fires the deadline; this is what core shows, plans and extends:
 *
 *   stop_at = min(max(last_active + idle, extend_until),  idle
 *                 started + maximum,                      max
 *                 calendar_at,                            calendar
 *                 lease_until)                            budget
 *
 * All on the boot clock.
 */
#pragma once

#include "core/types.h"

/* What the site's configuration allows. */
struct deadline_rules {
	uint32_t auto_stop_min_s, auto_stop_max_s, auto_stop_default_s;
	uint32_t max_s; /* hard maximum of a session */
	uint32_t
	    warn_s; /* how long before a stop people are warned; first at three times this */
};

/* 0 until it has started. */
boot_ns deadline_max_at(const struct session *s);
/* The earliest of the clocks that nobody can put off, maximum and budget, and
 * its name; 0: none. */
boot_ns deadline_bound(const struct session *s, const char **ret_why);
/* What to expect from the row alone, with the last activity that is known, or
 * 0; 0: it has not started. */
boot_ns deadline_at_row(const struct session *s, boot_ns last_active, const char **ret_why);

/* Puts the stop off by so long: moves the idle and the calendar clock of *s,
 * and stop_at with its reason. Cut at what nobody can put off; -EDOM: that is
 * the limit already. */
MUST_CHECK int deadline_extend(struct session *s, uint64_t seconds, boot_ns now);
/* calendar_at, when the calendar's next moment is `next` (0: none). A moment
 * that lies within what somebody has extended to is put off to its end. */
boot_ns deadline_calendar(const struct session *s, boot_ns next, boot_ns now);

/* How long before stop_at people are warned for the last time: warn_s, or half
 * of a limit that is shorter than twice that; and for the first time. */
uint64_t deadline_warn_lead_s(const struct session *s, const struct deadline_rules *r);
uint64_t deadline_early_lead_s(const struct session *s, const struct deadline_rules *r);
enum deadline_warn {
	DEADLINE_LATER, /* *ret_at says when to ask again */
	DEADLINE_EARLY, /* the first warning; *ret_at is the stop that it is about */
	DEADLINE_NOW,   /* the last one; the same */
	DEADLINE_DONE,  /* was warned of this stop, or there is none */
};
enum deadline_warn deadline_warn(const struct session *s, const struct deadline_rules *r,
                                 boot_ns now, boot_ns *ret_at);

/* It has run for so many seconds, a multiple of notice_s, of which nobody was
 * told yet; 0: nothing to tell. */
uint32_t deadline_notice(const struct session *s, uint32_t notice_s, boot_ns now);
