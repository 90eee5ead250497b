/* SPDX-License-Identifier: Apache-2.0 */
#include "core/deadline.h"

#include <errno.h>

#include "test.h"

#define S NS_PER_S

static const struct deadline_rules rules = { 60, 86400, 3600, 43200, 300 };

static struct session running(uint32_t auto_stop_s, uint32_t max_s)
{
	return (struct session){ .state = SESSION_RUNNING,
		                 .auto_stop_s = auto_stop_s,
		                 .max_s = max_s,
		                 .stop_why = "idle",
		                 .started_boot = 1000 * S };
}

static void from_the_row(void)
{
	struct session s = running(3600, 43200);
	const char *why = NULL;

	T_EQ(deadline_at_row(&s, 0, &why), 4600 * S);
	T_STREQ(why, "idle");
	T_EQ(deadline_at_row(&s, 1400 * S, &why), 5000 * S);
	s.extend_until = 9000 * S;
	T_EQ(deadline_at_row(&s, 0, &why), 9000 * S);
	s.extend_until = 99000 * S;
	T_EQ(deadline_at_row(&s, 0, &why), 44200 * S);
	T_STREQ(why, "max");
	s.lease_until = 44000 * S;
	T_EQ(deadline_at_row(&s, 0, &why), 44000 * S);
	T_STREQ(why, "budget");
	s.calendar_at = 43000 * S;
	T_EQ(deadline_at_row(&s, 0, &why), 43000 * S);
	T_STREQ(why, "calendar");
	s.started_boot = 0;
	T_EQ(deadline_at_row(&s, 0, &why), 0);
	T_EQ(deadline_max_at(&s), 0);
}

static void extend(void)
{
	struct session s = running(3600, 7200);

	s.stop_at = 4600 * S;
	T_EQ(deadline_extend(&s, 600, 2000 * S), 0);
	T_EQ(s.extend_until, 5200 * S);
	T_EQ(s.stop_at, 5200 * S);
	T_STREQ(s.stop_why, "idle");
	/* The shim may be late: never less than from now on. */
	s.stop_at = 4600 * S;
	T_EQ(deadline_extend(&s, 600, 4700 * S), 0);
	T_EQ(s.extend_until, 5300 * S);
	T_EQ(deadline_extend(&s, 86400, 2000 * S), 0);
	T_EQ(s.extend_until, 8200 * S);
	T_STREQ(s.stop_why, "max");
	T_EQ(deadline_extend(&s, 60, 2000 * S), -EDOM);
	T_EQ(deadline_extend(&s, UINT64_MAX / S, 2000 * S), -EDOM);
	T_EQ(s.extend_until, 8200 * S);
}

static void extend_moves_the_calendar_but_no_budget(void)
{
	struct session s = running(3600, 43200);

	s.stop_at = s.calendar_at = 4000 * S;
	memcpy(s.stop_why, "calendar", 9);
	T_EQ(deadline_extend(&s, 3600, 3900 * S), 0);
	T_EQ(s.calendar_at, 7600 * S);
	T_EQ(s.extend_until, 7600 * S);
	T_STREQ(s.stop_why, "calendar");
	/* A later one stays where it is. */
	s = running(3600, 43200);
	s.stop_at = 4600 * S;
	s.calendar_at = 9000 * S;
	T_EQ(deadline_extend(&s, 600, 3900 * S), 0);
	T_EQ(s.calendar_at, 9000 * S);
	T_STREQ(s.stop_why, "idle");
	s.lease_until = 6000 * S;
	T_EQ(deadline_extend(&s, 3600, 3900 * S), 0);
	T_EQ(s.stop_at, 6000 * S);
	T_STREQ(s.stop_why, "budget");
	T_EQ(s.lease_until, 6000 * S);
	T_EQ(deadline_extend(&s, 3600, 3900 * S), -EDOM);
}

static void calendars_next_moment(void)
{
	struct session s = running(3600, 43200);

	T_EQ(deadline_calendar(&s, 0, 2000 * S), 0);
	T_EQ(deadline_calendar(&s, 4000 * S, 2000 * S), 4000 * S);
	s.extend_until = 7600 * S;
	/* Within what was extended: put off to its end. */
	T_EQ(deadline_calendar(&s, 4000 * S, 2000 * S), 7600 * S);
	T_EQ(deadline_calendar(&s, 9000 * S, 2000 * S), 9000 * S);
	/* Put off already, and the moment has gone by: tomorrow's does not undo it. */
	s.calendar_at = 7600 * S;
	T_EQ(deadline_calendar(&s, 90000 * S, 5000 * S), 7600 * S);
	T_EQ(deadline_calendar(&s, 0, 5000 * S), 0);
	/* Over. */
	T_EQ(deadline_calendar(&s, 90000 * S, 7600 * S), 90000 * S);
}

