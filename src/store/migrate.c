/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "store/copy.h"
#include "store/schema.h"

#define OLDEST_BACK 2U /* 1 was never released alone */

static int number(struct db *db, const char *sql, int64_t *ret, struct err *err)
{
	struct q q = db_q(db, sql);
	int r = q_row(&q);

	if (r > 0)
		*ret = q_get_int(&q);
	q_end(&q);
	return r < 0 ? ERR(err, r, "The database can't be read.") : 0;
}

int schema_of(struct db *db, unsigned *ret, struct err *err)
{
	int64_t n = 0;
	int r = number(db, "PRAGMA user_version", &n, err);

	if (r == 0)
		*ret = (unsigned)n;
	return r;
}

/* A number kept in `setting`, which older files do not have; 0: none. */
static int note(struct db *db, const char *name, unsigned *ret, struct err *err)
{
	int64_t n = 0;
	int r =
	    number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'setting'", &n, err);
	struct q q;

	*ret = 0;
	if (r < 0 || n == 0)
		return r;
	q = db_q(db, "SELECT CAST(value AS INTEGER) FROM setting WHERE name = ?");
	q_text(&q, name);
	r = q_row(&q);
	if (r > 0)
		*ret = (unsigned)q_get_int(&q);
	q_end(&q);
	return r < 0 ? ERR(err, r, "The database's settings can't be read.") : 0;
}

/* What belongs to the step beside its script: from 3 on the file says who may
 * use it, and that it has not gone back (any more). */
static void put_notes(struct buf *b, unsigned to, unsigned was)
{
	if (to >= 3)
		buf_printf(b,
		           "INSERT OR REPLACE INTO setting(name, value)"
		           " VALUES('schema_oldest','%u');",
		           migrations[to - 1].oldest);
	if (to >= 3 && to == was)
		buf_put_z(b, "DELETE FROM setting WHERE name = 'schema_was';");
	buf_printf(b, "PRAGMA user_version = %u; COMMIT;", to);
}

/* All or nothing: BEGIN … COMMIT. */
static int in_one(struct db *db, const char *script, const char *end, struct err *err)
{
	int r = db_script(db, "BEGIN EXCLUSIVE", err);

	if (r == 0)
		r = db_script(db, script, err);
	if (r == 0)
		r = db_script(db, end, err);
	if (r < 0 && !sqlite3_get_autocommit(db->h) && db_script(db, "ROLLBACK", NULL) < 0)
		return err_wrap(err, r, "and no way back");
	return r;
}

static int step(struct db *db, unsigned to, struct err *err)
{
	const struct migration *m = &migrations[to - 1];
	struct buf end = BUF(1024);
	const char *text;
	unsigned was;
	int r = note(db, "schema_was", &was, err);

	put_notes(&end, to, was);
	text = buf_cstr(&end);
	if (r == 0)
		r = buf_error(&end); /* without it there would be no COMMIT */
	if (r == 0)
		r = in_one(db, was >= to ? m->again : m->up, text, err);
	buf_fini(&end);
	return r < 0 ? err_wrap(err, r, "migration %u", to) : 0;
}

/* A newer release only added; it also says whether that is enough for us. */
static int use_newer(struct db *db, unsigned have, struct err *err)
{
	unsigned oldest;
	int r = note(db, "schema_oldest", &oldest, err);

	if (r < 0)
		return r;
	if (oldest && oldest <= schema_version) {
		log_event(LOG_WARN, "database_newer", LI("schema", have),
		          LI("known", schema_version));
		return 0;
	}
	return ERR(err, -EPROTO,
	           "The database was written by a newer release (schema %u, this one knows "
	           "%u). Install that release again; or, with it and with Carrel stopped, run "
	           "`carreld downgrade-store %u`; or restore a backup.",
	           have, schema_version, schema_version);
}

int schema_migrate_to(struct db *db, unsigned version, struct err *err)
{
	unsigned have = 0;
	int r = schema_of(db, &have, err);

	if (r == 0 && have > schema_version)
		return use_newer(db, have, err);
	while (r == 0 && have < version)
		r = step(db, ++have, err);
	return r;
}

static int keep_copy(struct db *db, const char *name, struct err *err)
{
	const char *file = sqlite3_db_filename(db->h, "main");
	const char *slash = strrchr(file, '/');
	char path[512];
	int r;

	(void)snprintf(path, sizeof(path), "%.*s/%s", slash ? (int)(slash - file) : 1,
	               slash ? file : ".", name);
	r = copy_whole(db, path, err);
	if (r == 0)
		log_event(LOG_INFO, "database_copied", LZ("to", path));
	return r;
}

int schema_migrate(struct db *db, struct err *err)
{
	unsigned have = 0;
	char name[32];
	int r = schema_of(db, &have, err);

	if (r == 0 && have > 0 && have < schema_version) {
		(void)snprintf(name, sizeof(name), "before-v%u.db", schema_version);
		r = keep_copy(db, name, err);
		if (r < 0)
			return err_wrap(err, r, "the copy before the migration");
	}
	return r < 0 ? r : schema_migrate_to(db, schema_version, err);
}

int schema_back(struct db *db, unsigned to, struct err *err)
{
	struct buf end = BUF(1024);
	const char *text;
	unsigned have = 0;
	int r = schema_of(db, &have, err);

	if (r < 0)
		return r;
	if (to < OLDEST_BACK || to >= have || have > schema_version)
		return ERR(err, -EINVAL,
		           "The database has schema %u: it can go back to %u … %u, and only "
		           "with the release that wrote it.",
		           have, OLDEST_BACK, have - 1);
	r = keep_copy(db, "before-back.db", err);
	buf_printf(&end,
	           "INSERT OR REPLACE INTO setting(name, value) VALUES('schema_was','%u');"
	           "PRAGMA user_version = %u; COMMIT;",
	           have, to);
	text = buf_cstr(&end);
	if (r == 0)
		r = buf_error(&end);
	if (r == 0)
		r = in_one(db, "", text, err);
	buf_fini(&end);
	return r;
}
