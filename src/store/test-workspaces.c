/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "store/workspaces.h"

#include <errno.h>

#include "store/accounts.h"
#include "store/sessions.h"
#include "test-db.h"

static const struct now now = { .wall = 1795000000000000, .boot = 77, .boot_id = "boot" };
static struct err err;

static void add_account(struct db *db, const char *id)
{
	struct account a = { .created = 1 };

	(void)snprintf(a.id, sizeof(a.id), "%s", id);
	(void)snprintf(a.email, sizeof(a.email), "%s@x", id);
	T_EQ(account_insert(db, &a, &err), 0);
}

static struct workspace make(const char *account, const char *id, const char *name)
{
	struct workspace w = { .image = "default",
		               .instance_type = "small",
		               .storage_bytes = 1 << 30,
		               .auto_stop_s = 3600,
		               .version = 1,
		               .created = 5,
		               .updated = 5 };

	(void)snprintf(w.account_id, sizeof(w.account_id), "%s", account);
	(void)snprintf(w.id, sizeof(w.id), "%s", id);
	(void)snprintf(w.name, sizeof(w.name), "%s", name);
	(void)snprintf(w.label, sizeof(w.label), "label-%s", id);
	(void)snprintf(w.volume_id, sizeof(w.volume_id), "v-%s", id);
	return w;
}

static void names_are_unique(void)
{
	static struct workspace_view v;
	struct db db;

	test_db_open(&db);
	add_account(&db, "a_1");
	add_account(&db, "a_2");
	struct workspace w = make("a_1", "ws_1", "one");
	T_EQ(workspace_insert(&db, &w, &err), 0);
	w = make("a_1", "ws_2", "one");
	T_EQ(workspace_insert(&db, &w, &err), -EEXIST);
	w = make("a_2", "ws_3", "one");
	T_EQ(workspace_insert(&db, &w, &err), 0);
	T_EQ(workspace_get(&db, STR("a_1"), STR("ws_3"), &v), 0); /* somebody else's */
	T_EQ(workspace_get(&db, STR("a_2"), STR("ws_3"), &v), 1);
	T_EQ(v.has_session, false);
	/* Deleted: the name is free again, the row stays for the bills. */
	T_EQ(workspace_delete(&db, STR("a_2"), STR("ws_1"), 9, &err), 0);
	T_EQ(workspace_delete(&db, STR("a_1"), STR("ws_1"), 9, &err), 1);
	T_EQ(workspace_delete(&db, STR("a_1"), STR("ws_1"), 9, &err), 0);
	T_EQ(workspace_get(&db, STR("a_1"), STR("ws_1"), &v), 0);
	T_EQ(workspace_by_id(&db, STR("ws_1"), &v.w), 1);
	T_EQ(workspace_by_label(&db, STR("label-ws_1"), &v.w), 0);
	T_EQ(workspace_by_label(&db, STR("label-ws_3"), &v.w), 1);
	w = make("a_1", "ws_4", "one");
	T_EQ(workspace_insert(&db, &w, &err), 0);
	test_db_close(&db);
}

static int64_t last, rows;
static void on_workspace(void *arg, const struct workspace_view *v, int64_t seq)
{
	last = seq;
	rows++;
}

static void lists_in_pages(void)
{
	struct db db;

	test_db_open(&db);
	add_account(&db, "a_1");
	for (int i = 0; i < 25; i++) {
		char id[16];

		(void)snprintf(id, sizeof(id), "ws_%d", i);
		struct workspace w = make("a_1", id, id);
		T_EQ(workspace_insert(&db, &w, &err), 0);
	}
	last = INT64_MAX;
	for (int page = 0; page < 3; page++)
		T_EQ(workspace_list(&db, &(struct list_of){ STR("a_1"), last, 10 }, STR_NONE,
		                    on_workspace, NULL),
		     0);
	T_EQ(rows, 25);
	T_EQ(workspace_list(&db, &(struct list_of){ STR("a_1"), INT64_MAX, 10 },
	                    STR("label-ws_7"), on_workspace, NULL),
	     0);
	T_EQ(rows, 26);
	T_EQ(workspace_list(&db, &(struct list_of){ STR("a_2"), INT64_MAX, 10 }, STR_NONE,
	                    on_workspace, NULL),
	     0);
	T_EQ(rows, 26);
	test_db_close(&db);
}

