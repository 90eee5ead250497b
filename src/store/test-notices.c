/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "store/notices.h"

#include "store/accounts.h"
#include "store/feed.h"
#include "test-db.h"

static struct err err;
static struct notice last;
static char last_data[256];
static int seen;

static void on_notice(void *arg, const struct notice *n, int64_t seq)
{
	last = *n;
	(void)snprintf(last_data, sizeof(last_data), "%.*s", STR_ARG(n->data));
	seen++;
}

static bool on_event(void *arg, const struct feed_event *e)
{
	T_STREQ(e->kind, "notice");
	T_OK(str_find(e->data, STR("\"text\":\"It stops.\"")) < e->data.len);
	seen++;
	return true;
}

static void add_account(struct db *db, const char *id)
{
	struct account a = { .created = 1 };

	(void)snprintf(a.id, sizeof(a.id), "%s", id);
	(void)snprintf(a.email, sizeof(a.email), "%s@x", id);
	T_EQ(account_insert(db, &a, &err), 0);
}

static int list(struct db *db, const char *account, bool unread)
{
	struct list_of of = { str_of(account), INT64_MAX, 1000 };

	seen = 0;
	T_EQ(notice_list(db, &of, unread, on_notice, NULL), 0);
	return seen;
}

static void told_until_read(void)
{
	char first[ID_MAX];
	int64_t n = 0;
	struct db db;

	test_db_open(&db);
	add_account(&db, "a_1");
	add_account(&db, "a_2");
	T_EQ(notice_add(&db, "a_1", "stops-soon", "s_1", STR("{\"text\":\"It stops.\"}"), 5,
	                &err),
	     0);
	T_EQ(list(&db, "a_1", true), 1);
	T_STREQ(last.kind, "stops-soon");
	T_STREQ(last.object_id, "s_1");
	T_STREQ(last_data, "{\"text\":\"It stops.\"}");
	T_EQ(last.at, 5);
	T_EQ(last.read, 0);
	memcpy(first, last.id, sizeof(first));
	T_EQ(list(&db, "a_2", false), 0);
	seen = 0;
	T_EQ(event_list(&db, STR("a_1"), 0, 10, on_event, NULL), 0);
	T_EQ(seen, 1);
	/* Nobody reads another's. */
	T_EQ(notice_read(&db, STR("a_2"), str_of(first), 6, &err), 0);
	T_EQ(notice_get(&db, STR("a_2"), str_of(first), on_notice, NULL), 0);
	T_EQ(notice_count_unread(&db, STR("a_1"), &n), 1);
	T_EQ(n, 1);
	T_EQ(notice_read(&db, STR("a_1"), str_of(first), 6, &err), 1);
	T_EQ(notice_read(&db, STR("a_1"), str_of(first), 7, &err), 1);
	T_EQ(list(&db, "a_1", true), 0);
	T_EQ(list(&db, "a_1", false), 1);
	T_EQ(last.read, 6);
	T_EQ(notice_count_unread(&db, STR("a_1"), &n), 1);
	T_EQ(n, 0);
	test_db_close(&db);
}

static void the_oldest_go(void)
{
	struct db db;

	test_db_open(&db);
	add_account(&db, "a_1");
	for (int i = 0; i < NOTICES_KEEP + 7; i++)
		T_EQ(notice_add(&db, "a_1", "k", "", STR("{}"), i, &err), 0);
	T_EQ(list(&db, "a_1", true), NOTICES_KEEP);
	T_EQ(last.at, 7); /* newest first */
	T_EQ(notice_read_all(&db, STR("a_1"), 9, &err), 0);
	T_EQ(list(&db, "a_1", true), 0);
	test_db_close(&db);
}

TEST_MAIN({ "a notice is kept until its owner has read it, and told at once", told_until_read },
          { "the oldest notices go", the_oldest_go })
