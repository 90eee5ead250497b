/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "store/catalogue.h"

#include <errno.h>

#include "store/accounts.h"
#include "store/sessions.h"
#include "store/workspaces.h"
#include "test-db.h"

static struct err err;

static void put_price(struct db *db, wall_us from, money_micro rate)
{
	T_EQ(price_add(db, STR("type:t"), from, rate, "me", 1, &err), 0);
}

static money_micro at(struct db *db, wall_us t)
{
	money_micro rate = -1;

	T_EQ(price_at(db, STR("type:t"), t, &rate, NULL), 1);
	return rate;
}

static void prices_hold_from_their_moment(void)
{
	struct db db;
	money_micro rate;
	wall_us from;

	test_db_open(&db);
	T_EQ(price_at(&db, STR("type:t"), 5, &rate, NULL), 0);
	put_price(&db, 0, 10);
	put_price(&db, 100, 20);
	put_price(&db, 200, 30);
	T_EQ(at(&db, 0), 10);
	T_EQ(at(&db, 99), 10);
	T_EQ(at(&db, 100), 20);
	T_EQ(at(&db, 199), 20);
	T_EQ(at(&db, INT64_MAX), 30);
	T_EQ(price_next(&db, STR("type:t"), 50, &rate, &from), 1);
	T_EQ(rate, 20);
	T_EQ(from, 100);
	T_EQ(price_next(&db, STR("type:t"), 200, &rate, &from), 0);
	/* The plan for 100 is taken back: the next change is that at 200. */
	put_price(&db, 100, 10);
	T_EQ(at(&db, 150), 10);
	T_EQ(price_next(&db, STR("type:t"), 50, &rate, &from), 1);
	T_EQ(rate, 30);
	T_EQ(from, 200);
	T_EQ(price_next_any(&db, 150, &from), 1);
	T_EQ(from, 200);
	T_EQ(price_next_any(&db, 200, &from), 1);
	T_EQ(from, 0);
	/* What was is never changed. */
	T_OK(db_script(&db, "UPDATE price SET rate = 0", &err) < 0);
	T_OK(db_script(&db, "DELETE FROM price", &err) < 0);
	test_db_close(&db);
}

static void types_keep_everything(void)
{
	const struct instance_type t = { .id = "t",
		                         .name = "T 4",
		                         .cpu_milli = 1500,
		                         .memory_bytes = UINT64_C(1) << 40,
		                         .pids = 99,
		                         .gpu_class = "t4",
		                         .gpu_count = 2,
		                         .preemptible = true,
		                         .retired = true };
	struct instance_type got;
	enum type_source source;
	struct db db;

	test_db_open(&db);
	T_EQ(type_get(&db, STR("t"), 5, &got, &source), 0);
	T_EQ(type_put(&db, &t, TYPE_FROM_CONFIG, 1, &err), 0);
	put_price(&db, 0, 77);
	put_price(&db, 10, 78);
	T_EQ(type_get(&db, STR("t"), 5, &got, &source), 1);
	T_EQ(source, TYPE_FROM_CONFIG);
	T_STREQ(got.name, "T 4");
	T_EQ(got.cpu_milli, 1500);
	T_EQ(got.memory_bytes, UINT64_C(1) << 40);
	T_EQ(got.pids, 99);
	T_STREQ(got.gpu_class, "t4");
	T_EQ(got.gpu_count, 2);
	T_OK(got.preemptible && got.retired);
	T_EQ(got.price_per_hour, 77);
	T_EQ(type_put(&db, &t, TYPE_FROM_CATALOGUE, 2, &err), 0);
	T_EQ(type_get(&db, STR("t"), 10, &got, &source), 1);
	T_EQ(source, TYPE_FROM_CATALOGUE);
	T_EQ(got.price_per_hour, 78);
	test_db_close(&db);
}

static void add_account(struct db *db, const char *id, const char *plan)
{
	struct account a = { .created = 1 };

	(void)snprintf(a.id, sizeof(a.id), "%s", id);
	(void)snprintf(a.email, sizeof(a.email), "%s@x", id);
	(void)snprintf(a.plan_id, sizeof(a.plan_id), "%s", plan);
	T_EQ(account_insert(db, &a, &err), 0);
}

