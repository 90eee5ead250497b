/* SPDX-License-Identifier: Apache-2.0 */
#include "core/clock.h"

#include "test.h"

#define US US_PER_S

/* 4.4 and P6: stepping the wall changes nothing while the boot is the same. */
static void steps(void)
{
	struct now made = { .wall = 1000000 * US, .boot = 50 * NS_PER_S, .boot_id = "a" };
	struct expiry e = expiry_from(&made, 900);
	static const int64_t step_s[] = { 0, 3600, -3600, 31557600, -31557600 };

	for (size_t i = 0; i < ARRAY_LEN(step_s); i++) {
		struct now now = made;

		now.wall += step_s[i] * US;
		now.boot += 899 * NS_PER_S;
		T_EQ(expiry_valid(&e, &now), true);
		now.boot += NS_PER_S;
		T_EQ(expiry_valid(&e, &now), false);
	}
}

static void reboots(void)
{
	struct now made = { .wall = 1000000 * US, .boot = 50 * NS_PER_S, .boot_id = "a" };
	struct expiry e = expiry_from(&made, 900);
	struct now now = { .wall = 1000899 * US, .boot = 1, .boot_id = "b" };

	T_EQ(expiry_valid(&e, &now), true);
	now.wall += US;
	T_EQ(expiry_valid(&e, &now), false);
	now.wall = 999999 * US; /* made in the future: no */
	T_EQ(expiry_valid(&e, &now), false);
	T_EQ(expiry_at(&e), 1000900 * US);
}

static void walls(void)
{
	struct now now = { .wall = 1000 * US, .boot = 500 * NS_PER_S };

	T_EQ(clock_wall_of(&now, 510 * NS_PER_S), 1010 * US);
	T_EQ(clock_wall_of(&now, 490 * NS_PER_S), 990 * US);
}

TEST_MAIN({ "a stepped wall clock neither ends nor prolongs an expiry", steps },
          { "after a reboot the wall decides", reboots },
          { "a moment of this boot has a wall time", walls })
