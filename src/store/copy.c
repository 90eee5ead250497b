/* SPDX-License-Identifier: Apache-2.0 */
#include "store/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macros.h"

#define FLAGS                                                               \
	(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | \
	 SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW)

static int failed(struct copy *c, int rc, struct err *err)
{
	struct db to = { .h = c->to };
	int r = db_errno(&to, rc);

	if (r == -ENOSPC)
		(void)ERR(err, r, "There is no room for %s.", c->path);
	else
		(void)ERR(err, r, "%s: %s", c->path, sqlite3_errstr(rc));
	copy_end(c);
	return r;
}

int copy_begin(struct db *from, const char *path, struct copy *ret, struct err *err)
{
	struct copy *c = ret;
	int rc;

	*c = (struct copy){ 0 };
	(void)snprintf(c->path, sizeof(c->path), "%s", path);
	(void)snprintf(c->part, sizeof(c->part), "%s.part", path);
	(void)unlink(c->part);
	/* SQLite would make it 0644. */
	own_close(&(int){ open(c->part, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600) });
	rc = sqlite3_open_v2(c->part, &c->to, FLAGS, NULL);
	if (rc == SQLITE_OK) /* it is thrown away as a whole, or synced as a whole */
		rc = sqlite3_exec(c->to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF",
		                  NULL, NULL, NULL);
	if (rc == SQLITE_OK) {
		c->run = sqlite3_backup_init(c->to, "main", from->h, "main");
		rc = c->run ? SQLITE_OK : sqlite3_extended_errcode(c->to);
	}
	return rc == SQLITE_OK ? 0 : failed(c, rc, err);
}

static int sync_folder(const char *path)
{
	autoclose int fd = -1;
	char dir[512];
	char *slash;

	(void)snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (slash)
		*slash = '\0';
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int finish(struct copy *c, struct err *err)
{
	autoclose int fd = -1;
	int rc = sqlite3_backup_finish(STEAL(c->run)), r;

	if (rc == SQLITE_OK)
		rc = sqlite3_close(STEAL(c->to));
	if (rc != SQLITE_OK)
		return failed(c, rc, err);
	fd = open(c->part, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0 || rename(c->part, c->path) < 0)
		r = ERR(err, -errno, "%s: %m", c->path);
	else
		r = sync_folder(c->path);
	if (r < 0)
		copy_end(c);
	c->part[0] = '\0';
	return r;
}

int copy_step(struct copy *c, int pages, struct err *err)
{
	int rc = sqlite3_backup_step(c->run, pages);

	if (rc == SQLITE_DONE)
		return finish(c, err);
	if (rc == SQLITE_OK || rc == SQLITE_BUSY || rc == SQLITE_LOCKED)
		return 1;
	return failed(c, rc, err);
}

void copy_end(struct copy *c)
{
	if (c->run)
		(void)sqlite3_backup_finish(STEAL(c->run));
	if (c->to)
		(void)sqlite3_close(STEAL(c->to));
	if (c->part[0])
		(void)unlink(c->part);
	c->part[0] = '\0';
}

int copy_whole(struct db *from, const char *path, struct err *err)
{
	struct copy c;
	int r = copy_begin(from, path, &c, err);

	if (r < 0)
		return r;
	do {
		r = copy_step(&c, -1, err);
	} while (r > 0);
	return r;
}
