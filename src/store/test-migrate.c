/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <unistd.h>

#include "store/copy.h"
#include "test-db.h"

#define SEGMENTS 5000

/* A site of schema 2 with some history, by that schema's own columns. */
static const char people[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)"
    " INSERT INTO account(id, email, name, created_us)"
    " SELECT 'a_' || i, 'p' || i || '@example.org', 'P ' || i, i FROM n;"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)"
    " INSERT INTO volume(id, account_id, size_bytes, made_bytes)"
    " SELECT 'v_' || i, 'a_' || (1 + i % 20), 1000000000, 1000000000 FROM n;"
    "INSERT INTO workspace(id, account_id, name, label, image, instance_type, volume_id,"
    " storage_bytes, auto_stop_s, created_us, updated_us) SELECT 'w_' || substr(id, 3),"
    " account_id, 'w ' || id, 'label' || id, 'default', 'small', id, size_bytes, 3600, 1, 1"
    " FROM volume;";

#define SESSION_COLUMNS                                                                      \
	"id, account_id, workspace_id, epoch, state, phase, phases, reason, message,"        \
	" evidence, instance_type, image_id, cpu_milli, memory_bytes, pids, price_per_hour," \
	" max_s, auto_stop_s, created_us, started_us, stopped_us, state_boot, boot_id,"      \
	" started_boot, extend_until, stop_at, warned_stop_at, stop_why, metered_ns, cost"
#define SESSION_VALUES(i)                                                                      \
	"'s_' || " i ", account_id, id, " i ", 'stopped', 4, '', 'idle', '', '', 'small', ''," \
	" 1000, 1, 1, 60000, 0, 3600, " i ", " i ", " i ", 1, 'b', 1, 0, 0, 0, 'idle', 1, 1"

