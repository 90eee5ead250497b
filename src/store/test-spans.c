/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "store/spans.h"

#include "test-books.h"

#define GB UINT64_C(1000000000)

static struct err err;

static void made(struct db *db, wall_us at, uint64_t bytes)
{
	books.now = at;
	T_EQ(volume_set_made(db, STR("v_1"), bytes, 1, &err), 0);
	T_EQ(span_made(db, &books, STR("v_1"), bytes, &err), 0);
}

static void by_days(void)
{
	wall_us start = time_month_start(2026, 11) - 12 * HOUR_US;
	struct db db;

	books_fixture(&db);
	add_price(&db, "storage", 0, 730); /* 1 an hour and GB */
	made(&db, start, 2 * GB);
	made(&db, start, 2 * GB); /* the engine says it again */
	T_EQ(number(&db, "SELECT count(*) FROM storage_span"), 1);
	/* Nothing is due before the first midnight, however often one looks. */
	T_EQ(spans_charge(&db, &books, start, 10, &err), 0);
	books.now = start + 40 * HOUR_US;
	for (int i = 0; i < 3; i++)
		T_OK(spans_charge(&db, &books, start + 36 * HOUR_US, 10, &err) >= 0);
	T_EQ(number(&db, "SELECT count(*) FROM charge"), 2);
	T_EQ(number(&db, "SELECT amount FROM charge WHERE month = '2026-10'"), 24);
	T_EQ(number(&db, "SELECT amount FROM charge WHERE month = '2026-11'"), 48);
	/* It grows in the middle of a day, and is deleted in another. */
	made(&db, start + 42 * HOUR_US, 5 * GB);
	T_EQ(number(&db, "SELECT sum(amount) FROM charge"), 84);
	books.now = start + 50 * HOUR_US;
	T_EQ(span_end(&db, &books, STR("v_1"), &err), 0);
	T_EQ(span_end(&db, &books, STR("v_1"), &err), 0);
	T_EQ(number(&db, "SELECT sum(amount) FROM charge"), 84 + 40);
	T_EQ(number(&db, "SELECT sum(ns) FROM charge"), (int64_t)(50 * HOUR_NS));
	T_EQ(number(&db, "SELECT count(*) FROM storage_span WHERE to_us = charged_us"), 2);
	books.now += 100 * HOUR_US;
	T_EQ(spans_charge(&db, &books, books.now, 10, &err), 0);
	test_db_close(&db);
}

/* Something else ends a span while the clock is a year ahead. */
static void clock_jumps_ahead(void)
{
	wall_us start = time_month_start(2026, 11);
	struct db db;

	books_fixture(&db);
	add_price(&db, "storage", 0, 730);
	made(&db, start, GB);
	books.now = start + 8760 * HOUR_US;
	books.most = start + 3 * HOUR_US;
	T_EQ(span_end(&db, &books, STR("v_1"), &err), 0);
	T_EQ(number(&db, "SELECT sum(ns) FROM charge"), (int64_t)(3 * HOUR_NS));
	books.most = 0;
	test_db_close(&db);
}

/* The clock of the host is wrong, and is put right: no time is charged twice,
 * none before it has passed by the clock. */
static void clock_steps_back(void)
{
	wall_us start = time_month_start(2026, 11);
	struct db db;

	books_fixture(&db);
	add_price(&db, "storage", 0, 730);
	made(&db, start, GB);
	books.now = start + 50 * HOUR_US;
	T_EQ(spans_charge(&db, &books, start + 48 * HOUR_US, 10, &err), 1);
	made(&db, start + HOUR_US, 2 * GB); /* stepped back by two days */
	T_EQ(number(&db, "SELECT from_us FROM storage_span WHERE to_us IS NULL"),
	     start + 48 * HOUR_US);
	T_EQ(spans_charge(&db, &books, start + 24 * HOUR_US, 10, &err), 0);
	T_EQ(spans_charge(&db, &books, start + 72 * HOUR_US, 10, &err), 1);
	T_EQ(number(&db, "SELECT sum(ns) FROM charge"), (int64_t)(72 * HOUR_NS));
	T_EQ(number(&db, "SELECT sum(amount) FROM charge"), 48 + 48);
	test_db_close(&db);
}

