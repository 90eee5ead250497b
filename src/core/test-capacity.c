/* SPDX-License-Identifier: Apache-2.0 */
#include "core/capacity.h"

#include <errno.h>

#include "test.h"

#define GIB (UINT64_C(1) << 30)

static const struct capacity_rules shipped = { 800, 150, 0, GIB / 2 };

static void gpus_are_parsed(void)
{
	static const char *const wrong[] = { "t4",
		                             "t4:0",
		                             "t4:x",
		                             "T4:1",
		                             ":2",
		                             "t4:2 t4:1",
		                             "t4:1025",
		                             "-a:1",
		                             "t4:2:3",
		                             "a-class-whose-name-is-longer-than-31:1",
		                             "a:1 b:1 c:1 d:1 e:1 f:1 g:1" };
	struct gpu g[GPU_CLASSES_MAX];
	unsigned n = 9;

	T_EQ(gpus_parse(STR(" t4:2  a100-80g:8"), g, &n, NULL), 0);
	T_EQ(n, 2);
	T_STREQ(g[1].class, "a100-80g");
	T_EQ(g[1].count, 8);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		T_EQ(gpus_parse(str_of(wrong[i]), g, &n, NULL), -EINVAL);
		T_EQ(n, 2);
	}
	T_EQ(gpus_parse(STR(""), g, &n, NULL), 0);
	T_EQ(n, 0);
}

static void a_host_offers_what_the_rules_say(void)
{
	struct capacity c = capacity_of(2000, 4 * GIB + GIB / 2, NULL, 0, &shipped);
	struct capacity_rules whole = { 100, 100, 3000, 8 * GIB };

	T_EQ(c.total.of[RESOURCE_CPU], 16000);
	T_EQ(c.total.of[RESOURCE_MEMORY], 6 * GIB);
	c = capacity_of(2000, 4 * GIB, NULL, 0, &whole); /* the reserve is more than all */
	T_EQ(c.total.of[RESOURCE_CPU], 0);
	T_EQ(c.total.of[RESOURCE_MEMORY], 0);
	whole.cpu_reserve_milli = 0;
	whole.cpu_overcommit = 33;
	T_EQ(capacity_of(199, 0, NULL, 0, &whole).total.of[RESOURCE_CPU], 65);
}

static void what_the_host_has_not_never_fits(void)
{
	const struct gpu g = { "t4", 2 };
	struct capacity c = capacity_of(2000, 4 * GIB, &g, 1, &shipped);
	struct amount none = { 0 }, two = capacity_need(&c, 100, GIB, "t4", 2),
	              three = capacity_need(&c, 100, GIB, "t4", 3),
	              other = capacity_need(&c, 100, GIB, "h100", 1), used = two,
	              plain = capacity_need(&c, 100, GIB, "h100", 0);

	T_OK(amount_fits(&c.total, &none, &two));
	T_OK(!amount_fits(&c.total, &none, &three));
	T_OK(!amount_fits(&c.total, &none, &other));
	T_OK(!amount_fits(&c.total, &used, &two));
	T_OK(amount_fits(&c.total, &used, &plain));
	/* Fewer GPUs than are in use do not keep others out. */
	c.total.of[RESOURCE_GPU] = 1;
	T_OK(amount_fits(&c.total, &used, &plain));
	T_OK(!amount_fits(&c.total, &used, &(struct amount){ .of = { 1, UINT64_MAX } }));
}

static void sums_stay_within_bounds(void)
{
	struct amount a = { .of = { UINT64_MAX - 1, 5 } }, b = { .of = { 7, 9 } },
	              total = { .of = { 1000, 1000 } };

	amount_add(&a, &b);
	T_OK(a.of[0] == UINT64_MAX);
	T_EQ(a.of[1], 14);
	amount_sub(&b, &a);
	T_EQ(b.of[0], 0);
	T_EQ(b.of[1], 0);
	T_EQ(amount_share(&total, &(struct amount){ .of = { 250, 500 } }), 500000);
	T_EQ(amount_share(&total, &(struct amount){ 0 }), 0);
	T_EQ(amount_share(&total, &(struct amount){ .of = { [RESOURCE_GPU] = 1 } }), 1000000);
	T_OK(amount_share(&total, &a) > 1000000);
}

TEST_MAIN({ "GPUs are CLASS:COUNT", gpus_are_parsed },
          { "a host offers its facts by reserve and over-commit",
            a_host_offers_what_the_rules_say },
          { "a GPU of a class that is not there never fits", what_the_host_has_not_never_fits },
          { "sums neither wrap nor go below 0", sums_stay_within_bounds })
