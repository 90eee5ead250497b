/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/time.h"
#include "daemon/backup-files.h"
#include "daemon/backup.h"
#include "engine/journals.h"
#include "store/upkeep.h"

#define RECORD_BYTES 512 /* doc/internals/journal.md */

struct restore {
	int from, state;         /* directories */
	struct store_runs *runs; /* what the restored store knows */
	const char *sub;
	size_t files, again;
};

static bool exists(int dir, const char *path)
{
	return faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A journal of the backup that this state does not have. */
static int take_journal(const char *name, void *arg, struct err *err)
{
	struct restore *x = arg;
	char from[300], done[300], to[300], sum[65];
	uint64_t size;
	int r;

	(void)snprintf(from, sizeof(from), "%s/%s", x->sub, name);
	(void)snprintf(to, sizeof(to), "journal/%s", name);
	(void)snprintf(done, sizeof(done), "journal/done/%s", name);
	if (exists(x->state, to) || exists(x->state, done))
		return 0; /* ours goes on where that one ends */
	r = backup_copy(x->from, from, x->state, from, sum, &size, err);
	x->files += r == 0;
	return r;
}

/* Acknowledged by a later store than this one: the engine has to tell of it
 * again. What it tells twice changes nothing. */
static int tell_again(const char *name, void *arg, struct err *err)
{
	struct restore *x = arg;
	char from[300], to[300], key[128];
	struct str session, file = str_of(name);
	struct stat st;
	uint32_t epoch;

	if (!str_ends(file, STR(".journal")) || file.len >= sizeof(key))
		return 0;
	(void)snprintf(key, sizeof(key), "%.*s", (int)(file.len - 8), file.ptr);
	(void)snprintf(from, sizeof(from), "journal/done/%s", name);
	(void)snprintf(to, sizeof(to), "journal/%s", name);
	if (journals_split_key(str_of(key), &session, &epoch) < 0 ||
	    fstatat(x->state, from, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    store_runs_count(x->runs, session, epoch) >= st.st_size / RECORD_BYTES)
		return 0;
	if (renameat(x->state, from, x->state, to) < 0)
		return ERR(err, -errno, "%s: %m", from);
	(void)snprintf(from, sizeof(from), "journal/done/%s.beat", key);
	(void)snprintf(to, sizeof(to), "journal/%s.beat", key);
	(void)renameat(x->state, from, x->state, to);
	x->again++;
	return 0;
}

static int take_journals(struct restore *x, const char *db, struct err *err)
{
	static const char *const subs[] = { "journal", "journal/done" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(subs); i++) {
		x->sub = subs[i];
		r = backup_each(x->from, subs[i], take_journal, x, err);
	}
	if (r == 0)
		r = store_runs_open(db, &x->runs, err);
	if (r == 0)
		r = backup_each(x->state, "journal/done", tell_again, x, err);
	store_runs_close(x->runs);
	/* All of them stay, before the store that knows them does. */
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(subs); i++)
		r = backup_sync(x->state, subs[i], err);
	return r;
}

/* Logs go with their store: left behind, they would be written into another one. */
static int move_logs(int db, const char *aside, struct err *err)
{
	static const char *const suffixes[] = { "-wal", "-journal" };
	char from[32], to[80];

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		(void)snprintf(from, sizeof(from), "carrel.db%s", suffixes[i]);
		(void)snprintf(to, sizeof(to), "%s%s", aside, suffixes[i]);
		if (renameat(db, from, db, to) < 0 && errno != ENOENT)
			return ERR(err, -errno, "%s: %m", from);
	}
	(void)unlinkat(db, "carrel.db-shm", 0);
	return 0;
}

/* The one that is there, with its log, is moved aside; there is no moment
 * without a carrel.db. */
static int put_in_place(int db, struct err *err)
{
	char aside[64], when[TIME_RFC3339_MAX];
	int r;

	time_rfc3339(time_wall_us(), when);
	(void)snprintf(aside, sizeof(aside), "replaced-%s.db", when);
	r = move_logs(db, aside, err);
	if (r < 0)
		return r;
	if (!exists(db, "carrel.db"))
		return renameat(db, "restore.db", db, "carrel.db") < 0
		           ? ERR(err, -errno, "carrel.db: %m")
		           : 0;
	if (renameat2(db, "restore.db", db, "carrel.db", RENAME_EXCHANGE) < 0 ||
	    renameat(db, "restore.db", db, aside) < 0)
		return ERR(err, -errno, "carrel.db: %m");
	(void)printf("The store that was there is now db/%s.\n", aside);
	return 0;
}

