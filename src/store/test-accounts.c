/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "store/accounts.h"

#include <errno.h>

#include "test-db.h"

static const struct now now = { .wall = 1795000000000000, .boot = 77, .boot_id = "boot" };

static void add_account(struct db *db, const char *id, const char *email)
{
	struct account a = { .created = now.wall };
	struct err err = ERR_NONE;

	(void)snprintf(a.id, sizeof(a.id), "%s", id);
	(void)snprintf(a.email, sizeof(a.email), "%s", email);
	(void)snprintf(a.name, sizeof(a.name), "N");
	T_EQ(account_insert(db, &a, &err), 0);
}

static void accounts(void)
{
	struct db db;
	struct account a = { 0 };
	struct err err = ERR_NONE;
	int64_t n = -1;

	test_db_open(&db);
	T_EQ(account_count(&db, &n), 1);
	T_EQ(n, 0);
	add_account(&db, "a_1", "x@y");
	T_EQ(account_by_email(&db, STR("x@y"), &a), 1);
	T_STREQ(a.id, "a_1");
	T_EQ(account_by_email(&db, STR("x@z"), &a), 0);
	memcpy(a.password, "hash", 5);
	T_EQ(account_update(&db, &a, &err), 0);
	T_EQ(account_by_id(&db, STR("a_1"), &a), 1);
	T_STREQ(a.password, "hash");
	T_EQ(account_insert(&db, &a, &err), -EEXIST);
	test_db_close(&db);
}

static void logins(void)
{
	uint8_t h1[HASH_LEN] = { 1 }, h2[HASH_LEN] = { 2 };
	struct login l = { .id = "l_1", .account_id = "a_1" }, got;
	struct account a;
	struct db db;
	struct err err = ERR_NONE;

	test_db_open(&db);
	add_account(&db, "a_1", "x@y");
	add_account(&db, "a_2", "z@y");
	l.expiry = expiry_from(&now, 100);
	T_EQ(login_insert(&db, &l, h1, &err), 0);
	memcpy(l.id, "l_2", 4);
	T_EQ(login_insert(&db, &l, h2, &err), 0);
	T_EQ(login_by_hash(&db, h1, &got, &a), 1);
	T_STREQ(got.id, "l_1");
	T_STREQ(a.id, "a_1");
	T_EQ(expiry_valid(&got.expiry, &now), true);
	T_EQ(login_delete(&db, STR("a_2"), STR("l_1")), 0); /* not his */
	T_EQ(login_delete_others(&db, STR("a_1"), STR("l_2"), &err), 0);
	T_EQ(login_by_hash(&db, h1, &got, &a), 0);
	T_EQ(login_delete(&db, STR("a_1"), STR("l_2")), 1);
	T_EQ(login_by_hash(&db, h2, &got, &a), 0);
	test_db_close(&db);
}

static void codes(void)
{
	uint8_t h[HASH_LEN] = { 7 };
	struct expiry e = expiry_from(&now, 900), got;
	struct account a;
	struct db db;
	struct err err = ERR_NONE;

	test_db_open(&db);
	add_account(&db, "a_1", "x@y");
	T_EQ(code_insert(&db, STR("a_1"), h, &e, &err), 0);
	T_EQ(code_take(&db, h, &a, &got), 1);
	T_EQ(got.ttl_s, 900);
	T_EQ(code_take(&db, h, &a, &got), 0); /* one use */
	test_db_close(&db);
}

static int64_t seen;
static void on_token(void *arg, const struct token *t, int64_t seq)
{
	seen++;
	*(int64_t *)arg = seq;
}

static void tokens(void)
{
	uint8_t h[HASH_LEN] = { 9 }, got_h[HASH_LEN];
	struct token t = { .account_id = "a_1", .name = "ci", .scopes = "read" }, got;
	struct account a;
	struct db db;
	struct err err = ERR_NONE;
	int64_t n, cursor = INT64_MAX;

	test_db_open(&db);
	add_account(&db, "a_1", "x@y");
	for (int i = 0; i < 5; i++) {
		char lookup[16];

		(void)snprintf(t.id, sizeof(t.id), "t_%d", i);
		(void)snprintf(lookup, sizeof(lookup), "lk%d", i);
		t.expiry = expiry_from(&now, 60);
		T_EQ(token_insert(&db, &t, str_of(lookup), h, &err), 0);
	}
	T_EQ(token_by_lookup(&db, STR("lk3"), &got, got_h, &a), 1);
	T_STREQ(got.id, "t_3");
	T_OK(memcmp(h, got_h, HASH_LEN) == 0);
	T_EQ(token_list(&db, &(struct list_of){ STR("a_1"), cursor, 3 }, on_token, &cursor), 0);
	T_EQ(seen, 3);
	T_EQ(token_list(&db, &(struct list_of){ STR("a_1"), cursor, 3 }, on_token, &cursor), 0);
	T_EQ(seen, 5);
	T_EQ(token_list(&db, &(struct list_of){ STR("a_2"), INT64_MAX, 3 }, on_token, &cursor),
	     0);
	T_EQ(seen, 5);
	T_EQ(token_touch(&db, STR("t_3"), 5, &err), 0);
	T_EQ(token_delete(&db, STR("a_2"), STR("t_3")), 0);
	T_EQ(token_delete(&db, STR("a_1"), STR("t_3")), 1);
	T_EQ(token_count(&db, STR("a_1"), &n), 1);
	T_EQ(n, 4);
	T_EQ(accounts_sweep(&db, now.wall + INT64_C(2) * 86400 * US_PER_S, &err), 0);
	T_EQ(token_count(&db, STR("a_1"), &n), 1);
	T_EQ(n, 0);
	test_db_close(&db);
}

TEST_MAIN({ "accounts are found by id and e-mail", accounts },
          { "logins are found by hash and revoked", logins },
          { "a code can be taken once", codes },
          { "tokens are listed in pages and revoked", tokens })