static const char history[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
    " INSERT INTO session(" SESSION_COLUMNS ") SELECT " SESSION_VALUES(
        "n.i") " FROM n JOIN workspace w ON w.id = 'w_' || (1 + n.i % 50);"
               "INSERT INTO segment(session_id, workspace_id, account_id, epoch, segment,"
               " instance_type, started_us, stopped_us, ns, price_per_hour, amount, estimated,"
               " reason) SELECT id, workspace_id, account_id, epoch, 0, 'small',"
               " 1767225600000000 + epoch * 600000000, 1767225600000000 + epoch * 600000000"
               " + 60000000, 60000000000, 60000, 1000, 0, 'idle' FROM session;";

/* What a release of schema 2 does with the file afterwards. */
static const char later[] = "INSERT INTO session(" SESSION_COLUMNS ") SELECT " SESSION_VALUES(
    "6000") " FROM workspace WHERE id = 'w_1';"
            "INSERT INTO segment(session_id, workspace_id, account_id, epoch, segment,"
            " instance_type, started_us, stopped_us, ns, price_per_hour, amount, estimated,"
            " reason) VALUES('s_6000','w_1','a_2',6000,0,'small',1770000000000000,"
            " 1770000060000000, 60000000000, 60000, 1000, 0, 'user');"
            "INSERT INTO account(id, email, name, created_us) VALUES('a_x','x@y','X',1);"
            "DELETE FROM volume WHERE id = 'v_none';"
            "UPDATE workspace SET name = 'other', updated_us = 2 WHERE id = 'w_2';"
            "INSERT INTO event(account_id, at_us, kind, object_id, data)"
            " VALUES('a_1',1,'session','s_6000','');";

static int64_t number(struct db *db, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int64_t n = -1;

	if (sqlite3_prepare_v2(db->h, sql, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	return n;
}

static void old_site(struct db *db)
{
	struct err err = ERR_NONE;

	T_EQ(db_open(test_db_path(), DB_WRITER, db, &err), 0);
	T_EQ(schema_migrate_to(db, 2, &err), 0);
	T_EQ(db_script(db, people, &err), 0);
	T_EQ(db_script(db, history, &err), 0);
}

static void beside(const char *name, char ret[200])
{
	(void)snprintf(ret, 200, "%s/%s", test_dir, name);
}

static void check_copy(const char *name, int64_t version, int64_t segments)
{
	struct err err = ERR_NONE;
	char path[200];
	struct db db;

	beside(name, path);
	T_EQ(db_open(path, DB_WRITER, &db, &err), 0);
	T_EQ(number(&db, "PRAGMA user_version"), version);
	T_EQ(number(&db, "SELECT count(*) FROM segment"), segments);
	T_EQ(number(&db, "SELECT count(*) FROM pragma_integrity_check"
	                 " WHERE integrity_check = 'ok'"),
	     1);
	db_close(&db);
}

static void there_with_a_copy(void)
{
	struct err err = ERR_NONE;
	struct db db;

	old_site(&db);
	T_EQ(schema_migrate(&db, &err), 0);
	T_EQ(number(&db, "PRAGMA user_version"), schema_version);
	T_EQ(number(&db, "SELECT count(*) FROM charge"), SEGMENTS);
	T_EQ(number(&db, "SELECT sum(amount) FROM charge"),
	     number(&db, "SELECT sum(amount) FROM segment"));
	T_EQ(number(&db, "SELECT CAST(value AS INTEGER) FROM setting"
	                 " WHERE name = 'schema_oldest'"),
	     3);
	check_copy("before-v6.db", 2, SEGMENTS);
	test_db_close(&db);
}

static void back_and_there_again(void)
{
	struct err err = ERR_NONE;
	struct db db;

	old_site(&db);
	T_EQ(schema_migrate(&db, &err), 0);
	T_EQ(db_script(&db,
	               "INSERT INTO credit(id, account_id, amount, note, actor, at_us)"
	               " VALUES('c_1','a_1',5,'','root',1)",
	               &err),
	     0);
	T_EQ(schema_back(&db, 1, &err), -EINVAL);
	T_EQ(schema_back(&db, schema_version, &err), -EINVAL);
	T_EQ(schema_back(&db, 2, &err), 0);
	T_EQ(number(&db, "PRAGMA user_version"), 2);
	check_copy("before-back.db", schema_version, SEGMENTS);
	/* The older release works, without knowing what is there beside it. */
	T_EQ(schema_migrate_to(&db, 2, &err), 0);
	T_EQ(db_script(&db, later, &err), 0);
	T_EQ(number(&db, "SELECT count(*) FROM charge"), SEGMENTS);
	T_EQ(schema_migrate(&db, &err), 0);
	T_EQ(number(&db, "PRAGMA user_version"), schema_version);
	T_EQ(number(&db, "SELECT count(*) FROM charge"), SEGMENTS + 1);
	T_EQ(number(&db, "SELECT count(*) FROM charge WHERE session_id = 's_6000'"
	                 " AND amount = 1000 AND month = '2026-02'"),
	     1);
	T_EQ(number(&db, "SELECT count(*) FROM credit"), 1);
	T_EQ(number(&db, "SELECT count(*) FROM setting WHERE name = 'schema_was'"), 0);
	T_EQ(number(&db, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	/* And once more, with nothing done in between. */
	T_EQ(schema_back(&db, 2, &err), 0);
	T_EQ(schema_migrate(&db, &err), 0);
	T_EQ(number(&db, "SELECT count(*) FROM charge"), SEGMENTS + 1);
	test_db_close(&db);
}

static void a_newer_one_that_allows_us(void)
{
	struct err err = ERR_NONE;
	struct db db;

	test_db_open(&db);
	T_EQ(db_script(&db, "PRAGMA user_version = 999", &err), 0);
	T_EQ(schema_migrate(&db, &err), 0); /* schema_oldest is 3, which we know */
	T_EQ(number(&db, "PRAGMA user_version"), 999);
	T_EQ(db_script(&db, "UPDATE setting SET value = '998' WHERE name = 'schema_oldest'",
	               &err),
	     0);
	T_EQ(schema_migrate(&db, &err), -EPROTO);
	test_db_close(&db);
}

static void a_failed_step_changes_nothing(void)
{
	struct err err = ERR_NONE;
	struct db db;

	old_site(&db);
	T_EQ(db_script(&db, "CREATE TABLE month_closed(x)", &err), 0); /* in the way */
	T_OK(schema_migrate(&db, &err) < 0);
	T_EQ(number(&db, "PRAGMA user_version"), 2);
	T_EQ(number(&db, "SELECT count(*) FROM sqlite_schema WHERE name = 'charge'"), 0);
	T_EQ(number(&db, "SELECT count(*) FROM segment"), SEGMENTS);
	test_db_close(&db);
}

/* Written between the steps of a copy: the copy has it too. */
static void copy_while_writing(void)
{
	struct err err = ERR_NONE;
	char path[200];
	struct copy c;
	struct db db;
	int r, n = 0;

	old_site(&db);
	beside("copy.db", path);
	T_EQ(copy_begin(&db, path, &c, &err), 0);
	while ((r = copy_step(&c, 16, &err)) > 0) {
		T_EQ(db_script(&db,
		               "INSERT INTO event(account_id, at_us, kind, object_id, data)"
		               " VALUES('a_1',1,'x','y','');"
		               "UPDATE session SET cost = cost + 1 WHERE id = 's_17'",
		               &err),
		     0);
		T_OK(access(path, F_OK) < 0);
		n++;
	}
	T_EQ(r, 0);
	T_OK(n > 10);
	check_copy("copy.db", 2, SEGMENTS);
	T_EQ(sqlite3_close(NULL), SQLITE_OK);
	db_close(&db);
	T_EQ(db_open(path, DB_WRITER, &db, &err), 0);
	T_EQ(number(&db, "SELECT count(*) FROM event"), n);
	T_EQ(number(&db, "SELECT cost FROM session WHERE id = 's_17'"), n + 1);
	test_db_close(&db);
}

static void a_copy_given_up(void)
{
	struct err err = ERR_NONE;
	char path[200];
	struct copy c;
	struct db db;

	old_site(&db);
	beside("copy.db", path);
	T_EQ(copy_begin(&db, path, &c, &err), 0);
	T_EQ(copy_step(&c, 1, &err), 1);
	copy_end(&c);
	T_OK(access(path, F_OK) < 0);
	beside("copy.db.part", path);
	T_OK(access(path, F_OK) < 0);
	T_OK(copy_whole(&db, "/nowhere/x.db", &err) < 0);
	test_db_close(&db);
}

TEST_MAIN({ "an older site comes up, with a copy of what it was", there_with_a_copy },
          { "back to the older release, and up again: nothing is lost", back_and_there_again },
          { "a newer file says whether we may use it", a_newer_one_that_allows_us },
          { "a step that fails changes nothing", a_failed_step_changes_nothing },
          { "a copy has what was written meanwhile", copy_while_writing },
          { "a copy that is given up leaves nothing", a_copy_given_up })