static struct session a_session(const char *id, const char *ws)
{
	struct session s = { .epoch = 1, .instance_type = "small", .price_per_hour = 60000 };

	session_init(&s, &now);
	(void)snprintf(s.id, sizeof(s.id), "%s", id);
	(void)snprintf(s.workspace_id, sizeof(s.workspace_id), "%s", ws);
	(void)snprintf(s.account_id, sizeof(s.account_id), "a_1");
	return s;
}

static void one_session_is_wanted(void)
{
	static struct workspace_view v;
	static struct session s, got;
	int64_t count[SESSION_STATE_MAX_];
	struct db db;

	test_db_open(&db);
	add_account(&db, "a_1");
	struct workspace w = make("a_1", "ws_1", "one");
	T_EQ(workspace_insert(&db, &w, &err), 0);
	s = a_session("s_1", "ws_1");
	T_EQ(session_insert(&db, &s, &err), 0);
	struct session second = a_session("s_2", "ws_1");
	T_EQ(session_insert(&db, &second, &err), -EEXIST);
	memcpy(w.session_id, s.id, sizeof(w.session_id));
	T_EQ(workspace_set_sessions(&db, &w, &err), 0);
	T_EQ(workspace_get(&db, STR("a_1"), STR("ws_1"), &v), 1);
	T_EQ(v.has_session, true);
	T_STREQ(v.session.phases, s.phases);
	T_EQ(v.has_last, false);

	T_EQ(session_move(&s, SESSION_STARTING, NULL, &now, &err), 0);
	T_EQ(session_move(&s, SESSION_STOPPING, "user", &now, &err), 0);
	T_EQ(session_update(&db, &s, &err), 0);
	T_EQ(session_get(&db, STR("a_1"), STR("s_1"), &got), 1);
	T_EQ(got.state, SESSION_STOPPING);
	T_STREQ(got.reason, "user");
	T_EQ(session_get(&db, STR("a_2"), STR("s_1"), &got), 0);
	/* While it stops, the next may wait. */
	T_EQ(session_insert(&db, &second, &err), 0);
	T_EQ(session_has_predecessor(&db, STR("ws_1"), STR("s_2")), 1);
	T_EQ(session_count_live(&db, count), 0);
	T_EQ(count[SESSION_STOPPING], 1);
	T_EQ(count[SESSION_QUEUED], 1);
	T_EQ(session_move(&s, SESSION_STOPPED, "user", &now, &err), 0);
	T_EQ(session_update(&db, &s, &err), 0);
	T_EQ(session_has_predecessor(&db, STR("ws_1"), STR("s_2")), 0);
	/* A stale epoch writes nothing. */
	s.epoch = 0;
	memcpy(s.reason, "never", 6);
	T_EQ(session_update(&db, &s, &err), 0);
	T_EQ(session_by_id(&db, STR("s_1"), &got), 1);
	T_STREQ(got.reason, "user");
	test_db_close(&db);
}

static int doomed;
static void on_volume(void *arg, struct str id)
{
	doomed++;
}

static void volumes_die_last(void)
{
	struct db db;
	uint64_t made = 9;

	test_db_open(&db);
	add_account(&db, "a_1");
	struct workspace w = make("a_1", "ws_1", "one");
	T_EQ(workspace_insert(&db, &w, &err), 0);
	T_EQ(volume_made(&db, STR("v-ws_1"), &made), 1);
	T_EQ(made, 0);
	T_EQ(volume_set_made(&db, STR("v-ws_1"), 77, 1, &err), 0);
	struct session s = a_session("s_1", "ws_1");
	T_EQ(session_insert(&db, &s, &err), 0);
	T_EQ(volume_doom(&db, STR("v-ws_1"), 5, &err), 0);
	T_EQ(volume_doomed(&db, 5, 10, on_volume, NULL), 0);
	T_EQ(doomed, 0);
	T_EQ(session_move(&s, SESSION_STOPPED, "delete", &now, &err), 0);
	T_EQ(session_update(&db, &s, &err), 0);
	T_EQ(volume_doomed(&db, 5, 10, on_volume, NULL), 0);
	T_EQ(doomed, 1);
	T_EQ(volume_gone(&db, STR("v-ws_1"), &err), 0);
	T_EQ(volume_doomed(&db, 5, 10, on_volume, NULL), 0);
	T_EQ(doomed, 1);
	/* It was still being made: its file goes too. */
	T_EQ(volume_set_made(&db, STR("v-ws_1"), 77, 6, &err), 0);
	T_EQ(volume_doomed(&db, 6, 10, on_volume, NULL), 0);
	T_EQ(doomed, 2);
	test_db_close(&db);
}

