/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "store/books.h"

#include <errno.h>

#include "store/accounts.h"
#include "store/workspaces.h"
#include "test-db.h"

static struct err err;

static void fixture(struct db *db)
{
	struct account a = { .id = "a_1", .email = "x@y", .created = 1 };
	struct workspace w = { .id = "ws_1",
		               .account_id = "a_1",
		               .name = "one",
		               .label = "l",
		               .volume_id = "v_1",
		               .image = "i",
		               .instance_type = "t" };

	test_db_open(db);
	T_EQ(account_insert(db, &a, &err), 0);
	T_EQ(workspace_insert(db, &w, &err), 0);
}

static void records_count_once(void)
{
	struct run_record r = { .session_id = "s_1", .epoch = 1, .boot_id = "b", .boot = 5 },
	                  got;
	struct db db;

	fixture(&db);
	T_EQ(run_record_insert(&db, &r, &err), 1);
	T_EQ(run_record_insert(&db, &r, &err), 0);
	r.boot = 99; /* a liar's second version changes nothing */
	T_EQ(run_record_insert(&db, &r, &err), 0);
	T_EQ(run_record_get(&db, STR("s_1"), 1, 0, false, &got), 1);
	T_EQ(got.boot, 5);
	T_EQ(run_record_get(&db, STR("s_1"), 1, 0, true, &got), 0);
	T_EQ(run_record_get(&db, STR("s_1"), 2, 0, false, &got), 0);
	test_db_close(&db);
}

static void on_segment(void *arg, const struct segment *g, const char *name)
{
	T_STREQ(name, "one");
	*(money_micro *)arg += g->amount;
}

static void segments_are_listed(void)
{
	struct segment g = { .session_id = "s_1",
		             .workspace_id = "ws_1",
		             .account_id = "a_1",
		             .epoch = 1,
		             .instance_type = "small",
		             .price_per_hour = 3600000,
		             .reason = "idle" };
	struct usage_total total;
	money_micro sum = 0;
	struct db db;

	fixture(&db);
	for (uint32_t i = 0; i < 10; i++) {
		g.segment = i;
		g.started = 1000 + i;
		g.ns = i * NS_PER_S;
		g.amount = INT64_C(1000) * i;
		T_EQ(segment_insert(&db, &g, &err), 0);
		T_EQ(segment_insert(&db, &g, &err), -EEXIST);
	}
	T_EQ(segment_list(&db, &(struct list_of){ STR("a_1"), INT64_MAX, 100 }, 1000, 1010,
	                  on_segment, &sum),
	     0);
	T_EQ(sum, 45000);
	T_EQ(segment_total(&db, STR("a_1"), 1000, 1005, &total), 1);
	T_EQ(total.amount, 10000);
	T_EQ(total.lines, 5);
	T_EQ(segment_total(&db, STR("a_2"), 0, INT64_MAX, &total), 1);
	T_EQ(total.lines, 0);
	test_db_close(&db);
}

static int audits;
static void on_audit(void *arg, const struct audit_row *a)
{
	T_STREQ(a->verb, "workspace.create");
	T_STREQ(a->request_id, "");
	audits++;
}

static void audit_is_per_tenant(void)
{
	struct audit_row a = { .at = 1,
		               .account_id = "a_1",
		               .actor = "a_1",
		               .verb = "workspace.create",
		               .object = "ws_1" };
	struct db db;
	int64_t n = 0;

	fixture(&db);
	for (int i = 0; i < 3; i++)
		T_EQ(audit_add(&db, &a, &err), 0);
	a.account_id = "a_2";
	T_EQ(audit_add(&db, &a, &err), 0);
	T_EQ(audit_list(&db, &(struct list_of){ STR("a_1"), INT64_MAX, 100 }, STR_NONE,
	                on_audit, NULL),
	     0);
	T_EQ(audits, 3);
	T_EQ(audit_list(&db, &(struct list_of){ STR_NONE, INT64_MAX, 100 }, STR_NONE, on_audit,
	                NULL),
	     0);
	T_EQ(audits, 7);
	T_EQ(audit_list(&db, &(struct list_of){ STR_NONE, INT64_MAX, 100 }, STR("SPACE.c"),
	                on_audit, NULL),
	     0);
	T_EQ(audits, 11);
	T_EQ(audit_list(&db, &(struct list_of){ STR_NONE, INT64_MAX, 100 }, STR("%"), on_audit,
	                NULL),
	     0);
	T_EQ(audits, 11);
	T_EQ(audit_count(&db, STR("a_1"), STR_NONE, 100, &n), 1);
	T_EQ(n, 3);
	T_EQ(audit_count(&db, STR_NONE, STR("ws_1"), 2, &n), 1);
	T_EQ(n, 2);
	test_db_close(&db);
}

/* The limit is of the rows that are looked at: what is rare in a long log would
 * else be looked for in all of it. */
static void a_long_log_is_not_counted_to_its_end(void)
{
	struct audit_row a = { .at = 1, .account_id = "a_1", .actor = "a_1", .verb = "x" };
	struct db db;
	int64_t n = 0;

	fixture(&db);
	a.object = "rare";
	T_EQ(audit_add(&db, &a, &err), 0);
	a.object = "often";
	for (int i = 0; i < 4; i++)
		T_EQ(audit_add(&db, &a, &err), 0);
	a.account_id = "a_2";
	a.actor = "core";
	T_EQ(audit_add(&db, &a, &err), 0);
	T_EQ(audit_count(&db, STR_NONE, STR("rare"), 7, &n), 1);
	T_EQ(n, 1);
	T_EQ(audit_count(&db, STR_NONE, STR("X@Y"), 7, &n), 1); /* who did it, by e-mail */
	T_EQ(n, 5);
	T_EQ(audit_count(&db, STR_NONE, STR_NONE, 7, &n), 1);
	T_EQ(n, 6);
	T_EQ(audit_count(&db, STR_NONE, STR("rare"), 6, &n), 1);
	T_EQ(n, 6);
	T_EQ(audit_count(&db, STR_NONE, STR_NONE, 6, &n), 1);
	T_EQ(n, 6);
	/* An owner's: by the owner's rows. */
	T_EQ(audit_count(&db, STR("a_1"), STR("rare"), 6, &n), 1);
	T_EQ(n, 1);
	T_EQ(audit_count(&db, STR("a_1"), STR("none"), 6, &n), 1);
	T_EQ(n, 0);
	T_EQ(audit_count(&db, STR("a_1"), STR("none"), 5, &n), 1);
	T_EQ(n, 5);
	T_EQ(audit_count(&db, STR("a_3"), STR_NONE, 5, &n), 1);
	T_EQ(n, 0);
	test_db_close(&db);
}

TEST_MAIN({ "a journal record counts once", records_count_once },
          { "segments are there once, and are listed by time", segments_are_listed },
          { "an account sees its own audit rows", audit_is_per_tenant },
          { "a long audit log is not counted to its end",
            a_long_log_is_not_counted_to_its_end })
