/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "store/budgets.h"

#include "store/accounts.h"
#include "store/usage.h"
#include "test-db.h"

static struct err err;

static void fixture(struct db *db)
{
	struct account a = { .id = "a_1", .email = "x@y", .created = 1 };

	test_db_open(db);
	T_EQ(account_insert(db, &a, &err), 0);
	(void)snprintf(a.id, sizeof(a.id), "a_2");
	(void)snprintf(a.email, sizeof(a.email), "b@y");
	T_EQ(account_insert(db, &a, &err), 0);
}

static char seen[128];
static void on_budget(void *arg, const struct budget *b, const char *email)
{
	size_t n = strlen(seen);

	(void)snprintf(seen + n, sizeof(seen) - n, "%s=%lld ", email, (long long)b->amount);
}

static void budgets_are_kept_by_owner(void)
{
	struct budget b = { .id = "b_1", .account_id = "a_1", .amount = 5, .hard = true }, got;
	int64_t all = 0, hard = 0;
	struct db db;

	fixture(&db);
	T_EQ(budget_get(&db, STR("a_1"), &got), 0);
	T_EQ(budget_put(&db, &b, &err), 0);
	T_EQ(b.version, 1);
	b.amount = 7;
	T_EQ(budget_put(&db, &b, &err), 0);
	T_EQ(budget_get(&db, STR("a_1"), &got), 1);
	T_EQ(got.amount, 7);
	T_EQ(got.version, 2);
	T_OK(got.hard && !got.by_admin);
	b = (struct budget){ .id = "b_2", .amount = 100, .by_admin = true };
	T_EQ(budget_put(&db, &b, &err), 0);
	b = (struct budget){ .id = "b_3", .account_id = "a_2", .amount = 9 };
	T_EQ(budget_put(&db, &b, &err), 0);
	T_EQ(budget_list(&db, on_budget, NULL), 0);
	T_STREQ(seen, "=100 b@y=9 x@y=7 ");
	T_EQ(budget_count(&db, &all, &hard), 1);
	T_EQ(all, 3);
	T_EQ(hard, 1);
	budget_alerted(got.alerted, "2026-11", 80);
	T_EQ(budget_set_alerted(&db, &got, &err), 0);
	T_EQ(budget_get(&db, STR("a_1"), &got), 1);
	T_STREQ(got.alerted, "2026-11:80");
	T_EQ(budget_delete(&db, STR("a_1"), &err), 1);
	T_EQ(budget_delete(&db, STR("a_1"), &err), 0);
	test_db_close(&db);
}

static void put_charge(struct db *db, const char *id, const char *account, const char *kind,
                       const char *month, wall_us from, int64_t ns, bool is_free,
                       money_micro amount)
{
	struct q q =
	    db_q(db, "INSERT INTO charge(id, account_id, kind, month, workspace_id,"
	             " session_id, epoch, segment, part, volume_id, resource, from_us,"
	             " to_us, ns, bytes, rate, free, amount, estimated, reason, at_us)"
	             " VALUES(?1,?2,?3,?4,'w_1',?1,1,0,0,?1,'small',?5,?5,?6,0,1,?7,?8,0,"
	             " '',0)");

	q_text(&q, id);
	q_text(&q, account);
	q_text(&q, kind);
	q_text(&q, month);
	q_int(&q, from);
	q_int(&q, ns);
	q_int(&q, is_free);
	q_int(&q, amount);
	T_EQ(q_run(&q, &err), 0);
}

static int owners;
static void on_use(void *arg, struct str account_id, const struct month_use *u)
{
	T_EQ(u->amount, str_is(account_id, "a_1") ? 160 : 7);
	owners++;
}

static void a_month_is_the_sum_of_its_charges(void)
{
	struct month_use u = { 0 };
	struct db db;

	fixture(&db);
	put_charge(&db, "c1", "a_1", "compute", "2026-11", 10, 500, false, 100);
	put_charge(&db, "c2", "a_1", "compute", "2026-11", 20, 300, true, 0);
	put_charge(&db, "c3", "a_1", "storage", "2026-11", 20, 999, false, 90);
	put_charge(&db, "c4", "a_1", "correction", "2026-11", 30, 0, false, -30);
	put_charge(&db, "c5", "a_1", "compute", "2026-10", 5, 500, true, 1);
	put_charge(&db, "c6", "a_2", "compute", "2026-11", 30, 500, false, 7);
	T_EQ(month_use(&db, STR("a_1"), "2026-11", &u), 1);
	T_EQ(u.amount, 160);
	T_EQ(u.free_ns, 300);
	T_EQ(month_use(&db, STR("a_2"), "2026-10", &u), 1);
	T_EQ(u.amount, 0);
	T_EQ(month_use_each(&db, "2026-11", on_use, NULL), 0);
	T_EQ(owners, 2);
	test_db_close(&db);
}

