/* SPDX-License-Identifier: Apache-2.0 */
/* A workspace's own clocks, as a request asks for them: the longest run and
 * the calendar (the idle time is with its other settings). */
#pragma once

#include "api/call.h"

struct clock_wish {
	bool max, calendar; /* asked for */
	uint32_t max_s;     /* 0: the plan's */
	char stop_calendar[CALENDAR_MAX];
};

/* From the body; false: the problem was sent. */
bool clock_wish_take(struct call *c, struct clock_wish *x);
/* In the transaction: within what the owner's plan allows. */
int clock_wish_apply(struct db *db, struct call *c, const struct clock_wish *x,
                     struct workspace *w, struct err *err) MUST_CHECK;
