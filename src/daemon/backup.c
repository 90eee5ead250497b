/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "daemon/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/time.h"
#include "daemon/backup-files.h"
#include "daemon/client-http.h"
#include "store/upkeep.h"

#define CORE_S 600U /* for a copy of the store */

struct backup {
	const char *state;
	int state_dir, to; /* STATE, and the directory being made */
	const char *sub;   /* of the journals: "journal", "journal/done" */
	struct buf manifest;
	size_t files;
};

/* Core makes a copy of one moment beside its file, while it goes on writing;
 * without core we do. */
static int copy_store(const struct config *c, struct err *err)
{
	struct buf body = BUF(65536);
	struct runtime_process parent;
	struct runtime rt;
	char text[1100];
	int r;

	if (client_find(c, &rt, &parent, NULL) < 0) {
		(void)snprintf(text, sizeof(text), "%s/db", c->state);
		return store_copy(text, "backup.db", err);
	}
	(void)snprintf(text, sizeof(text), "unix:%s/edge/core.sock", rt.dir);
	r = client_http(text, "POST", "/internal/backup", "localhost", CORE_S, &body, err);
	if (r >= 0 && r != 200)
		r = ERR(err, -EIO, "core answers %d: %.*s", r, STR_ARG(buf_str(&body)));
	buf_fini(&body);
	return r < 0 ? r : 0;
}

static int add(struct backup *b, const char *from, const char *to, struct err *err)
{
	char sum[65];
	uint64_t size;
	int r = backup_copy(b->state_dir, from, b->to, to, sum, &size, err);

	if (r == 0) {
		backup_line(&b->manifest, sum, size, to);
		b->files++;
	}
	return r;
}

static int add_journal(const char *name, void *arg, struct err *err)
{
	struct backup *b = arg;
	struct err why = ERR_NONE;
	char path[512];
	int r;

	(void)snprintf(path, sizeof(path), "%s/%s", b->sub, name);
	r = add(b, path, path, &why);
	if (r == -ENOENT)
		return 0; /* moved to done/ this moment, which comes after */
	return r < 0 ? ERR(err, r, "%s", why.msg) : 0;
}

static int fill(struct backup *b, struct err *err)
{
	static const char *const subs[] = { "journal", "journal/done" };
	unsigned schema;
	char path[1200], when[TIME_RFC3339_MAX];
	int r;

	/* Out of core's folder: a journal that somebody lays beside it there, SQLite
	 * would act on, and here that is root. */
	backup_drop_store(b->state_dir, "backup.db");
	r = backup_move(b->state_dir, "db/backup.db", b->state_dir, "backup.db", err);
	if (r == 0)
		r = add(b, "backup.db", "carrel.db", err);
	(void)snprintf(path, sizeof(path), "%s/backup.db", b->state);
	if (r == 0)
		r = store_check(path, &schema, err);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(subs); i++) {
		b->sub = subs[i];
		if (mkdirat(b->to, subs[i], 0700) < 0)
			return ERR(err, -errno, "%s: %m", subs[i]);
		r = backup_each(b->state_dir, subs[i], add_journal, b, err);
		if (r == 0)
			r = backup_sync(b->to, subs[i], err);
	}
	if (r < 0)
		return r;
	time_rfc3339(time_wall_us(), when);
	buf_printf(&b->manifest, "schema %u\nversion %s\nmade %s\nend\n", schema,
	           CARREL_VERSION, when);
	if (buf_error(&b->manifest))
		return ERR(err, -E2BIG, "too many journals for one backup");
	return file_write_atomic(b->to, "MANIFEST", buf_str(&b->manifest), 0600, err);
}

/* DIR.part becomes DIR, which may be an empty directory. */
static int make(struct backup *b, const char *dir, struct err *err)
{
	char part[1024];
	int r;

	(void)snprintf(part, sizeof(part), "%s.part", dir);
	/* What one that was killed has left goes first. */
	if (file_remove_tree(AT_FDCWD, part, NULL) < 0 && errno != ENOENT)
		return ERR(err, -errno, "%s: %m", part);
	if (mkdir(part, 0700) < 0)
		return ERR(err, -errno, "%s: %m", part);
	b->to = open(part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = b->to < 0 ? ERR(err, -errno, "%s: %m", part) : fill(b, err);
	if (r == 0 && (fsync(b->to) < 0 || rename(part, dir) < 0))
		r = ERR(err, -errno, "%s: %m", dir);
	if (r < 0 && file_remove_tree(AT_FDCWD, part, NULL) < 0)
		(void)fprintf(stderr, "carreld: %s is left behind\n", part);
	own_close(&b->to);
	return r;
}

int client_backup(const struct config *c, const struct client_arg *arg, struct err *err)
{
	struct backup b = { .state = c->state, .to = -1, .manifest = BUF(BACKUP_MANIFEST_MAX) };
	int r;

	if (!arg->operand)
		return ERR(err, -EINVAL, "say where to: carreld backup DIR");
	b.state_dir = open(c->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (b.state_dir < 0)
		return ERR(err, -errno, "%s: %m", c->state);
	buf_put_z(&b.manifest, "carrel-backup 1\n");
	r = copy_store(c, err);
	if (r == 0)
		r = make(&b, arg->operand, err);
	backup_drop_store(b.state_dir, "db/backup.db");
	backup_drop_store(b.state_dir, "backup.db");
	own_close(&b.state_dir);
	buf_fini(&b.manifest);
	if (r < 0)
		return r;
	(void)printf(
	    "Store and journals (%zu files) are in %s. People's files, the volumes under "
	    "%s/volumes, are not: back those up too.\n",
	    b.files, arg->operand, c->state);
	return 0;
}