static int restore(struct restore *x, const char *state, bool replace, struct err *err)
{
	autoclose int db = openat(x->state, "db", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char path[1100], sum[65];
	unsigned schema;
	uint64_t size;
	int r;

	if (db < 0)
		return ERR(err, -errno, "%s/db: %m", state);
	if (exists(db, "carrel.db") && !replace)
		return ERR(err, -EEXIST,
		           "%s has a store already. With --replace it is moved aside, and the "
		           "backup takes its place.",
		           state);
	/* Looked at in a folder of root's own: see backup.c. */
	backup_drop_store(x->state, "restore.db");
	backup_drop_store(db, "restore.db");
	r = backup_copy(x->from, "carrel.db", x->state, "restore.db", sum, &size, err);
	(void)snprintf(path, sizeof(path), "%s/restore.db", state);
	if (r == 0)
		r = store_check(path, &schema, err);
	/* Journals first: killed in between, the store that is there hears again
	 * what it knows. */
	if (r == 0)
		r = take_journals(x, path, err);
	if (r == 0)
		r = backup_move(x->state, "restore.db", db, "restore.db", err);
	if (r == 0)
		r = put_in_place(db, err);
	backup_drop_store(x->state, "restore.db");
	if (r == 0 && (fsync(db) < 0 || fsync(x->state) < 0))
		r = ERR(err, -errno, "%s: %m", state);
	return r;
}

static int in_slot(struct restore *x, const struct config *c, bool replace, struct err *err)
{
	struct runtime rt = { .lock_fd = -1, .net_fd = -1 };
	int r = runtime_take(c->state, &rt, err); /* nobody starts meanwhile */

	if (r == -EALREADY)
		return ERR(err, r, "Carrel runs on %s: end it first (sessions may go on)",
		           c->state);
	if (r == 0)
		r = runtime_dirs(&rt, err);
	if (r == 0) {
		x->state = open(rt.state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = x->state < 0 ? ERR(err, -errno, "%s: %m", rt.state)
		                 : restore(x, rt.state, replace, err);
	}
	if (r == 0)
		r = runtime_dirs(&rt, err); /* core's files are core's */
	own_close(&x->state);
	runtime_leave(&rt);
	runtime_fini(&rt);
	return r;
}

int client_restore(const struct config *c, const struct client_arg *arg, struct err *err)
{
	struct restore x = { .from = -1, .state = -1 };
	struct buf manifest = BUF(BACKUP_MANIFEST_MAX);
	struct str made;
	int r;

	if (!arg->operand)
		return ERR(err, -EINVAL, "say where from: carreld restore DIR");
	x.from = open(arg->operand, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = x.from < 0 ? ERR(err, -errno, "%s: %m", arg->operand)
	               : backup_verify(x.from, &manifest, err);
	if (r == 0)
		r = in_slot(&x, c, arg->replace, err);
	made = backup_get(buf_str(&manifest), "made");
	if (r == 0)
		(void)printf(
		    "Restored as of %.*s, with %zu journals; %zu runs since then are read "
		    "again at the next start.\nTokens and sign-ins that were ended since then "
		    "are valid again: revoke them anew.\n",
		    STR_ARG(made), x.files, x.again);
	own_close(&x.from);
	buf_fini(&manifest);
	return r;
}

int client_downgrade_store(const struct config *c, const struct client_arg *arg,
                           struct err *err)
{
	struct runtime_process parent;
	struct runtime rt;
	char dir[1100];
	uint64_t to;
	int r;

	if (!arg->operand || str_to_u64(str_of(arg->operand), 1, 1000, &to) < 0)
		return ERR(err, -EINVAL, "say the schema: carreld downgrade-store N");
	if (client_find(c, &rt, &parent, NULL) == 0)
		return ERR(err, -EBUSY, "Carrel runs on %s: end it first", c->state);
	(void)snprintf(dir, sizeof(dir), "%s/db", c->state);
	r = store_downgrade(dir, (unsigned)to, err);
	if (r == 0)
		(void)printf(
		    "The store is ready for a release with schema %u. A copy of it as it "
		    "was is db/before-back.db.\n",
		    (unsigned)to);
	return r;
}
