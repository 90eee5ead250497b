/* SPDX-License-Identifier: Apache-2.0 */
#include "core/meter.h"

#include "core/chain.h"
#include "test.h"

static struct run_record rec(const char *boot_id, boot_ns boot, wall_us wall)
{
	struct run_record r = { .epoch = 1, .boot = boot, .wall = wall };

	(void)snprintf(r.boot_id, sizeof(r.boot_id), "%s", boot_id);
	return r;
}

static void segments(void)
{
	struct session s = { .id = "s_x", .price_per_hour = 60000 };
	struct run_record a = rec("b1", 10 * NS_PER_S, 1000 * US_PER_S);
	struct run_record b = rec("b1", 3610 * NS_PER_S, 0); /* the wall was stepped back */
	struct segment g;

	T_EQ(meter_segment(&s, &a, &b, &g), 0);
	T_EQ(g.ns, 3600 * NS_PER_S);
	T_EQ(g.amount, 60000);
	T_EQ(g.started, 1000 * US_PER_S);
	T_EQ(g.stopped, 4600 * US_PER_S);
	T_EQ(g.estimated, false);

	b.estimated = true;
	T_EQ(meter_segment(&s, &a, &b, &g), 0);
	T_EQ(g.estimated, true);

	struct run_record other = rec("b2", 3610 * NS_PER_S, 5000 * US_PER_S);

	T_EQ(meter_segment(&s, &a, &other, &g), 0);
	T_EQ(g.ns, 0);
	T_EQ(g.amount, 0);
	T_EQ(g.estimated, true);

	struct run_record before = rec("b1", 9 * NS_PER_S, 999 * US_PER_S);

	T_EQ(meter_segment(&s, &a, &before, &g), 0);
	T_EQ(g.ns, 0);
}

static void so_far(void)
{
	struct session s = { .state = SESSION_RUNNING,
		             .price_per_hour = 3600000,
		             .started_boot = 100 * NS_PER_S,
		             .boot_id = "b",
		             .metered_ns = 5 * NS_PER_S,
		             .cost = 5000 };
	struct now now = { .boot = 110 * NS_PER_S, .boot_id = "b" };
	uint64_t ns;
	money_micro cost;

	meter_so_far(&s, &now, &ns, &cost);
	T_EQ(ns, 15 * NS_PER_S);
	T_EQ(cost, 15000);
	s.state = SESSION_STOPPED;
	meter_so_far(&s, &now, &ns, &cost);
	T_EQ(ns, 5 * NS_PER_S);
	T_EQ(cost, 5000);
}

/* The fields' borders are part of the sum: "ab","c" is not "a","bc". */
static void chains(void)
{
	uint8_t zero[HASH_LEN] = { 0 }, x[HASH_LEN], y[HASH_LEN];
	struct chain c;

	chain_begin(&c, zero);
	chain_str(&c, STR("ab"));
	chain_str(&c, STR("c"));
	chain_end(&c, x);
	chain_begin(&c, zero);
	chain_str(&c, STR("a"));
	chain_str(&c, STR("bc"));
	chain_end(&c, y);
	T_OK(memcmp(x, y, HASH_LEN) != 0);
	chain_begin(&c, zero);
	chain_int(&c, -12);
	chain_end(&c, x);
	chain_begin(&c, zero);
	chain_str(&c, STR("-12"));
	chain_end(&c, y);
	T_OK(memcmp(x, y, HASH_LEN) == 0);
}

TEST_MAIN({ "a pair of records makes a segment by the boot clock", segments },
          { "the cost so far is the closed and the open time", so_far },
          { "a chain binds fields and their borders", chains })