static void plans_of_accounts(void)
{
	struct plan p[PLAN_EXAMPLES], got;
	struct db db;

	test_db_open(&db);
	add_account(&db, "a_1", "");
	T_EQ(plan_of_account(&db, STR("a_1"), &got), 0);
	plan_examples(NULL, 0, p);
	p[3].credit_new = 5;
	p[3].price_mode = PRICE_FOLLOW;
	p[3].auto_stop_min_s = 61;
	p[3].auto_stop_max_s = 62;
	p[3].session_max_s = 63;
	p[3].retired = true;
	for (size_t i = 0; i < PLAN_EXAMPLES; i++)
		T_EQ(plan_put(&db, &p[i], 1, &err), 0);
	add_account(&db, "a_2", "team");
	add_account(&db, "a_3", "gone");
	T_EQ(plan_of_account(&db, STR("a_1"), &got), 1);
	T_STREQ(got.id, "standard");
	T_EQ(plan_of_account(&db, STR("a_3"), &got), 1);
	T_STREQ(got.id, "standard");
	T_EQ(plan_of_account(&db, STR("a_4"), &got), 0);
	/* A retired one goes on for those who have it, with all that it says. */
	T_EQ(plan_of_account(&db, STR("a_2"), &got), 1);
	T_STREQ(got.id, "team");
	T_STREQ(got.name, "Team");
	T_EQ(got.sessions_max, p[3].sessions_max);
	T_EQ(got.storage_bytes_max, p[3].storage_bytes_max);
	T_EQ(got.session_max_s, 63);
	T_EQ(got.auto_stop_min_s, 61);
	T_EQ(got.auto_stop_max_s, 62);
	T_STREQ(got.types, "*");
	T_EQ(got.may_be_private, true);
	T_EQ(got.free_s_month, p[3].free_s_month);
	T_EQ(got.credit_new, 5);
	T_EQ(got.priority, 30);
	T_EQ(got.price_mode, PRICE_FOLLOW);
	T_EQ(got.notice_s, p[3].notice_s);
	T_EQ(got.hold_s, p[3].hold_s);
	T_OK(!got.is_default && got.retired);
	/* One default only. */
	p[2].is_default = true;
	T_EQ(plan_put(&db, &p[2], 2, &err), -EEXIST);
	T_EQ(plan_clear_default(&db, &err), 0);
	T_EQ(plan_put(&db, &p[2], 2, &err), 0);
	T_EQ(plan_of_account(&db, STR("a_1"), &got), 1);
	T_STREQ(got.id, "pro");
	T_EQ(account_set_plan(&db, STR("a_1"), STR("free"), &err), 1);
	T_EQ(account_set_plan(&db, STR("a_9"), STR("free"), &err), 0);
	T_EQ(plan_of_account(&db, STR("a_1"), &got), 1);
	T_STREQ(got.id, "free");
	test_db_close(&db);
}

static void add_workspace(struct db *db, const char *account, const char *id, uint64_t bytes)
{
	struct workspace w = { .image = "i",
		               .instance_type = "t",
		               .storage_bytes = bytes,
		               .max_s = 7,
		               .stop_calendar = "19:00" };

	(void)snprintf(w.account_id, sizeof(w.account_id), "%s", account);
	(void)snprintf(w.id, sizeof(w.id), "%s", id);
	(void)snprintf(w.name, sizeof(w.name), "%s", id);
	(void)snprintf(w.label, sizeof(w.label), "l-%s", id);
	(void)snprintf(w.volume_id, sizeof(w.volume_id), "v-%s", id);
	T_EQ(workspace_insert(db, &w, &err), 0);
}

static void add_session(struct db *db, const char *account, const char *ws, const char *id,
                        uint32_t epoch, enum session_state state)
{
	struct session s = { .epoch = epoch, .state = state, .instance_type = "t" };

	(void)snprintf(s.id, sizeof(s.id), "%s", id);
	(void)snprintf(s.account_id, sizeof(s.account_id), "%s", account);
	(void)snprintf(s.workspace_id, sizeof(s.workspace_id), "%s", ws);
	T_EQ(session_insert(db, &s, &err), 0);
}

