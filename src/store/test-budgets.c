/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "store/budgets.h"

#include "core/session.h"
#include "store/accounts.h"
#include "store/home.h"
#include "store/sessions.h"
#include "store/usage.h"
#include "store/workspaces.h"
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
	T_EQ(s[2].rate, 6); /* the dearer one of those that have no room */
	T_EQ(price_steps(&db, "type:x", 1000, s, 3), 1);
	T_EQ(s[0].rate, 6);
	test_db_close(&db);
}

static void put_workspace(struct db *db, const char *account, const char *id)
{
	struct workspace w = { .image = "i", .instance_type = "t", .version = 1 };

	(void)snprintf(w.account_id, sizeof(w.account_id), "%s", account);
	(void)snprintf(w.id, sizeof(w.id), "%s", id);
	(void)snprintf(w.name, sizeof(w.name), "%s", id);
	(void)snprintf(w.label, sizeof(w.label), "%s", id);
	(void)snprintf(w.volume_id, sizeof(w.volume_id), "v-%s", id);
	T_EQ(workspace_insert(db, &w, &err), 0);
}

static void put_session(struct db *db, const char *account, const char *ws, const char *id,
                        enum session_state state)
{
	static const struct now now = { .wall = 5, .boot = 77, .boot_id = "boot" };
	static struct session s;

	s = (struct session){ .epoch = 1, .instance_type = "t", .max_s = 60 };
	session_init(&s, &now);
	(void)snprintf(s.id, sizeof(s.id), "%s", id);
	(void)snprintf(s.workspace_id, sizeof(s.workspace_id), "%s", ws);
	(void)snprintf(s.account_id, sizeof(s.account_id), "%s", account);
	s.state = state;
	s.started_boot = 80;
	s.stop_at = 100;
	s.calendar_at = 200;
	s.lease_until = 300;
	T_EQ(session_insert(db, &s, &err), 0);
}

static void on_burning(void *arg, const struct burning *s)
{
	size_t n = strlen(seen);

	T_EQ(s->started_boot, 80);
	T_EQ(s->stop_at, 100);
	T_EQ(s->calendar_at, 200);
	T_EQ(s->lease_until, 300);
	T_EQ(s->max_s, 60);
	(void)snprintf(seen + n, sizeof(seen) - n, "%s=%s ", s->id,
	               session_state_name(s->state));
}

static const char *burning_of(struct db *db, const char *account)
{
	seen[0] = '\0';
	T_EQ(burning_each(db, str_of(account), on_burning, NULL), 0);
	return seen;
}

static void what_burns_is_found_by_owner(void)
{
	struct db db;

	fixture(&db);
	put_workspace(&db, "a_1", "ws_1");
	put_workspace(&db, "a_1", "ws_2");
	put_workspace(&db, "a_1", "ws_3");
	put_workspace(&db, "a_2", "ws_4");
	put_session(&db, "a_1", "ws_1", "s_0", SESSION_STOPPED);
	T_STREQ(burning_of(&db, "a_1"), "");
	T_STREQ(burning_of(&db, ""), "");
	put_session(&db, "a_2", "ws_4", "s_1", SESSION_RUNNING);
	put_session(&db, "a_1", "ws_1", "s_2", SESSION_STOPPING); /* has a successor */
	put_session(&db, "a_1", "ws_1", "s_3", SESSION_STARTING);
	put_session(&db, "a_1", "ws_2", "s_4", SESSION_STOPPING); /* its workspace is gone */
	T_EQ(workspace_delete(&db, STR("a_1"), STR("ws_2"), 9, &err), 1);
	put_session(&db, "a_1", "ws_3", "s_5", SESSION_QUEUED);
	put_session(&db, "a_1", "ws_3", "s_6", SESSION_FAILED);
	T_STREQ(burning_of(&db, "a_1"), "s_2=stopping s_3=starting s_4=stopping ");
	T_STREQ(burning_of(&db, "a_2"), "s_1=running ");
	T_STREQ(burning_of(&db, "a_3"), "");
	T_STREQ(burning_of(&db, ""), "s_1=running s_2=stopping s_3=starting s_4=stopping ");
	test_db_close(&db);
}

