/* SPDX-License-Identifier: Apache-2.0 */
#include "store/upkeep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>

#include "store/copy.h"
#include "store/schema.h"

/* The store of that folder, and nobody else's as long as *lock is open. */
static int open_alone(const char *dir, int *lock, struct db *ret, struct err *err)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/carrel.lock", dir);
	*lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*lock < 0)
		return ERR(err, -errno, "%s: %m", path);
	if (flock(*lock, LOCK_EX | LOCK_NB) < 0)
		return ERR(err, -errno, "%s is in use (%m): stop Carrel first", dir);
	(void)snprintf(path, sizeof(path), "%s/carrel.db", dir);
	if (access(path, F_OK) < 0)
		return ERR(err, -errno, "%s: %m", path);
	return db_open(path, DB_WRITER, ret, err);
}

int store_downgrade(const char *dir, unsigned to, struct err *err)
{
	autoclose int lock = -1;
	struct db db = { 0 };
	int r = open_alone(dir, &lock, &db, err);

	if (r == 0)
		r = schema_back(&db, to, err);
	db_close(&db);
	return r;
}

int store_copy(const char *dir, const char *name, struct err *err)
{
	autoclose int lock = -1;
	struct db db = { 0 };
	char path[512];
	int r = open_alone(dir, &lock, &db, err);

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if (r == 0)
		r = copy_whole(&db, path, err);
	db_close(&db);
	return r;
}

static int check_whole(struct db *db, struct err *err)
{
	struct q q = db_q(db, "PRAGMA integrity_check(1)");
	int r = q_row(&q);

	if (r <= 0 || !str_is(q_get_str(&q), "ok"))
		r = ERR(err, -EBADMSG, "the database is not whole");
	q_end(&q);
	return r < 0 ? r : 0;
}

int store_check(const char *path, unsigned *ret, struct err *err)
{
	struct db db;
	unsigned have = 0;
	int r;

	r = db_open(path, DB_WRITER, &db, err); /* a reader could not open it without its log */
	if (r < 0)
		return r;
	r = check_whole(&db, err);
	if (r == 0)
		r = schema_of(&db, &have, err);
	if (r == 0 && (have == 0 || have > schema_version))
		r = ERR(err, -EPROTO, "%s has schema %u, this release knows %u", path, have,
		        schema_version);
	db_close(&db);
	if (r == 0)
		*ret = have;
	return r < 0 ? err_wrap(err, r, "%s", path) : 0;
}

struct store_runs {
	struct db db;
};

int store_runs_open(const char *path, struct store_runs **ret, struct err *err)
{
	struct store_runs *s = xcalloc(1, sizeof(*s));
	int r = db_open(path, DB_WRITER, &s->db, err);

	if (r < 0)
		free(s);
	else
		*ret = s;
	return r;
}

int64_t store_runs_count(struct store_runs *s, struct str session, uint32_t epoch)
{
	struct q q = db_q(&s->db, "SELECT count(*) FROM run_record WHERE session_id = ?"
	                          " AND epoch = ?");
	int64_t n = 0;

	q_str(&q, session);
	q_int(&q, epoch);
	if (q_row(&q) > 0)
		n = q_get_int(&q);
	q_end(&q);
	return n;
}

void store_runs_close(struct store_runs *s)
{
	if (!s)
		return;
	db_close(&s->db);
	free(s);
}