static void use_counts_what_is_wanted(void)
{
	const struct plan p = { .id = "p", .is_default = true };
	struct plan_people people;
	struct plan_use use;
	struct db db;

	test_db_open(&db);
	add_account(&db, "a_1", "");
	add_account(&db, "a_2", "p");
	T_EQ(plan_use_of(&db, STR("a_1"), &use), 1);
	T_EQ(use.sessions, 0);
	T_EQ(use.storage_bytes, 0);
	add_workspace(&db, "a_1", "w1", 100);
	add_workspace(&db, "a_1", "w2", 20);
	add_workspace(&db, "a_1", "w3", 3);
	add_workspace(&db, "a_2", "w4", 5000);
	add_session(&db, "a_1", "w1", "s1", 1, SESSION_STOPPED);
	add_session(&db, "a_1", "w1", "s2", 2, SESSION_STOPPING);
	add_session(&db, "a_1", "w1", "s3", 3, SESSION_QUEUED);
	add_session(&db, "a_1", "w2", "s4", 1, SESSION_RUNNING);
	add_session(&db, "a_1", "w3", "s5", 1, SESSION_FAILED);
	T_EQ(plan_use_of(&db, STR("a_1"), &use), 1);
	T_EQ(use.sessions, 2);
	T_EQ(use.storage_bytes, 123);
	T_EQ(workspace_delete(&db, STR("a_1"), STR("w3"), 9, &err), 1);
	T_EQ(plan_use_of(&db, STR("a_1"), &use), 1);
	T_EQ(use.storage_bytes, 120);
	T_EQ(plan_people_of(&db, &p, &people), 1);
	T_EQ(people.accounts, 2);
	T_EQ(people.workspaces, 3);
	T_EQ(people.sessions, 2);
	T_EQ(type_people_of(&db, STR("t"), &people), 1);
	T_EQ(people.accounts, 2);
	T_EQ(people.workspaces, 3);
	T_EQ(people.sessions, 2);
	test_db_close(&db);
}

static void versions(void)
{
	uint64_t v;
	struct db db;

	test_db_open(&db);
	T_EQ(catalogue_version(&db, &v), 1);
	T_EQ(v, 1);
	T_EQ(catalogue_bump(&db, &err), 0);
	T_EQ(catalogue_version(&db, &v), 1);
	T_EQ(v, 2);
	test_db_close(&db);
}

/* Every column of the rules comes back as it went in. */
static void sessions_keep_their_rules(void)
{
	/* Static: the bytes between the fields are 0 as well. */
	static struct session s = { .id = "s",
		                    .account_id = "a_1",
		                    .workspace_id = "w",
		                    .epoch = 1,
		                    .state = SESSION_QUEUED,
		                    .instance_type = "t",
		                    .plan_id = "p",
		                    .price_mode = PRICE_FOLLOW,
		                    .gpu_class = "t4",
		                    .gpu_count = 3,
		                    .preemptible = true,
		                    .priority = -4,
		                    .queued_boot = 5,
		                    .held_until = 6,
		                    .hold_turn = true,
		                    .fallback_types = "x y",
		                    .calendar_at = 7,
		                    .lease_until = 8,
		                    .warned_early_at = 9,
		                    .noticed_s = 10 };
	static struct session got;
	struct workspace w;
	struct buf b = BUF(100);
	struct db db;

	test_db_open(&db);
	add_account(&db, "a_1", "");
	add_workspace(&db, "a_1", "w", 1);
	T_EQ(workspace_by_id(&db, STR("w"), &w), 1);
	T_EQ(w.max_s, 7);
	T_STREQ(w.stop_calendar, "19:00");
	w.max_s = 8;
	w.stop_calendar[0] = '\0';
	T_EQ(workspace_update(&db, &w, &err), 0);
	T_EQ(workspace_by_id(&db, STR("w"), &w), 1);
	T_EQ(w.max_s, 8);
	T_STREQ(w.stop_calendar, "");
	T_EQ(session_insert(&db, &s, &err), 0);
	T_EQ(session_by_id(&db, STR("s"), &got), 1);
	T_OK(memcmp(&s, &got, sizeof(s)) == 0);
	s.hold_turn = false;
	s.held_until = s.queued_boot = s.calendar_at = s.lease_until = s.warned_early_at = 11;
	s.noticed_s = 12;
	s.fallback_types[0] = '\0';
	s.fallback_types[1] = '\0';
	s.fallback_types[2] = '\0';
	T_EQ(session_update(&db, &s, &err), 0);
	s.gpu_count = 0;
	s.price_per_hour = 44;
	T_EQ(session_update_type(&db, &s, &err), 0);
	memset(&got, 0, sizeof(got));
	T_EQ(session_by_id(&db, STR("s"), &got), 1);
	T_OK(memcmp(&s, &got, sizeof(s)) == 0);
	T_EQ(session_set_activity(&db, STR("s"), STR("[1]"), &err), 0);
	T_EQ(session_get_activity(&db, STR("a_2"), STR("s"), &b), 0);
	T_EQ(session_get_activity(&db, STR("a_1"), STR("s"), &b), 1);
	T_STR(buf_str(&b), STR("[1]"));
	buf_fini(&b);
	test_db_close(&db);
}

TEST_MAIN({ "a price holds from its moment; plans for it can be taken back",
            prices_hold_from_their_moment },
          { "a type comes back as it went in", types_keep_everything },
          { "an account has its plan, or the default one", plans_of_accounts },
          { "use is what is wanted and not deleted", use_counts_what_is_wanted },
          { "the version counts changes", versions },
          { "sessions and workspaces keep what the rules write", sessions_keep_their_rules })