static void price_changes_and_none(void)
{
	wall_us start = time_month_start(2026, 11);
	struct db db;

	books_fixture(&db);
	add_price(&db, "storage", start + 30 * HOUR_US, 730);
	add_price(&db, "storage", start + 42 * HOUR_US, 1460);
	made(&db, start, GB);
	books.now = start + 72 * HOUR_US;
	T_EQ(spans_charge(&db, &books, books.now, 10, &err), 1);
	/* 30 h without a price, 12 h at 1, 6 h and a day at 2 */
	T_EQ(number(&db, "SELECT count(*) FROM charge"), 3);
	T_EQ(number(&db, "SELECT sum(amount) FROM charge"), 12 + 60);
	T_EQ(number(&db, "SELECT sum(ns) FROM charge"), (int64_t)(42 * HOUR_NS));
	test_db_close(&db);
}

static void volumes_of_before(void)
{
	struct db db;

	books_fixture(&db);
	T_EQ(volume_set_made(&db, STR("v_1"), 7, 1, &err), 0);
	for (int i = 0; i < 2; i++)
		T_EQ(spans_adopt(&db, &books, &err), 0);
	T_EQ(
	    number(&db, "SELECT count(*) FROM storage_span WHERE from_us = 5000 AND bytes = 7"),
	    1);
	/* What is being deleted costs no more, and does not begin to. */
	T_EQ(volume_doom(&db, STR("v_1"), 6000, &err), 0);
	books.now = 6000;
	T_EQ(span_end(&db, &books, STR("v_1"), &err), 0);
	T_EQ(span_made(&db, &books, STR("v_1"), 9, &err), 0);
	T_EQ(spans_adopt(&db, &books, &err), 0);
	T_EQ(number(&db, "SELECT count(*) FROM storage_span WHERE to_us IS NULL"), 0);

	/* A release that knows no spans made one volume larger, and deleted another. */
	add_owner(&db, "a_2", "ws_2", "v_2");
	add_owner(&db, "a_3", "ws_3", "v_3");
	T_EQ(volume_set_made(&db, STR("v_2"), 5, 1, &err), 0);
	T_EQ(volume_set_made(&db, STR("v_3"), 5, 1, &err), 0);
	T_EQ(spans_adopt(&db, &books, &err), 0);
	T_EQ(volume_set_made(&db, STR("v_2"), 8, 1, &err), 0);
	T_EQ(volume_doom(&db, STR("v_3"), 7000, &err), 0);
	books.now = 9000;
	for (int i = 0; i < 2; i++)
		T_EQ(spans_adopt(&db, &books, &err), 0);
	T_EQ(number(&db, "SELECT bytes FROM storage_span WHERE volume_id = 'v_2' AND to_us"
	                 " IS NULL AND from_us = 9000"),
	     8);
	T_EQ(number(&db, "SELECT to_us FROM storage_span WHERE volume_id = 'v_3'"), 7000);
	T_EQ(number(&db, "SELECT count(*) FROM storage_span"), 4);
	test_db_close(&db);
}

static int give_up(void *arg)
{
	(void)arg;
	return 1;
}

/* Else a month would be closed without what could not be read. */
static void a_read_that_fails_is_no_end(void)
{
	wall_us start = time_month_start(2026, 11);
	struct db db;

	books_fixture(&db);
	add_price(&db, "storage", 0, 730);
	made(&db, start, GB);
	books.now = start + 50 * HOUR_US;
	sqlite3_progress_handler(db.h, 1, give_up, NULL);
	T_OK(spans_charge(&db, &books, start + 48 * HOUR_US, 10, &err) < 0);
	sqlite3_progress_handler(db.h, 0, NULL, NULL);
	T_EQ(spans_charge(&db, &books, start + 48 * HOUR_US, 10, &err), 1);
	T_EQ(number(&db, "SELECT sum(ns) FROM charge"), (int64_t)(48 * HOUR_NS));
	test_db_close(&db);
}

TEST_MAIN({ "a volume is charged by days, and to its end", by_days },
          { "a clock that steps back charges nothing twice", clock_steps_back },
          { "a clock that jumps ahead charges no year", clock_jumps_ahead },
          { "storage follows its price, and without one costs nothing",
            price_changes_and_none },
          { "volumes of before spans were kept, and such as are deleted", volumes_of_before },
          { "a read that fails is not the end of what is due", a_read_that_fails_is_no_end })
