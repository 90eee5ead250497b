/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "store/schema.h"

#include <errno.h>

#include "test-db.h"

static int64_t number(struct db *db, const char *sql)
{
	struct q q = db_q(db, sql);
	int64_t n = q_row(&q) > 0 ? q_get_int(&q) : -1;

	q_end(&q);
	return n;
}

static void from_empty(void)
{
	struct db db;
	struct err err = ERR_NONE;

	test_db_open(&db);
	T_EQ(number(&db, "PRAGMA user_version"), schema_version);
	T_EQ(number(&db, "PRAGMA foreign_keys"), 1);
	T_EQ(number(&db, "PRAGMA synchronous"), 2);
	T_EQ(number(&db, "PRAGMA wal_autocheckpoint"), 0);
	T_EQ(number(&db, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	/* STRICT everywhere. */
	T_EQ(number(&db, "SELECT count(*) FROM pragma_table_list WHERE type = 'table'"
	                 " AND schema = 'main' AND name NOT LIKE 'sqlite_%' AND strict = 0"),
	     0);
	/* Again: nothing to do. */
	T_EQ(schema_migrate(&db, &err), 0);
	test_db_close(&db);
}

/* Every older version, with a row in it, reaches the present one. */
static void from_older(void)
{
	for (unsigned v = 1; v < schema_version; v++) {
		struct db db;
		struct err err = ERR_NONE;

		T_EQ(db_open(test_db_path(), DB_WRITER, &db, &err), 0);
		T_EQ(schema_migrate_to(&db, v, &err), 0);
		T_EQ(number(&db, "PRAGMA user_version"), v);
		T_EQ(db_script(&db,
		               "INSERT INTO account(id, email, name, created_us)"
		               " VALUES('a_1','x@y','X',1)",
		               &err),
		     0);
		db_close(&db);
		test_db_open(&db);
		T_EQ(number(&db, "PRAGMA user_version"), schema_version);
		T_EQ(number(&db, "SELECT count(*) FROM account WHERE id = 'a_1'"), 1);
		test_db_close(&db);
	}
}

static void from_newer(void)
{
	struct db db;
	struct err err = ERR_NONE;

	test_db_open(&db);
	T_EQ(db_script(&db,
	               "UPDATE setting SET value = '999' WHERE name = 'schema_oldest';"
	               "PRAGMA user_version = 999",
	               &err),
	     0);
	T_EQ(schema_migrate(&db, &err), -EPROTO);
	T_OK(strstr(err.msg, "newer release") != NULL);
	test_db_close(&db);
}

static void no_extensions(void)
{
	struct db db;
	struct err err = ERR_NONE;

	test_db_open(&db);
	T_OK(db_script(&db, "SELECT load_extension('x')", &err) < 0);
	T_OK(db_script(&db, "ATTACH ':memory:' AS other", &err) < 0);
	T_OK(db_script(&db, "PRAGMA writable_schema = 1; DELETE FROM sqlite_schema", &err) < 0);
	test_db_close(&db);
}

static void append_only(void)
{
	static const char *const sql[] = {
		"UPDATE ledger SET amount = 0",
		"DELETE FROM ledger",
		"UPDATE segment SET ns = 0",
		"DELETE FROM segment",
		"UPDATE audit SET verb = ''",
		"DELETE FROM audit",
		"REPLACE INTO audit SELECT * FROM audit",
	};
	struct db db;
	struct err err = ERR_NONE;

	test_db_open(&db);
	T_EQ(db_script(
	         &db,
	         "INSERT INTO account(id, email, name, created_us) VALUES('a','x@y','X',1);"
	         "INSERT INTO ledger VALUES(1,'t',1,'a','b',1,'USD','s',1,0,1,x'00');"
	         "INSERT INTO segment VALUES(1,'s','w','a',1,0,'t',1,2,3,4,5,0,'idle');"
	         "INSERT INTO audit VALUES(1,1,1,'a','a','v','o','','','',x'00');",
	         &err),
	     0);
	for (size_t i = 0; i < ARRAY_LEN(sql); i++)
		T_OK(db_script(&db, sql[i], &err) < 0);
	T_OK(db_script(&db, "INSERT INTO segment VALUES(2,'s','w','a',1,0,'t',1,2,3,4,5,0,'')",
	               &err) < 0);
	test_db_close(&db);
}

TEST_MAIN({ "an empty file becomes the present schema", from_empty },
          { "older files become the present schema", from_older },
          { "a newer file is refused, with a sentence", from_newer },
          { "no extensions, no attaching, no writable schema", no_extensions },
          { "the books and the audit log only grow", append_only })
