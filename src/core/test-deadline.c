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
		                 .started_boot = 1000 * S };
}

static void first(void)
{
	struct session s = running(3600, 43200);

	T_EQ(deadline_first(&s), 4600 * S);
	s.extend_until = 9000 * S;
	T_EQ(deadline_first(&s), 9000 * S);
	s.extend_until = 99000 * S;
	T_EQ(deadline_first(&s), 44200 * S);
	s.started_boot = 0;
	T_EQ(deadline_first(&s), 0);
	T_EQ(deadline_max_at(&s), 0);
}

static void extend(void)
{
	struct session s = running(3600, 7200);
	boot_ns until = 0;

	s.stop_at = 4600 * S;
	T_EQ(deadline_extend(&s, 600, 2000 * S, &until), 0);
	T_EQ(until, 5200 * S);
	/* The shim may be late: never less than from now on. */
	T_EQ(deadline_extend(&s, 600, 4700 * S, &until), 0);
	T_EQ(until, 5300 * S);
	T_EQ(deadline_extend(&s, 86400, 2000 * S, &until), 0);
	T_EQ(until, 8200 * S);
	s.stop_at = 8200 * S;
	until = 1;
	T_EQ(deadline_extend(&s, 60, 2000 * S, &until), -EDOM);
	T_EQ(deadline_extend(&s, UINT64_MAX / S, 2000 * S, &until), -EDOM);
	T_EQ(until, 1);
}

static void lead(void)
{
	struct session s = running(3600, 43200);

	T_EQ(deadline_warn_lead_s(&s, &rules), 300);
	s.auto_stop_s = 600;
	T_EQ(deadline_warn_lead_s(&s, &rules), 300);
	s.auto_stop_s = 599;
	T_EQ(deadline_warn_lead_s(&s, &rules), 299);
	s.auto_stop_s = 60;
	T_EQ(deadline_warn_lead_s(&s, &rules), 30);
	memcpy(s.stop_why, "max", 4);
	T_EQ(deadline_warn_lead_s(&s, &rules), 300);
}

static void warns_once(void)
{
	struct session s = running(3600, 43200);
	boot_ns when = 0;

	T_EQ(deadline_warn(&s, &rules, 1500 * S, &when), DEADLINE_DONE); /* no stop known */
	s.stop_at = 4600 * S;
	T_EQ(deadline_warn(&s, &rules, 1500 * S, &when), DEADLINE_LATER);
	T_EQ(when, 4300 * S);
	T_EQ(deadline_warn(&s, &rules, 4300 * S, &when), DEADLINE_NOW);
	T_EQ(when, 4600 * S);
	s.warned_stop_at = when;
	T_EQ(deadline_warn(&s, &rules, 4301 * S, &when), DEADLINE_DONE);
	s.stop_at += S; /* jitter of the evidence is no new stop */
	T_EQ(deadline_warn(&s, &rules, 4301 * S, &when), DEADLINE_DONE);
	s.stop_at = 8000 * S; /* extended: a new one */
	T_EQ(deadline_warn(&s, &rules, 4400 * S, &when), DEADLINE_LATER);
	T_EQ(when, 7700 * S);
	T_EQ(deadline_warn(&s, &rules, 8001 * S, &when), DEADLINE_DONE);
	s.state = SESSION_STOPPING;
	T_EQ(deadline_warn(&s, &rules, 7900 * S, &when), DEADLINE_DONE);
}

TEST_MAIN({ "the first deadline is start + auto-stop, within the maximum", first },
          { "extending adds to the planned stop, up to the maximum", extend },
          { "a short limit warns at its half", lead },
          { "each stop is warned of once", warns_once })