struct sums {
	money_micro amount;
	int groups;
	char first[64];
};
static void on_group(void *arg, const char *key, const char *name, const struct usage_sum *s)
{
	struct sums *x = arg;

	if (x->groups++ == 0)
		(void)snprintf(x->first, sizeof(x->first), "%s", name);
	x->amount += s->amount;
}
static void on_moment(void *arg, wall_us from, const struct usage_sum *s)
{
	on_group(arg, "", "", s);
}

static void every_grouping_has_the_same_sum(void)
{
	struct usage_of all = { STR(""), 0, INT64_MAX }, one = { STR("a_1"), 10, 30 };
	struct usage_sum s = { 0 };
	struct sums x[4] = { { 0 } };
	struct db db;

	fixture(&db);
	put_charge(&db, "c1", "a_1", "compute", "2026-11", 10, 500, false, 100);
	put_charge(&db, "c2", "a_1", "compute", "2026-11", 20, 300, true, 0);
	put_charge(&db, "c3", "a_1", "storage", "2026-11", 20, 999, false, 90);
	put_charge(&db, "c4", "a_1", "correction", "2026-11", 30, 0, false, -30);
	put_charge(&db, "c6", "a_2", "compute", "2026-11", 30, 500, false, 7);
	T_EQ(usage_sum(&db, &one, &s), 1);
	T_EQ(s.amount, 190); /* [from, to) */
	T_EQ(s.ns, 800);
	T_EQ(s.free_ns, 300);
	T_EQ(s.lines, 3);
	T_EQ(usage_sum(&db, &all, &s), 1);
	T_EQ(usage_groups(&db, &all, USAGE_BY_ACCOUNT, on_group, &x[0]), 0);
	T_EQ(usage_groups(&db, &all, USAGE_BY_TYPE, on_group, &x[1]), 0);
	T_EQ(usage_groups(&db, &all, USAGE_BY_WORKSPACE, on_group, &x[2]), 0);
	T_EQ(usage_moments(&db, &all, on_moment, &x[3]), 0);
	for (size_t i = 0; i < ARRAY_LEN(x); i++)
		T_EQ(x[i].amount, s.amount);
	T_EQ(x[0].groups, 2);
	T_STREQ(x[0].first, "x@y"); /* the largest first */
	T_EQ(x[3].groups, 3);
	test_db_close(&db);
}

static void put_price(struct db *db, wall_us from, money_micro rate)
{
	struct q q = db_q(db, "INSERT INTO price(resource, from_us, rate, actor, at_us)"
	                      " VALUES('type:x',?,?,'',0)");

	q_int(&q, from);
	q_int(&q, rate);
	T_EQ(q_run(&q, &err), 0);
}

static void prices_to_come_in_the_order_of_time(void)
{
	struct price_step s[3];
	struct db db;

	fixture(&db);
	T_EQ(price_steps(&db, "type:x", 100, s, 3), 0);
	put_price(&db, 0, 1);
	put_price(&db, 50, 2);
	put_price(&db, 200, 4);
	put_price(&db, 150, 3);
	put_price(&db, 200, 5); /* taken back by another */
	put_price(&db, 300, 6);
	T_EQ(price_steps(&db, "type:x", 100, s, 3), 3);
	T_EQ(s[0].rate, 2);
	T_EQ(s[1].rate, 3);
	T_EQ(s[2].rate, 5);
	T_EQ(price_steps(&db, "type:x", 1000, s, 3), 1);
	T_EQ(s[0].rate, 6);
	test_db_close(&db);
}

TEST_MAIN({ "budgets are kept by owner, the site's first", budgets_are_kept_by_owner },
          { "a month is the sum of its charges", a_month_is_the_sum_of_its_charges },
          { "every grouping has the same sum", every_grouping_has_the_same_sum },
          { "prices to come, in the order of time", prices_to_come_in_the_order_of_time })
