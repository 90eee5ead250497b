/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "store/feed.h"

#include <errno.h>

#include "test-db.h"

static struct err err;

static int events;
static bool on_event(void *arg, const struct feed_event *e)
{
	events++;
	return !arg || events < *(int *)arg;
}

static void feeds(void)
{
	struct db db;
	int64_t first, end;
	int stop_at = 9;

	test_db_open(&db);
	T_EQ(event_range(&db, &first, &end), 1);
	T_EQ(first, 0);
	T_EQ(end, 0);
	for (int i = 0; i < 10; i++)
		T_EQ(event_add(&db, i % 2 ? "a_1" : "a_2", "session", "s_1", &err), 0);
	T_EQ(event_list(&db, STR("a_1"), 4, 100, on_event, NULL), 0);
	T_EQ(events, 3); /* 6, 8, 10 */
	T_EQ(event_range(&db, &first, &end), 1);
	T_EQ(end, 10);
	events = 8;
	T_EQ(event_list(&db, STR("a_1"), 0, 100, on_event, &stop_at), 0);
	T_EQ(events, 9);
	T_EQ(db_script(&db, "UPDATE event SET seq = seq + 100000 WHERE seq > 5", &err), 0);
	T_EQ(event_prune(&db, &err), 0);
	T_EQ(event_range(&db, &first, &end), 1);
	T_EQ(first, 100006);
	test_db_close(&db);
}

static void keys(void)
{
	wall_us now = time_wall_us();
	uint8_t key[HASH_LEN] = { 1 }, req[HASH_LEN] = { 2 }, other[HASH_LEN] = { 3 };
	struct buf b = BUF(1000);
	struct db db;

	test_db_open(&db);
	T_EQ(idempotency_get(&db, STR("a_1"), key, req, &b), 0);
	T_EQ(idempotency_put(&db, STR("a_1"), key, req, STR("kept\0answer"), &err), 0);
	T_EQ(idempotency_get(&db, STR("a_1"), key, req, &b), 1);
	T_STR(buf_str(&b), STR("kept\0answer"));
	T_EQ(idempotency_get(&db, STR("a_1"), key, other, &b), -EEXIST);
	T_EQ(idempotency_get(&db, STR("a_2"), key, req, &b), 0);
	T_EQ(idempotency_prune(&db, now - 60000000 + INT64_C(30) * 86400 * US_PER_S, &err), 0);
	T_EQ(idempotency_get(&db, STR("a_1"), key, req, &b), 1);
	T_EQ(idempotency_prune(&db, now + 60000000 + INT64_C(30) * 86400 * US_PER_S, &err), 0);
	T_EQ(idempotency_get(&db, STR("a_1"), key, req, &b), 0);
	buf_fini(&b);
	test_db_close(&db);
}

TEST_MAIN({ "events are replayed per account, in order", feeds },
          { "an idempotency key answers one request for 30 days", keys })
