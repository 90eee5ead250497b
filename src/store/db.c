/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"

#include <errno.h>
#include <unistd.h>

#include "base/log.h"

static int on_wal(void *arg, sqlite3 *h, const char *name, int pages)
{
	((struct db *)arg)->wal_pages = pages;
	return SQLITE_OK;
}

int db_errno(struct db *db, int rc)
{
	switch (rc & 0xff) {
	case SQLITE_CONSTRAINT:
		return rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY
		           ? -EEXIST
		           : -EINVAL;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_TOOBIG:
		return -E2BIG;
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return -EACCES;
	default:
		return -EIO;
	}
}

int db_err(struct db *db, int rc, struct err *err)
{
	return ERR(err, db_errno(db, rc), "database: %s",
	           db->h ? sqlite3_errmsg(db->h) : sqlite3_errstr(rc));
}

bool db_is_fatal(int rc)
{
	int primary = rc & 0xff;

	return primary == SQLITE_IOERR || primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

/* extended result codes come with the open flag; loading code never. */
static int set_up(struct db *db, enum db_mode mode, struct err *err)
{
	static const struct {
		int id, max;
	} limits[] = {
		{ SQLITE_LIMIT_LENGTH, 4 << 20 },     { SQLITE_LIMIT_SQL_LENGTH, 64 << 10 },
		{ SQLITE_LIMIT_ATTACHED, 0 },         { SQLITE_LIMIT_EXPR_DEPTH, 100 },
		{ SQLITE_LIMIT_COMPOUND_SELECT, 8 },  { SQLITE_LIMIT_WORKER_THREADS, 0 },
		{ SQLITE_LIMIT_VARIABLE_NUMBER, 64 },
	};
	int r;

	for (size_t i = 0; i < ARRAY_LEN(limits); i++)
		(void)sqlite3_limit(db->h, limits[i].id, limits[i].max);
	(void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	(void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(db->h, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, mode == DB_READER,
	                        NULL);
	(void)sqlite3_busy_timeout(db->h, 5000);
	if (mode == DB_READER)
		return db_script(db,
		                 "PRAGMA query_only = 1; PRAGMA cache_size = -2000;"
		                 "PRAGMA temp_store = MEMORY;",
		                 err);
	r = db_script(db,
	              "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;"
	              "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
	              "PRAGMA recursive_triggers = ON; PRAGMA cache_size = -2000;"
	              "PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 16777216;",
	              err);
	/* Last: wal_autocheckpoint is a hook too, and takes the place of ours. */
	(void)sqlite3_wal_hook(db->h, on_wal, db);
	return r;
}

int db_open(const char *path, enum db_mode mode, struct db *ret, struct err *err)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW;
	struct db db = { 0 };
	int rc, r;

	flags |= mode == DB_WRITER ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
	                           : SQLITE_OPEN_READONLY;
	rc = sqlite3_open_v2(path, &db.h, flags, NULL);
	if (rc != SQLITE_OK) {
		r = db_err(&db, rc, err);
		(void)sqlite3_close_v2(db.h);
		return err_wrap(err, r, "%s", path);
	}
	*ret = db; /* set_up gives SQLite the address of its hook's argument */
	r = set_up(ret, mode, err);
	if (r < 0) {
		db_close(ret);
		return err_wrap(err, r, "%s", path);
	}
	return 0;
}

void db_close(struct db *db)
{
	for (size_t i = 0; i < DB_STATEMENTS_MAX; i++)
		(void)sqlite3_finalize(db->kept[i].st);
	if (db->h)
		CHECK(sqlite3_close(db->h) == SQLITE_OK);
	*db = (struct db){ 0 };
}

int db_script(struct db *db, const char *sql, struct err *err)
{
	int rc = sqlite3_exec(db->h, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : db_err(db, rc, err);
}

static sqlite3_stmt **slot_of(struct db *db, const char *sql)
{
	size_t i = ((uintptr_t)sql >> 3) % DB_STATEMENTS_MAX;

	for (size_t n = 0; n < DB_STATEMENTS_MAX; n++, i = (i + 1) % DB_STATEMENTS_MAX) {
		if (db->kept[i].sql == sql)
			return &db->kept[i].st;
		if (!db->kept[i].sql) {
			db->kept[i].sql = sql;
			return &db->kept[i].st;
		}
	}
	check_failed("DB_STATEMENTS_MAX is too small", __FILE__, __LINE__);
}

struct q db_q(struct db *db, const char *sql)
{
	sqlite3_stmt **st = slot_of(db, sql);

	if (!*st) {
		int rc =
		    sqlite3_prepare_v3(db->h, sql, -1, SQLITE_PREPARE_PERSISTENT, st, NULL);

		if (rc != SQLITE_OK) {
			log_event(LOG_ERROR, "database_statement",
			          LZ("why", sqlite3_errmsg(db->h)), LZ("sql", sql));
			check_failed(rc == SQLITE_NOMEM
			                 ? "out of memory"
			                 : "a statement of ours does not compile",
			             __FILE__, __LINE__);
		}
	}
	CHECK(!sqlite3_stmt_busy(*st));
	return (struct q){ .db = db, .st = *st };
}

static void bound(int rc)
{
	CHECK(rc == SQLITE_OK); /* a wrong index, or out of memory for a small text */
}

void q_str(struct q *q, struct str s)
{
	bound(sqlite3_bind_text(q->st, ++q->at, s.ptr ? s.ptr : "", (int)s.len, SQLITE_STATIC));
}

void q_text(struct q *q, const char *s)
{
	q_str(q, str_of(s));
}

void q_text_or_null(struct q *q, const char *s)
{
	if (s[0])
		q_text(q, s);
	else
		bound(sqlite3_bind_null(q->st, ++q->at));
}

void q_int(struct q *q, int64_t v)
{
	bound(sqlite3_bind_int64(q->st, ++q->at, v));
}

void q_blob(struct q *q, const void *p, size_t n)
{
	bound(sqlite3_bind_blob64(q->st, ++q->at, p ? p : "", n, SQLITE_STATIC));
}

/* Who asks takes "no row" for an answer, and a disk that can't be read must not
 * become one: 404 for a thing that is there. The next start reads what there is. */
static int step_of(struct q *q)
{
	int rc = sqlite3_step(q->st);

	if ((rc & 0xff) == SQLITE_NOMEM)
		check_failed("out of memory", __FILE__, __LINE__);
	if ((rc & 0xff) != SQLITE_IOERR)
		return rc;
	log_event(
	    LOG_ERROR, "database_fatal", LZ("why", sqlite3_errstr(rc)), LI("code", rc),
	    LZ("what_to_do", "check the disk under the state directory; core starts again"));
	_exit(70);
}

/* SQLite rolls a whole transaction back by itself when memory or disk ends in a
 * statement. Whoever went on after that would write what is left of the batch,
 * each statement by itself: an answer without the thing that it speaks of. */
static void check_whole(const struct q *q)
{
	if (!q->db->batch || !sqlite3_get_autocommit(q->db->h))
		return;
	log_event(LOG_ERROR, "database_fatal", LZ("why", "the transaction is gone"),
	          LZ("sql", sqlite3_sql(q->st)),
	          LZ("what_to_do", "nothing; core starts again"));
	_exit(70);
}

int q_row(struct q *q)
{
	int rc;

	check_whole(q);
	rc = step_of(q);
	q->col = 0;
	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	return db_errno(q->db, rc);
}

void q_end(struct q *q)
{
	(void)sqlite3_reset(q->st);
	(void)sqlite3_clear_bindings(q->st); /* they point to the caller's bytes */
}

int q_run(struct q *q, struct err *err)
{
	int rc, r = 0;

	check_whole(q);
	rc = sqlite3_step(q->st);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW)
		r = db_err(q->db, rc, err);
	q_end(q);
	return r;
}

int64_t db_changes(struct db *db)
{
	return sqlite3_changes64(db->h);
}

int64_t db_last_id(struct db *db)
{
	return sqlite3_last_insert_rowid(db->h);
}

struct str q_get_str(struct q *q)
{
	const unsigned char *p = sqlite3_column_text(q->st, q->col);
	int n = sqlite3_column_bytes(q->st, q->col);

	/* SQLite may have to copy a text to end it. An empty one in its place would be
	 * written back as the row's. */
	if (!p && sqlite3_column_type(q->st, q->col) != SQLITE_NULL)
		check_failed("out of memory", __FILE__, __LINE__);
	q->col++;
	return p ? (struct str){ (const char *)p, (size_t)n } : STR("");
}

struct str q_get_bytes(struct q *q)
{
	const void *p = sqlite3_column_blob(q->st, q->col);
	int n = sqlite3_column_bytes(q->st, q->col);

	q->col++;
	return p ? (struct str){ p, (size_t)n } : STR("");
}

void q_get_text(struct q *q, char *ret, size_t room)
{
	struct str s = q_get_str(q);
	size_t n = s.len < room ? s.len : room - 1;

	memcpy(ret, s.ptr, n);
	ret[n] = '\0';
}

int64_t q_get_int(struct q *q)
{
	return sqlite3_column_int64(q->st, q->col++);
}

void q_get_blob(struct q *q, void *ret, size_t n)
{
	const void *p = sqlite3_column_blob(q->st, q->col);
	size_t have = (size_t)sqlite3_column_bytes(q->st, q->col);

	q->col++;
	memset(ret, 0, n);
	if (p)
		memcpy(ret, p, have < n ? have : n);
}

bool q_is_null(struct q *q)
{
	return sqlite3_column_type(q->st, q->col) == SQLITE_NULL;
}

void q_skip(struct q *q, int n)
{
	q->col += n;
}
