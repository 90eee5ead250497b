/* SPDX-License-Identifier: Apache-2.0 */
#include "core/limit.h"

#include <stdio.h>

#include "test.h"

static struct limit l;

static void buckets(void)
{
	unsigned wait = 0;

	limit_init(&l, 5, 5, 42);
	for (int i = 0; i < 5; i++)
		T_EQ(limit_take(&l, STR("a"), 1000, &wait), true);
	T_EQ(limit_take(&l, STR("a"), 1000, &wait), false);
	T_EQ(wait, 13);
	T_EQ(limit_take(&l, STR("b"), 1000, &wait), true);
	T_EQ(limit_take(&l, STR("a"), 1000 + 12000, &wait), true);
	T_EQ(limit_take(&l, STR("a"), 1000 + 12000, &wait), false);
	limit_refund(&l, STR("a"), 13000);
	T_EQ(limit_take(&l, STR("a"), 13000, &wait), true);
}

/* A flood of other keys neither costs memory nor frees a spent bucket. */
static void floods(void)
{
	unsigned wait;
	char key[32];

	limit_init(&l, 5, 5, 7);
	for (int i = 0; i < 5; i++)
		T_OK(limit_take(&l, STR("victim"), 1, &wait));
	for (int i = 0; i < 20000; i++) {
		int n = snprintf(key, sizeof(key), "k%d", i);

		(void)limit_take(&l, (struct str){ key, (size_t)n }, 2, &wait);
	}
	T_EQ(limit_take(&l, STR("victim"), 3, &wait), false);
}

TEST_MAIN({ "a bucket empties, fills and takes back", buckets },
          { "a flood of keys does not wash a bucket away", floods })