static char listed[64];
static void on_deleted(void *arg, const struct workspace_view *v, int64_t seq)
{
	T_EQ(v->kept_until, v->deleted + 7 * 86400 * US_PER_S - WORKSPACE_KEPT_MARGIN);
	(void)snprintf(listed + strlen(listed), sizeof(listed) - strlen(listed), "%s ",
	               v->w.id);
}

static void drop(struct db *db, const char *id, const char *volume, wall_us at)
{
	T_EQ(workspace_delete(db, STR("a_1"), str_of(id), at, &err), 1);
	T_EQ(volume_doom(db, str_of(volume), at + 7 * 86400 * US_PER_S, &err), 0);
}

static void deleted_are_kept(void)
{
	const struct list_of of = { .account_id = STR("a_1"),
		                    .before = INT64_MAX,
		                    .limit = 10 };
	const wall_us until = 100 + 7 * 86400 * US_PER_S;
	struct workspace_view v = { 0 };
	struct workspace w;
	uint64_t kept = 0;
	struct db db;

	doomed = 0;
	test_db_open(&db);
	add_account(&db, "a_1");
	w = make("a_1", "ws_1", "one");
	T_EQ(workspace_insert(&db, &w, &err), 0);
	w = make("a_1", "ws_2", "two");
	T_EQ(workspace_insert(&db, &w, &err), 0);
	drop(&db, "ws_1", "v-ws_1", 100);
	drop(&db, "ws_2", "v-ws_2", 200);
	T_EQ(workspace_list_deleted(&db, &of, 300, on_deleted, NULL), 0);
	T_STREQ(listed, "ws_2 ws_1 ");
	T_EQ(workspaces_kept(&db, STR("a_1"), 300, &kept), 1);
	T_EQ(kept, 2 * w.storage_bytes);
	T_EQ(volume_doomed(&db, until - 1, 10, on_volume, NULL), 0);
	T_EQ(doomed, 0);

	/* Nobody else's, none that is there, and none whose time is nearly up. */
	T_EQ(workspace_get_deleted(&db, STR("a_2"), STR("ws_1"), 300, &v), 0);
	T_EQ(workspace_get_deleted(&db, STR("a_1"), STR("ws_1"), until - WORKSPACE_KEPT_MARGIN,
	                           &v),
	     0);
	T_EQ(workspace_get_deleted(&db, STR("a_1"), STR("ws_1"), 300, &v), 1);
	T_EQ(workspace_restore(&db, &v.w, 400, &err), 0);
	T_EQ(workspace_get_deleted(&db, STR("a_1"), STR("ws_1"), 500, &v), 0);
	T_EQ(workspace_get(&db, STR("a_1"), STR("ws_1"), &v), 1);
	T_EQ(v.w.version, 2);
	T_EQ(v.deleted, 0);
	T_EQ(volume_doomed(&db, INT64_MAX, 10, on_volume, NULL), 0);
	T_EQ(doomed, 1); /* ws_2's alone */

	/* Its name may be taken by then. */
	w = make("a_1", "ws_3", "two");
	T_EQ(workspace_insert(&db, &w, &err), 0);
	T_EQ(workspace_get_deleted(&db, STR("a_1"), STR("ws_2"), 500, &v), 1);
	T_EQ(workspace_restore(&db, &v.w, 500, &err), -EEXIST);
	T_EQ(workspace_let_go(&db, STR("a_1"), 500, &err), 0);
	T_EQ(workspace_get_deleted(&db, STR("a_1"), STR("ws_2"), 500, &v), 0);
	T_EQ(volume_doomed(&db, 500, 10, on_volume, NULL), 0);
	T_EQ(doomed, 2);
	test_db_close(&db);
}

