/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "store/starts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"

#define NAME      "carrel.starts"
#define OLD       "carrel.starts.1"
#define FILE_MAX  (16 << 20)
#define LINE_MAX_ (128 << 10)
#define COLS_MAX  60 /* SQLITE_LIMIT_VARIABLE_NUMBER is 64 */

/* In the order in which rows refer to each other. */
static const struct {
	const char *table, *sql;
} tables[] = {
	{ "account", "SELECT a.* FROM account a JOIN session s ON s.account_id = a.id"
	             " WHERE s.id = ?" },
	{ "volume", "SELECT v.* FROM volume v JOIN workspace w ON w.volume_id = v.id"
	            " JOIN session s ON s.workspace_id = w.id WHERE s.id = ?" },
	{ "workspace", "SELECT w.* FROM workspace w JOIN session s ON s.workspace_id = w.id"
	               " WHERE s.id = ?" },
	{ "session", "SELECT * FROM session WHERE id = ?" },
};

/* The folder stays open in the descriptor above: one number is enough. */
static int open_file(int dir, const char *name)
{
	return openat(dir, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
}

int starts_open(int dir, struct db *writer, struct err *err)
{
	struct stat st;
	int fd = open_file(dir, NAME);

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size > FILE_MAX) {
		(void)close(fd);
		fd = renameat(dir, NAME, dir, OLD) < 0 ? -1 : open_file(dir, NAME);
	}
	if (fd < 0)
		return ERR(err, -errno, NAME ": %m");
	writer->starts = fd;
	return 0;
}

void starts_close(struct db *writer)
{
	if (writer->starts > 0)
		(void)close(writer->starts);
	writer->starts = 0;
}

/* --- writing --- */

/* Secrets stay where they are, and numbers of rows are the file's own. */
static bool is_kept(const char *column)
{
	return strcmp(column, "password") != 0 && strcmp(column, "seq") != 0;
}

static void put_row(struct jsonw *w, sqlite3_stmt *st)
{
	jw_obj(w);
	for (int i = 0; i < sqlite3_column_count(st); i++) {
		const char *name = sqlite3_column_name(st, i);
		int n = sqlite3_column_bytes(st, i);

		if (!is_kept(name) || sqlite3_column_type(st, i) == SQLITE_NULL)
			continue;
		if (sqlite3_column_type(st, i) == SQLITE_INTEGER)
			jw_kv_i64(w, name, sqlite3_column_int64(st, i));
		else
			jw_kv_str(w, name,
			          (struct str){ (const char *)sqlite3_column_text(st, i),
			                        (size_t)n });
	}
	jw_obj_end(w);
}

static bool path_of(struct db *db, const char *name, char ret[512])
{
	const char *file = sqlite3_db_filename(db->h, "main"), *slash = strrchr(file, '/');

	return slash && snprintf(ret, 512, "%.*s/%s", (int)(slash - file), file, name) < 512;
}

/* A core that runs for months keeps two files of that size, no more. */
static void turn_over(struct db *db)
{
	char now[512], old[512];
	struct stat st;
	int fd;

	if (fstat(db->starts, &st) < 0 || st.st_size <= FILE_MAX || !path_of(db, NAME, now) ||
	    !path_of(db, OLD, old) || rename(now, old) < 0)
		return;
	fd = open_file(AT_FDCWD, now);
	if (fd < 0)
		return; /* it goes on in the old one */
	(void)close(db->starts);
	db->starts = fd;
}

void starts_note(struct db *db, const char *session_id)
{
	struct buf b = BUF(LINE_MAX_);
	struct jsonw w = JSONW(&b);
	struct err err = ERR_NONE;

	if (db->starts <= 0)
		return;
	buf_printf(&b, "\n%s ", session_id);
	jw_obj(&w);
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		struct q q = db_q(db, tables[i].sql);

		q_text(&q, session_id);
		if (q_row(&q) > 0) {
			jw_key(&w, tables[i].table);
			put_row(&w, q.st);
		}
		q_end(&q);
	}
	jw_obj_end(&w);
	buf_put_c(&b, '\n');
	/* A full disk must not keep anybody from working. */
	if (buf_error(&b) < 0 || file_write_all(db->starts, buf_str(&b), &err) < 0)
		log_event(LOG_WARN, "start_not_noted", LZ("s", session_id));
	turn_over(db);
	buf_fini(&b);
}

/* --- reading --- */

/* The last line of that session, copied into the arena. */
static struct str find_in(int fd, struct str id, struct arena *a)
{
	struct str found = STR_NONE, all;
	char key[80];
	struct stat st;
	void *map;
	int n = snprintf(key, sizeof(key), "\n%.*s ", STR_ARG(id));

	if (fstat(fd, &st) < 0 || st.st_size == 0)
		return STR_NONE;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return STR_NONE;
	all = (struct str){ map, (size_t)st.st_size };
	for (const char *at; (at = memmem(all.ptr, all.len, key, (size_t)n)) != NULL;) {
		all = str_sub(all, (size_t)(at - all.ptr) + (size_t)n, all.len);
		found = str_sub(all, 0, str_chr(all, '\n', 0));
	}
	if (found.ptr)
		found = arena_str(a, found);
	(void)munmap(map, (size_t)st.st_size);
	return found;
}

