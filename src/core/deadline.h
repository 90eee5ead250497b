/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a running session stops, and when its people are warned. The shim
 * fires the deadline; this is what core shows, plans and extends:
 * stop_at = min(max_at, max(last_active + idle, extend_until)), boot clock.
 */
#pragma once

#include "core/types.h"

/* What the site's configuration allows. */
struct deadline_rules {
	uint32_t auto_stop_min_s, auto_stop_max_s, auto_stop_default_s;
	uint32_t max_s;  /* hard maximum of a session */
	uint32_t warn_s; /* how long before a stop people are warned */
};

/* 0 until it has started. */
boot_ns deadline_max_at(const struct session *s);
/* What to expect when the shim has not said anything yet. */
boot_ns deadline_first(const struct session *s);
/* The new extend_until for "`seconds` more than now planned", cut at max_at.
 * -EDOM: nothing can be added, the hard maximum is the limit already. */
MUST_CHECK int deadline_extend(const struct session *s, uint64_t seconds, boot_ns now,
                               boot_ns *ret);
/* How long before stop_at people are warned: warn_s, or half of a limit that
 * is shorter than twice that. */
uint64_t deadline_warn_lead_s(const struct session *s, const struct deadline_rules *r);
enum deadline_warn {
	DEADLINE_LATER, /* *ret_at says when to ask again */
	DEADLINE_NOW,   /* warn; *ret_at is the stop that the warning is about */
	DEADLINE_DONE,  /* was warned of this stop, or there is none */
};
enum deadline_warn deadline_warn(const struct session *s, const struct deadline_rules *r,
                                 boot_ns now, boot_ns *ret_at);