/* Whoever needs room asks each second: what is deleted meanwhile counts for him. */
static void the_oldest_make_room(void)
{
	const uint64_t gib = 1 << 30;
	const wall_us minutes = 60 * US_PER_S;
	struct db db;

	test_db_open(&db);
	add_account(&db, "a_1");
	for (int i = 1; i <= 4; i++) {
		char id[8], volume[12];
		struct workspace w;

		(void)snprintf(id, sizeof(id), "ws_%d", i);
		(void)snprintf(volume, sizeof(volume), "v-%s", id);
		w = make("a_1", id, id);
		T_EQ(workspace_insert(&db, &w, &err), 0);
		T_EQ(volume_set_made(&db, str_of(volume), gib, 1, &err), 0);
		drop(&db, id, volume, 100 * i);
	}
	/* What can't fit even then costs nobody anything. */
	T_EQ(volumes_make_fit(&db, 450, 5 * gib, 4 * gib, &err), 0);
	T_EQ(volumes_make_fit(&db, 450, gib, 5 * gib, &err), 0); /* there is room */
	T_EQ(volumes_make_fit(&db, 450, gib, 4 * gib, &err), 1);
	T_EQ(volumes_make_fit(&db, 450, gib, 4 * gib, &err), 1); /* the same */
	T_EQ(volumes_let_go(&db, 500, 2 * gib, &err), 2);
	doomed = 0;
	T_EQ(volume_doomed(&db, 500, 10, on_volume, NULL), 0);
	T_EQ(doomed, 2);
	T_EQ(volumes_let_go(&db, 600, 2 * gib, &err), 2); /* the same two */
	T_EQ(volumes_let_go(&db, 700, 2 * gib + 1, &err), 3);
	/* One that does not get deleted is waited for, but not for ever. */
	T_EQ(volume_gone(&db, STR("v-ws_1"), &err), 0);
	T_EQ(volumes_let_go(&db, 700 + 9 * minutes, 2 * gib, &err), 2);
	T_EQ(volumes_let_go(&db, 700 + 11 * minutes, gib, &err), 3);
	T_EQ(volumes_let_go(&db, 700 + 11 * minutes, 9 * gib, &err), 3); /* there is no more */
	test_db_close(&db);
}

static void images(void)
{
	struct image i[2] = { { .id = "default-1", .name = "default", .ready = true },
		              { .id = "default-2", .name = "default" } },
	             got;
	struct db db;

	test_db_open(&db);
	T_EQ(images_replace(&db, i, 1, 10, &err), 0);
	T_EQ(images_replace(&db, i, 2, 20, &err), 0);
	T_EQ(image_find(&db, STR("default"), &got), 1);
	T_STREQ(got.id, "default-1"); /* the newer one is not ready */
	i[1].ready = true;
	T_EQ(images_replace(&db, i, 2, 30, &err), 0);
	T_EQ(image_find(&db, STR("default"), &got), 1);
	T_STREQ(got.id, "default-2");
	T_EQ(image_find(&db, STR("default-1"), &got), 1);
	T_STREQ(got.id, "default-1");
	T_EQ(images_replace(&db, i + 1, 1, 40, &err), 0);
	T_EQ(image_find(&db, STR("default-1"), &got), 0);
	T_EQ(image_find(&db, STR("other"), &got), 0);
	test_db_close(&db);
}

TEST_MAIN({ "a name is unique per owner, and free after a delete", names_are_unique },
          { "lists come in pages", lists_in_pages },
          { "a workspace has one wanted session", one_session_is_wanted },
          { "a volume is deleted when nothing uses it", volumes_die_last },
          { "a deleted workspace is kept, and comes back", deleted_are_kept },
          { "the oldest kept volumes make room, no more than needed", the_oldest_make_room },
          { "an image is found by id or by its newest name", images })
