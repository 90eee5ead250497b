/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes by the clock while a session runs: once a minute, and when the
 * wall clock steps, the calendar's next stop is worked out anew; once a minute
 * a line of activity is written down, and a long run is told of.
 */
#pragma once

#include "api/live.h"
#include "base/tz.h"

void clocks_init(struct core *core);
void clocks_fini(struct core *core);
/* Once a second. */
void clocks_tick(struct core *core);

/* Its workspace's calendar was changed. */
void clocks_changed(struct core *core, const char *session_id);
/* Where the calendar stands for a start at this moment; 0: it never stops. */
boot_ns clocks_first(struct core *core, const struct workspace *w, const struct now *now);
/* The same for a session that says it has begun. */
boot_ns clocks_at_start(struct core *core, struct str session, const struct now *now);
/* The last minutes as JSON; the caller frees it. */
char *clocks_activity(struct live *l) MUST_CHECK;
/* The same for a run that ended at this moment, with what is left of its last
 * minute; NULL: nobody knows of it. */
char *clocks_at_stop(struct core *core, struct str session, uint32_t epoch,
                     wall_us at) MUST_CHECK;

/* By name, read once; NULL: there is none, *err says why. */
const struct tz *clocks_zone(struct core *core, struct str name, struct err *err);
/* Refuses what is no calendar, in words; writes the one form of it. */
int clocks_check(struct core *core, struct str text, char ret[CALENDAR_MAX],
                 struct err *err) MUST_CHECK;
