/* SPDX-License-Identifier: Apache-2.0 */
#include "shim/deadline.h"

#include "test.h"

#define S UINT64_C(1000000000)

static void test_rule(void)
{
	static const struct {
		struct deadline d;
		boot_ns at;
		const char *why;
	} cases[] = {
		{ { 0, 5 * S, 0, 0 }, DEADLINE_NEVER, "" },
		{ { 0, 5 * S, 0, 9 * S }, 9 * S, "max" },
		{ { 60, 5 * S, 0, 0 }, 65 * S, "idle" },
		{ { 60, 5 * S, 0, 100 * S }, 65 * S, "idle" },
		{ { 60, 5 * S, 0, 65 * S }, 65 * S, "max" },
		{ { 60, 5 * S, 0, 50 * S }, 50 * S, "max" },
		{ { 60, 5 * S, 64 * S, 0 }, 65 * S, "idle" },
		{ { 60, 5 * S, 90 * S, 0 }, 90 * S, "idle" },
		{ { 60, 5 * S, 90 * S, 80 * S }, 80 * S, "max" },
		/* calendar and budget */
		{ { 0, 5 * S, 0, 0, 70 * S, 0 }, 70 * S, "calendar" },
		{ { 0, 5 * S, 0, 0, 0, 70 * S }, 70 * S, "budget" },
		{ { 60, 5 * S, 0, 0, 64 * S, 66 * S }, 64 * S, "calendar" },
		{ { 60, 5 * S, 0, 0, 66 * S, 64 * S }, 64 * S, "budget" },
		{ { 60, 5 * S, 0, 90 * S, 66 * S, 66 * S }, 65 * S, "idle" },
		{ { 60, 5 * S, 99 * S, 90 * S, 80 * S, 85 * S }, 80 * S, "calendar" },
		{ { 60, 5 * S, 99 * S, 90 * S, 90 * S, 90 * S }, 90 * S, "max" },
		{ { 60, 5 * S, 99 * S, 0, 90 * S, 90 * S }, 90 * S, "budget" },
		{ { 60, 5 * S, 0, 0, 65 * S, 0 }, 65 * S, "calendar" },
		/* extending a session without auto-stop ends nothing */
		{ { 0, 5 * S, 90 * S, 0 }, DEADLINE_NEVER, "" },
		{ { UINT32_MAX, UINT64_MAX - 1, 0, 0 }, DEADLINE_NEVER, "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *why = NULL;

		T_EQ(deadline_at(&cases[i].d, &why), cases[i].at);
		T_STREQ(why, cases[i].why);
	}
}

static void test_activity(void)
{
	struct deadline d = { .idle_seconds = 10, .last_active = 5 * S };

	deadline_activity(&d, 7 * S, false, 9 * S);
	T_EQ(d.last_active, 7 * S);
	deadline_activity(&d, 7 * S, true, 9 * S);
	T_EQ(d.last_active, 9 * S);
	deadline_activity(&d, 99 * S, false, 12 * S);
	T_EQ(d.last_active, 12 * S);
	T_EQ(d.busy_until, 0);
}

/* An idle time as short as the time between two words of the agent. */
static void test_short_idle(void)
{
	struct deadline d = { .idle_seconds = 10 };
	const char *why;

	deadline_activity(&d, 7 * S, true, 100 * S);
	T_EQ(deadline_at(&d, &why), 115 * S);
	deadline_activity(&d, 7 * S, true, 110 * S);
	T_EQ(deadline_at(&d, &why), 125 * S);
	/* Over: from then on the idle time itself. */
	deadline_activity(&d, 112 * S, false, 112 * S);
	T_EQ(deadline_at(&d, &why), 122 * S);
	T_STREQ(why, "idle");
	/* Nothing changes for longer ones. */
	d.idle_seconds = 60;
	deadline_activity(&d, 7 * S, true, 200 * S);
	T_EQ(deadline_at(&d, &why), 260 * S);
}

TEST_MAIN({ "the earliest of idle-or-extended, maximum, calendar and budget ends it",
            test_rule },
          { "who is busy does not end between two words", test_short_idle },
          { "busy is activity now, and nobody is active in the future", test_activity })