static void lead(void)
{
	struct session s = running(3600, 43200);

	T_EQ(deadline_warn_lead_s(&s, &rules), 300);
	T_EQ(deadline_early_lead_s(&s, &rules), 900);
	s.auto_stop_s = 1200;
	T_EQ(deadline_early_lead_s(&s, &rules), 600);
	s.auto_stop_s = 600;
	T_EQ(deadline_warn_lead_s(&s, &rules), 300);
	T_EQ(deadline_early_lead_s(&s, &rules), 300);
	s.auto_stop_s = 599;
	T_EQ(deadline_warn_lead_s(&s, &rules), 299);
	s.auto_stop_s = 60;
	T_EQ(deadline_warn_lead_s(&s, &rules), 30);
	for (size_t i = 0; i < 3; i++) {
		static const char *const whys[] = { "max", "calendar", "budget" };

		(void)snprintf(s.stop_why, sizeof(s.stop_why), "%s", whys[i]);
		T_EQ(deadline_warn_lead_s(&s, &rules), 300);
		T_EQ(deadline_early_lead_s(&s, &rules), 900);
	}
}

static void warns_twice_and_once_each(void)
{
	struct session s = running(3600, 43200);
	boot_ns when = 0;

	T_EQ(deadline_warn(&s, &rules, 1500 * S, &when), DEADLINE_DONE); /* no stop known */
	s.stop_at = 4600 * S;
	T_EQ(deadline_warn(&s, &rules, 1500 * S, &when), DEADLINE_LATER);
	T_EQ(when, 3700 * S);
	T_EQ(deadline_warn(&s, &rules, 3700 * S, &when), DEADLINE_EARLY);
	T_EQ(when, 4600 * S);
	s.warned_early_at = when;
	T_EQ(deadline_warn(&s, &rules, 3701 * S, &when), DEADLINE_LATER);
	T_EQ(when, 4300 * S);
	T_EQ(deadline_warn(&s, &rules, 4300 * S, &when), DEADLINE_NOW);
	T_EQ(when, 4600 * S);
	s.warned_stop_at = when;
	T_EQ(deadline_warn(&s, &rules, 4301 * S, &when), DEADLINE_DONE);
	s.stop_at += S; /* jitter of the evidence is no new stop */
	T_EQ(deadline_warn(&s, &rules, 4301 * S, &when), DEADLINE_DONE);
	s.stop_at = 8000 * S; /* extended: a new one */
	T_EQ(deadline_warn(&s, &rules, 4400 * S, &when), DEADLINE_LATER);
	T_EQ(when, 7100 * S);
	T_EQ(deadline_warn(&s, &rules, 8001 * S, &when), DEADLINE_DONE);
	/* Late already: one warning, the last. */
	T_EQ(deadline_warn(&s, &rules, 7900 * S, &when), DEADLINE_NOW);
	s.state = SESSION_STOPPING;
	T_EQ(deadline_warn(&s, &rules, 7900 * S, &when), DEADLINE_DONE);
}

static void a_short_limit_warns_once(void)
{
	struct session s = running(60, 43200);
	boot_ns when = 0;

	s.stop_at = 1060 * S;
	T_EQ(deadline_warn(&s, &rules, 1001 * S, &when), DEADLINE_LATER);
	T_EQ(when, 1030 * S);
	T_EQ(deadline_warn(&s, &rules, 1030 * S, &when), DEADLINE_NOW);
}

static void long_runs_are_told_of(void)
{
	struct session s = running(3600, 0);

	T_EQ(deadline_notice(&s, 0, 99999 * S), 0);
	T_EQ(deadline_notice(&s, 3600, 4599 * S), 0);
	T_EQ(deadline_notice(&s, 3600, 4600 * S), 3600);
	s.noticed_s = 3600;
	T_EQ(deadline_notice(&s, 3600, 8199 * S), 0);
	T_EQ(deadline_notice(&s, 3600, 15500 * S), 14400);
	s.state = SESSION_STOPPED;
	T_EQ(deadline_notice(&s, 3600, 15500 * S), 0);
}

TEST_MAIN({ "the first of four clocks stops it", from_the_row },
          { "extending adds to the planned stop, up to the maximum", extend },
          { "extending moves the calendar and no budget",
            extend_moves_the_calendar_but_no_budget },
          { "the calendar's next moment, and what was put off", calendars_next_moment },
          { "a short limit warns at its half", lead },
          { "each stop is warned of twice, once each", warns_twice_and_once_each },
          { "a short limit has one warning", a_short_limit_warns_once },
          { "long runs are told of at each multiple", long_runs_are_told_of })
