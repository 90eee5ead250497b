/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "store/starts.h"

#include <fcntl.h>
#include <unistd.h>

#include "store/accounts.h"
#include "store/sessions.h"
#include "store/workspaces.h"
#include "test-db.h"

static int64_t number(struct db *db, const char *sql)
{
	struct q q = db_q(db, sql);
	int64_t n = q_row(&q) > 0 ? q_get_int(&q) : -1;

	q_end(&q);
	return n;
}

static const char rows[] =
    "INSERT INTO account(id, email, name, password, created_us)"
    " VALUES('a_1','x@y','Zoë \"Z\"','secret',7);"
    "INSERT INTO volume(id, account_id, size_bytes) VALUES('v_1','a_1',5);"
    "INSERT INTO workspace(id, account_id, name, label, image, instance_type, volume_id,"
    " storage_bytes, auto_stop_s, created_us, updated_us)"
    " VALUES('w_1','a_1','mine','label1','default','small','v_1',5,60,1,1);";

static void add_session(struct db *db, const char *id, uint32_t epoch)
{
	struct session s = { .state = SESSION_QUEUED, .epoch = epoch, .price_per_hour = 60000 };
	struct err err = ERR_NONE;

	(void)snprintf(s.id, sizeof(s.id), "%s", id);
	(void)snprintf(s.account_id, sizeof(s.account_id), "a_1");
	(void)snprintf(s.workspace_id, sizeof(s.workspace_id), "w_1");
	(void)snprintf(s.instance_type, sizeof(s.instance_type), "small");
	T_EQ(session_insert(db, &s, &err), 0);
}

/* A store with one session, whose rows are then lost but for the book. */
static int make(struct db *db)
{
	struct err err = ERR_NONE;
	int dir;

	test_db_open(db);
	dir = open(test_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	T_EQ(starts_open(dir, db, &err), 0);
	T_EQ(db_script(db, rows, &err), 0);
	add_session(db, "s_1", 4);
	return dir;
}

static void nothing_is_left(struct db *db)
{
	struct err err = ERR_NONE;

	T_EQ(db_script(db,
	               "DELETE FROM session; DELETE FROM workspace; DELETE FROM volume;"
	               "DELETE FROM account;",
	               &err),
	     0);
}

static void end(struct db *db, int dir)
{
	starts_close(db);
	(void)close(dir);
	test_db_close(db);
}

static void put_back(void)
{
	struct err err = ERR_NONE;
	struct session s;
	struct db db;
	int dir = make(&db);

	nothing_is_left(&db);
	T_EQ(starts_adopt(&db, STR("s_2"), &err), 0);
	T_EQ(starts_adopt(&db, STR("s_1"), &err), 1);
	T_EQ(session_by_id(&db, STR("s_1"), &s), 1);
	T_EQ(s.state, SESSION_LOST);
	T_EQ(s.epoch, 4);
	T_EQ(s.price_per_hour, 60000);
	T_EQ(number(&db,
	            "SELECT count(*) FROM workspace WHERE name = 'mine' AND label = 'label1'"),
	     1);
	T_EQ(number(&db,
	            "SELECT count(*) FROM account WHERE name = 'Zoë \"Z\"' AND password = ''"),
	     1);
	T_EQ(number(&db, "SELECT count(*) FROM volume"), 1);
	/* Again: it is there. */
	T_EQ(starts_adopt(&db, STR("s_1"), &err), 1);
	T_EQ(number(&db, "SELECT count(*) FROM session"), 1);
	end(&db, dir);
}

static void into_what_is_there(void)
{
	struct err err = ERR_NONE;
	struct db db;
	int dir = make(&db);

	T_EQ(db_script(&db, "DELETE FROM session; UPDATE workspace SET name = 'newer name'",
	               &err),
	     0);
	T_EQ(starts_adopt(&db, STR("s_1"), &err), 1);
	T_EQ(number(&db, "SELECT count(*) FROM workspace WHERE name = 'newer name'"), 1);
	/* Another one has its name by now. */
	T_EQ(db_script(&db,
	               "DELETE FROM session; UPDATE workspace SET id = 'w_2', name = 'mine',"
	               " label = 'label2'",
	               &err),
	     0);
	T_EQ(starts_adopt(&db, STR("s_1"), &err), 1);
	T_EQ(number(&db, "SELECT count(*) FROM workspace WHERE name GLOB 'mine (*)'"), 1);
	end(&db, dir);
}

static void an_older_book_is_read_too(void)
{
	struct err err = ERR_NONE;
	struct db db;
	int dir = make(&db);

	T_EQ(ftruncate(db.starts, 17 << 20), 0); /* zeros: no lines */
	starts_close(&db);
	T_EQ(starts_open(dir, &db, &err), 0);
	T_EQ(db_script(&db, "UPDATE session SET state = 'stopped'", &err), 0);
	add_session(&db, "s_9", 9);
	nothing_is_left(&db);
	T_EQ(starts_adopt(&db, STR("s_1"), &err), 1);
	end(&db, dir);
}

static void a_cut_line_is_no_line(void)
{
	struct err err = ERR_NONE;
	struct db db;
	int dir = make(&db);
	off_t size = lseek(db.starts, 0, SEEK_END);

	T_EQ(ftruncate(db.starts, size - 20), 0);
	nothing_is_left(&db);
	T_OK(starts_adopt(&db, STR("s_1"), &err) < 0);
	T_EQ(number(&db, "SELECT count(*) FROM session"), 0);
	end(&db, dir);
}

/* A core that runs for months. */
static void a_full_book_is_turned_over(void)
{
	struct err err = ERR_NONE;
	struct db db;
	int dir = make(&db);

	T_EQ(ftruncate(db.starts, 17 << 20), 0);
	T_EQ(db_script(&db, "UPDATE session SET state = 'stopped'", &err), 0);
	add_session(&db, "s_2", 5);
	T_EQ(lseek(db.starts, 0, SEEK_END), 0);
	T_EQ(faccessat(dir, "carrel.starts.1", F_OK, 0), 0);
	T_EQ(db_script(&db, "UPDATE session SET state = 'stopped'", &err), 0);
	add_session(&db, "s_3", 6);
	nothing_is_left(&db);
	for (int i = 1; i <= 3; i++) {
		char id[8];

		(void)snprintf(id, sizeof(id), "s_%d", i);
		T_EQ(starts_adopt(&db, str_of(id), &err), 1);
	}
	end(&db, dir);
}

TEST_MAIN({ "the rows of a session come back", put_back },
          { "what is there stays as it is", into_what_is_there },
          { "the book before is read too", an_older_book_is_read_too },
          { "a line that was cut puts nothing back", a_cut_line_is_no_line },
          { "a full book is turned over, and still read", a_full_book_is_turned_over })