static void put_span(struct db *db, const char *account, const char *volume, wall_us charged,
                     wall_us to)
{
	struct q q = db_q(db, "INSERT INTO storage_span(volume_id, workspace_id, account_id,"
	                      " bytes, from_us, to_us, charged_us)"
	                      " VALUES(?1, 'w', ?2, 7, 1, nullif(?4, 0), ?3)");

	q_text(&q, volume);
	q_text(&q, account);
	q_int(&q, charged);
	q_int(&q, to);
	T_EQ(q_run(&q, &err), 0);
}

static void on_open(void *arg, const struct storage_open *s)
{
	size_t n = strlen(seen);

	T_EQ(s->bytes, 7);
	(void)snprintf(seen + n, sizeof(seen) - n, "%s:%lld-%lld ", s->account_id,
	               (long long)s->from, (long long)s->to);
}

static const char *open_of(struct db *db, const char *account)
{
	seen[0] = '\0';
	T_EQ(storage_open_each(db, str_of(account), on_open, NULL), 0);
	return seen;
}

/* Rows that were gone through without an index, since the last call. */
static int full_scans(struct db *db)
{
	int n = 0;

	for (size_t i = 0; i < DB_STATEMENTS_MAX; i++)
		if (db->kept[i].st)
			n += sqlite3_stmt_status(db->kept[i].st,
			                         SQLITE_STMTSTATUS_FULLSCAN_STEP, 1);
	return n;
}

static void open_storage_is_found_by_owner(void)
{
	struct db db;

	fixture(&db);
	put_span(&db, "a_2", "v_1", 2, 0);
	put_span(&db, "a_1", "v_2", 3, 3); /* all of it is charged */
	put_span(&db, "a_1", "v_2", 4, 6);
	put_span(&db, "a_1", "v_3", 5, 0);
	T_STREQ(open_of(&db, ""), "a_2:2-0 a_1:4-6 a_1:5-0 ");
	T_OK(full_scans(&db) > 0);
	T_STREQ(open_of(&db, "a_1"), "a_1:4-6 a_1:5-0 ");
	T_STREQ(open_of(&db, "a_2"), "a_2:2-0 ");
	T_EQ(full_scans(&db), 0);
	test_db_close(&db);
}

static void home_knows_whether_there_ever_was_one(void)
{
	int64_t now = 9, ever = 9;
	struct db db;

	fixture(&db);
	T_EQ(home_counts(&db, STR("a_1"), &now, &ever), 1);
	T_OK(now == 0 && ever == 0);
	put_workspace(&db, "a_2", "ws_1");
	put_workspace(&db, "a_2", "ws_2");
	put_workspace(&db, "a_1", "ws_3");
	(void)full_scans(&db);
	T_EQ(home_counts(&db, STR("a_1"), &now, &ever), 1);
	T_OK(now == 1 && ever == 1);
	T_EQ(full_scans(&db), 0);
	/* Deleted, and it never ran. */
	T_EQ(workspace_delete(&db, STR("a_1"), STR("ws_3"), 9, &err), 1);
	T_EQ(home_counts(&db, STR("a_1"), &now, &ever), 1);
	T_OK(now == 0 && ever == 1);
	(void)full_scans(&db);
	put_session(&db, "a_1", "ws_3", "s_1", SESSION_STOPPED);
	T_EQ(home_counts(&db, STR("a_1"), &now, &ever), 1);
	T_OK(now == 0 && ever == 1);
	T_EQ(full_scans(&db), 0);
	test_db_close(&db);
}

TEST_MAIN({ "budgets are kept by owner, the site's first", budgets_are_kept_by_owner },
          { "a month is the sum of its charges", a_month_is_the_sum_of_its_charges },
          { "every grouping has the same sum", every_grouping_has_the_same_sum },
          { "prices to come, in the order of time", prices_to_come_in_the_order_of_time },
          { "what burns is found by its owner, also behind a successor or a deletion",
            what_burns_is_found_by_owner },
          { "open storage is found by its owner, without a look at others'",
            open_storage_is_found_by_owner },
          { "home knows how many workspaces there are, and whether there ever was one",
            home_knows_whether_there_ever_was_one })
