/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "store/metrics.h"

#include "test-db.h"

static struct err err;
static unsigned rows[601], points[601];

static void on_row(void *arg, unsigned step, int64_t from_s, struct str row)
{
	rows[step]++;
	for (unsigned i = 0; i < METRIC_ROW_MAX; i++) {
		struct metric_point p = metric_get(row, i);

		if (!p.n)
			continue;
		points[step]++;
		T_EQ(p.cpu_milli, 300);
	}
}

static void list(struct db *db, int64_t from, int64_t to)
{
	memset(rows, 0, sizeof(rows));
	memset(points, 0, sizeof(points));
	T_EQ(metric_list(db, STR("s_1"), from, to, on_row, NULL), 0);
}

/* Two days of a session, a minute at a time. */
static void old_points_become_coarser(void)
{
	const struct metric_point p[6] = { { .n = 1, .cpu_milli = 300 },
		                           { .n = 1, .cpu_milli = 300 },
		                           { 0 },
		                           { .n = 1, .cpu_milli = 300 },
		                           { .n = 1, .cpu_milli = 300 },
		                           { .n = 1, .cpu_milli = 300 } };
	const int64_t begin = INT64_C(1770000000) / 60 * 60, end = begin + 2 * 86400;
	struct db db;

	test_db_open(&db);
	T_EQ(db_script(&db, "BEGIN", &err), 0);
	for (int64_t t = begin; t < end; t += 60) {
		T_EQ(metric_save(&db, "s_1", t, p, 6, &err), 0);
		if (t % 3600 == 0)
			T_EQ(metric_age(&db, "s_1", t + 60, &err), 0);
	}
	T_EQ(db_script(&db, "COMMIT", &err), 0);
	list(&db, begin, end);
	T_OK(rows[10] >= 60 && rows[10] <= 180);
	T_EQ(points[10], rows[10] * 5);
	T_OK(rows[60] >= 22 && rows[60] <= 36);
	T_OK(rows[600] >= 1 && rows[600] <= 4);
	/* Each second of it is in exactly one of them. */
	T_OK(points[10] * 12 + points[60] * 60 + points[600] * 600 >= 2 * 86400 - 3600);
	T_OK(points[10] * 12 + points[60] * 60 + points[600] * 600 <= 2 * 86400 + 3600);
	list(&db, end - 120, end);
	T_OK(rows[10] >= 2 && rows[10] <= 3);
	T_EQ(metric_forget(&db, end + (int64_t)(METRIC_KEEP_DAYS + 1) * 86400, &err), 0);
	list(&db, begin, end);
	T_EQ(rows[10] + rows[60] + rows[600], 0);
	test_db_close(&db);
}

static void the_same_minute_again_is_added(void)
{
	const struct metric_point p[6] = { { .n = 1, .cpu_milli = 300 } },
	                          more[6] = { { 0 }, { .n = 1, .cpu_milli = 300 } };
	struct db db;

	test_db_open(&db);
	T_EQ(metric_save(&db, "s_1", 600, p, 6, &err), 0);
	T_EQ(metric_save(&db, "s_1", 600, more, 6, &err), 0);
	list(&db, 0, 1000);
	T_EQ(rows[10], 1);
	T_EQ(points[10], 2);
	test_db_close(&db);
}

TEST_MAIN({ "old points become coarser", old_points_become_coarser },
          { "the same minute again is added", the_same_minute_again_is_added })