static struct str find(struct db *db, struct str id, struct arena *a)
{
	autoclose int old = -1;
	struct str line = STR_NONE;
	char path[512];

	if (db->starts > 0)
		line = find_in(db->starts, id, a);
	if (line.ptr || !path_of(db, OLD, path))
		return line;
	old = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return old < 0 ? line : find_in(old, id, a);
}

/* --- putting back --- */

/* What the book says is overruled by `set`, "column" and value in turns. */
struct set {
	const char *column, *value; /* NULL: the column is left out */
};

static const struct set *find_set(const struct set *set, size_t n, struct str column)
{
	for (size_t i = 0; i < n; i++)
		if (str_is(column, set[i].column))
			return &set[i];
	return NULL;
}

static int bind(struct q *q, const struct json *v)
{
	int64_t n;

	if (v->type == JSON_NUMBER) {
		if (str_to_i64(v->text, INT64_MIN, INT64_MAX, &n) < 0)
			return -EBADMSG;
		q_int(q, n);
	} else {
		q_str(q, v->text);
	}
	return 0;
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!((s.ptr[i] >= 'a' && s.ptr[i] <= 'z') || s.ptr[i] == '_'))
			return false;
	return s.len > 0;
}

static void put_insert(struct buf *b, const char *table, const struct json *row,
                       const struct set *set, size_t n)
{
	unsigned cols = 0;

	buf_printf(b, "INSERT OR IGNORE INTO %s(", table);
	json_for_each(it, row)
	{
		const struct set *s = find_set(set, n, it->key);

		if ((s && !s->value) || !is_name(it->key) || cols == COLS_MAX)
			continue;
		buf_printf(b, "%s%.*s", cols++ ? "," : "", STR_ARG(it->key));
	}
	buf_put_z(b, ") VALUES(");
	for (unsigned i = 0; i < cols; i++)
		buf_put_z(b, i ? ",?" : "?");
	buf_put_c(b, ')');
}

static int insert(struct db *db, const char *table, const struct json *row,
                  const struct set *set, size_t n, struct err *err)
{
	struct buf sql = BUF(8192);
	struct q q = { .db = db };
	int r = 0, rc;

	put_insert(&sql, table, row, set, n);
	rc = sqlite3_prepare_v2(db->h, buf_cstr(&sql), -1, &q.st, NULL);
	buf_fini(&sql);
	if (rc != SQLITE_OK)
		return db_err(db, rc, err);
	json_for_each(it, row)
	{
		const struct set *s = find_set(set, n, it->key);

		if ((s && !s->value) || !is_name(it->key) || q.at == COLS_MAX || r < 0)
			continue;
		if (s)
			q_text(&q, s->value);
		else
			r = bind(&q, it);
	}
	rc = r < 0 ? SQLITE_DONE : sqlite3_step(q.st);
	if (rc != SQLITE_DONE)
		r = db_err(db, rc, err);
	(void)sqlite3_finalize(q.st);
	return r;
}

static int is_there(struct db *db, struct str id)
{
	struct q q = db_q(db, "SELECT 1 FROM workspace WHERE id = ?");
	int r;

	q_str(&q, id);
	r = q_row(&q);
	q_end(&q);
	return r;
}

/* Its name may be another one's by now. */
static int insert_workspace(struct db *db, const struct json *row, struct err *err)
{
	char name[128];
	struct str id = json_str_or(row, "id", STR("")),
	           was = json_str_or(row, "name", STR(""));
	struct set set[] = { { "session_id", NULL }, { "name", name } };
	int r = insert(db, "workspace", row, set, 1, err);

	if (r < 0 || is_there(db, id) != 0)
		return r;
	(void)snprintf(name, sizeof(name), "%.*s (%.*s)", (int)utf8_whole(str_sub(was, 0, 48)),
	               was.ptr, 6, id.ptr + (id.len > 6 ? id.len - 6 : 0));
	return insert(db, "workspace", row, set, ARRAY_LEN(set), err);
}

int starts_adopt(struct db *db, struct str session_id, struct err *err)
{
	/* Lost: found alive it runs on, and its journal may end it. */
	static const struct set as_lost[] = {
		{ "state", "lost" },
		{ "reason", "" },
		{ "message", "Found again: the store had been restored from a backup." },
	};
	struct arena a = ARENA(1 << 20);
	struct str line = find(db, session_id, &a);
	struct json *doc = NULL;
	int r = line.ptr ? json_parse(&a, line, NULL, &doc, err) : 0;

	for (size_t i = 0; doc && r == 0 && i < ARRAY_LEN(tables); i++) {
		const struct json *row = json_get(doc, tables[i].table);

		if (strcmp(tables[i].table, "workspace") == 0)
			r = insert_workspace(db, row, err);
		else if (strcmp(tables[i].table, "session") == 0)
			r = insert(db, "session", row, as_lost, ARRAY_LEN(as_lost), err);
		else
			r = insert(db, tables[i].table, row, NULL, 0, err);
	}
	arena_fini(&a);
	return r < 0 ? r : doc != NULL;
}
