/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One SQLite connection, used by one thread, with its prepared statements
 * kept. Private to src/store: nobody else writes SQL.
 *
 *   struct q q = db_q(db, "SELECT name FROM account WHERE id = ?");
 *   q_str(&q, id);
 *   r = q_row(&q);             1 = a row, 0 = none, -errno
 *   if (r > 0)
 *           q_get_text(&q, name, sizeof(name));
 *   q_end(&q);
 *
 * Statements are string literals: they are found again by their address.
 */
#pragma once

#include <sqlite3.h>

#include "base/err.h"
#include "base/str.h"

#define DB_STATEMENTS_MAX 256

struct db {
	sqlite3 *h;
	struct {
		const char *sql;
		sqlite3_stmt *st;
	} kept[DB_STATEMENTS_MAX];
	int wal_pages; /* in the log after the last commit */
	bool batch;    /* a transaction is open, and is whole or nothing */
	int starts;    /* of the writer: see store/starts.h; 0: none */
};

struct q {
	struct db *db;
	sqlite3_stmt *st;
	int at;  /* last bound parameter */
	int col; /* next column */
};

enum db_mode { DB_WRITER, DB_READER };

MUST_CHECK int db_open(const char *path, enum db_mode mode, struct db *ret, struct err *err);
void db_close(struct db *db);
/* A script of several statements, for the schema and for transactions. */
MUST_CHECK int db_script(struct db *db, const char *sql, struct err *err);
/* -errno for an SQLite result: -EEXIST unique, -ENOSPC full, -EIO, … */
int db_errno(struct db *db, int rc);
int db_err(struct db *db, int rc, struct err *err);
/* The disk lied or the file is broken: going on would make it worse. */
bool db_is_fatal(int rc);

struct q db_q(struct db *db, const char *sql);
void q_str(struct q *q, struct str s);
void q_text(struct q *q, const char *s);
void q_text_or_null(struct q *q, const char *s); /* "" is NULL */
void q_int(struct q *q, int64_t v);
void q_blob(struct q *q, const void *p, size_t n);
int q_row(struct q *q) MUST_CHECK;
void q_end(struct q *q);
/* To the end, for statements without rows; ends it. 0 or -errno. */
int q_run(struct q *q, struct err *err) MUST_CHECK;
int64_t db_changes(struct db *db); /* rows changed by the last one */
int64_t db_last_id(struct db *db);

/* Columns in order. Texts are cut at the room (they never are: the writer
 * checked them), missing ones give "" and 0. */
void q_get_text(struct q *q, char *ret, size_t room);
struct str q_get_str(struct q *q);   /* valid until the next step, NUL-terminated */
struct str q_get_bytes(struct q *q); /* a blob; the same */
int64_t q_get_int(struct q *q);
void q_get_blob(struct q *q, void *ret, size_t n);
bool q_is_null(struct q *q); /* of the next column; does not move on */
void q_skip(struct q *q, int n);
