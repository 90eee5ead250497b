/* SPDX-License-Identifier: Apache-2.0 */
/* An owner with a workspace, for the tests of the books. */
#pragma once

#include "store/accounts.h"
#include "store/ledger.h"
#include "store/workspaces.h"
#include "test-db.h"

#define HOUR_US (INT64_C(3600) * US_PER_S)
#define HOUR_NS (UINT64_C(3600) * NS_PER_S)
#define DAY_US  (24 * HOUR_US)

static struct books books;

static inline int64_t number(struct db *db, const char *sql)
{
	struct q q = db_q(db, sql);
	int64_t n = q_row(&q) > 0 ? q_get_int(&q) : -1;

	q_end(&q);
	return n;
}

static inline void add_owner(struct db *db, const char *account, const char *workspace,
                             const char *volume)
{
	struct err err = ERR_NONE;
	struct account a = { .created = 1 };
	struct workspace w = { .image = "i", .instance_type = "small", .name = "one" };

	(void)snprintf(a.id, sizeof(a.id), "%s", account);
	(void)snprintf(a.email, sizeof(a.email), "%.30s@example.org", account);
	(void)snprintf(a.name, sizeof(a.name), "%.30s", account);
	(void)snprintf(w.id, sizeof(w.id), "%s", workspace);
	(void)snprintf(w.label, sizeof(w.label), "%.20s", workspace);
	(void)snprintf(w.volume_id, sizeof(w.volume_id), "%s", volume);
	w.storage_bytes = 1;
	memcpy(w.account_id, a.id, sizeof(w.account_id));
	T_EQ(account_insert(db, &a, &err), 0);
	T_EQ(workspace_insert(db, &w, &err), 0);
}

static inline void books_fixture(struct db *db)
{
	books = (struct books){ &months_utc, "USD", 5000, 0 };
	test_db_open(db);
	add_owner(db, "a_1", "ws_1", "v_1");
}

static inline void add_price(struct db *db, const char *resource, wall_us from, int64_t rate)
{
	struct err err = ERR_NONE;
	struct q q = db_q(db, "INSERT INTO price(resource, from_us, rate, actor, at_us)"
	                      " VALUES(?,?,?,'a_1',1)");

	q_text(&q, resource);
	q_int(&q, from);
	q_int(&q, rate);
	T_EQ(q_run(&q, &err), 0);
}

static inline struct segment segment_of(const struct session *s, uint32_t n, wall_us from,
                                        uint64_t ns)
{
	struct segment g = { .epoch = 1,
		             .segment = n,
		             .instance_type = "small",
		             .workspace_id = "ws_1",
		             .started = from,
		             .stopped = from + (wall_us)(ns / 1000),
		             .ns = ns,
		             .price_per_hour = s->price_per_hour,
		             .reason = "idle" };

	memcpy(g.session_id, s->id, sizeof(g.session_id));
	memcpy(g.account_id, s->account_id, sizeof(g.account_id));
	return g;
}
