/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "store/charges.h"

#include "core/chain.h"
#include "store/books.h"
#include "test-books.h"

static struct err err;

/* The chain holds, every transaction sums to 0, and each charge is booked. */
static void ledger_is_sound(struct db *db, int64_t want_lines)
{
	uint8_t prev[HASH_LEN] = { 0 }, want[HASH_LEN], have[HASH_LEN];
	int64_t rows = 0;
	struct q q = db_q(db, "SELECT seq, txn, at_us, account_id, book, amount, currency,"
	                      " session_id, epoch, segment, ns, hash FROM ledger ORDER BY seq");

	while (q_row(&q) > 0) {
		struct chain c;

		chain_begin(&c, prev);
		chain_int(&c, q_get_int(&q));
		chain_str(&c, q_get_str(&q));
		chain_int(&c, q_get_int(&q));
		chain_str(&c, q_get_str(&q));
		chain_str(&c, q_get_str(&q));
		chain_int(&c, q_get_int(&q));
		chain_str(&c, q_get_str(&q));
		chain_str(&c, q_get_str(&q));
		for (int i = 0; i < 3; i++)
			chain_int(&c, q_get_int(&q));
		chain_end(&c, want);
		q_get_blob(&q, have, HASH_LEN);
		T_OK(memcmp(want, have, HASH_LEN) == 0);
		memcpy(prev, have, HASH_LEN);
		rows++;
	}
	q_end(&q);
	T_EQ(rows, want_lines);
	T_EQ(number(db, "SELECT count(*) FROM (SELECT sum(amount) s FROM ledger GROUP BY txn"
	                " HAVING s <> 0)"),
	     0);
	T_EQ(number(db, "SELECT count(*) FROM charge c WHERE NOT EXISTS (SELECT 1 FROM ledger l"
	                " WHERE l.txn = c.id AND l.book = 'usage' AND l.amount = c.amount"
	                " AND l.account_id = c.account_id AND l.ns = c.ns)"),
	     0);
}

static void posts_once(void)
{
	struct session s = { .id = "s_1", .account_id = "a_1", .price_per_hour = 3600000 };
	struct segment g = segment_of(&s, 0, 1000, 5 * NS_PER_S);
	struct usage_total total;
	struct db db;

	books_fixture(&db);
	for (uint32_t i = 0; i < 10; i++) {
		g = segment_of(&s, i, 1000 + i, i * NS_PER_S);
		T_EQ(segment_post(&db, &books, &s, &g, &err), 1);
		T_EQ(g.amount, INT64_C(1000) * i);
		T_EQ(segment_post(&db, &books, &s, &g, &err), 0);
	}
	T_EQ(segment_total(&db, STR("a_1"), 0, INT64_MAX, &total), 1);
	T_EQ(total.amount, 45000);
	T_EQ(number(&db, "SELECT count(*) FROM charge"), 10);
	ledger_is_sound(&db, 20);
	test_db_close(&db);
}

/* Over the end of a month, over a change of price, and with an hour that is
 * free: the segment is the sum of its charges. */
static void cuts(void)
{
	struct session s = { .id = "s_1",
		             .account_id = "a_1",
		             .price_per_hour = 1000000,
		             .price_mode = PRICE_FOLLOW,
		             .free_s_month = 3600 };
	wall_us november = time_month_start(2026, 11);
	struct segment g = segment_of(&s, 0, november - 2 * HOUR_US, 5 * HOUR_NS);
	struct db db;

	books_fixture(&db);
	add_price(&db, "type:small", november - 100 * HOUR_US, 1000000);
	add_price(&db, "type:small", november + 2 * HOUR_US, 3000000);
	add_price(&db, "type:small", november + 2 * HOUR_US, 2000000); /* said last */
	T_EQ(segment_post(&db, &books, &s, &g, &err), 1);
	/* 1 h free, 1 h at 1 | 1 h free, 1 h at 1, 1 h at 2 */
	T_EQ(g.amount, 4000000);
	T_EQ(number(&db, "SELECT count(*) FROM charge"), 5);
	T_EQ(number(&db, "SELECT sum(amount) FROM charge WHERE month = '2026-10'"), 1000000);
	T_EQ(number(&db, "SELECT sum(ns) FROM charge WHERE free = 1"), 2 * HOUR_NS);
	T_EQ(number(&db, "SELECT sum(ns) FROM charge"), 5 * HOUR_NS);
	T_EQ(number(&db, "SELECT sum(amount) FROM segment"), 4000000);
	/* The free hour of both months is used up. */
	g = segment_of(&s, 1, november + HOUR_US, HOUR_NS);
	T_EQ(segment_post(&db, &books, &s, &g, &err), 1);
	T_EQ(g.amount, 1000000);
	ledger_is_sound(&db, 12);

	/* One that keeps its price. */
	struct session k = s;

	k.price_mode = PRICE_KEEP;
	k.free_s_month = 0;
	k.price_per_hour = 7000000;
	g = segment_of(&k, 2, november + HOUR_US, 2 * HOUR_NS);
	T_EQ(segment_post(&db, &books, &k, &g, &err), 1);
	T_EQ(g.amount, 14000000);
	test_db_close(&db);
}

/* Of a type without a price list the session's own price holds. */
static void no_price_list(void)
{
	struct session s = { .id = "s_1",
		             .account_id = "a_1",
		             .price_per_hour = 60000,
		             .price_mode = PRICE_FOLLOW };
	struct segment g = segment_of(&s, 0, 5, HOUR_NS);
	money_micro rate = 7;
	wall_us until;
	struct db db;

	books_fixture(&db);
	T_EQ(segment_post(&db, &books, &s, &g, &err), 1);
	T_EQ(g.amount, 60000);
	T_EQ(price_span(&db, "storage", 5, &rate, &until), 0);
	T_EQ(rate, 7);
	T_EQ(until, INT64_MAX);
	add_price(&db, "storage", 10, 3);
	T_EQ(price_span(&db, "storage", 5, &rate, &until), 0);
	T_EQ(until, 10);
	T_EQ(price_span(&db, "storage", 10, &rate, &until), 0);
	T_EQ(rate, 3);
	T_EQ(until, INT64_MAX);
	test_db_close(&db);
}

TEST_MAIN({ "a segment is posted once, with charges and a ledger that balances", posts_once },
          { "a segment is cut by months, prices and free time", cuts },
          { "without a price list the session's price holds", no_price_list })
