/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a session ends by itself, as a value: no clock, no timer.
 *
 *   stop_at = min(max(last_active + idle, extend_until, busy_until), max_at,
 *                 calendar_at, lease_until)
 *
 * All on CLOCK_BOOTTIME, so that suspend counts and steps of the wall clock
 * do not.
 */
#pragma once

#include <stdbool.h>

#include "base/time.h"

#define DEADLINE_NEVER UINT64_MAX
/* The agent speaks every 10 s: with an idle time as short as that, a session
 * that is busy all the time would otherwise end between two words. */
#define DEADLINE_WORD_NS (15 * UINT64_C(1000000000))

struct deadline {
	uint32_t idle_seconds; /* 0: no auto-stop */
	boot_ns last_active;
	boot_ns extend_until; /* 0: none */
	boot_ns max_at;       /* 0: none */
	boot_ns calendar_at;  /* 0: none */
	boot_ns lease_until;  /* of the budget; 0: none */
	boot_ns busy_until;   /* busy at the last word, until the next is overdue; 0: not */
};

/* DEADLINE_NEVER if nothing ends it; *ret_why is "idle", "max", "calendar",
 * "budget" or "". Of clocks that end it together, one that nobody can put off
 * is named. */
boot_ns deadline_at(const struct deadline *d, const char **ret_why);
/* What the agent says. Busy counts as activity now; the future does not. */
void deadline_activity(struct deadline *d, boot_ns last_active, bool busy, boot_ns now);
