/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/journals.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/log.h"

#define SUFFIX    ".journal"
#define NAME_MAX_ 96

int journals_split_key(struct str key, struct str *session, uint32_t *epoch)
{
	size_t dash = key.len;
	uint64_t e;

	while (dash > 0 && key.ptr[dash - 1] != '-')
		dash--;
	if (dash < 2 || str_to_u64(str_sub(key, dash, key.len), 0, UINT32_MAX, &e) < 0)
		return -EINVAL;
	*session = str_sub(key, 0, dash - 1);
	*epoch = (uint32_t)e;
	return 0;
}

static int open_run(const char *dir, const char *key)
{
	char path[1024];

	(void)snprintf(path, sizeof(path), "%s/%s" SUFFIX, dir, key);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
}

static void read_all(int fd, journals_fn *fn, void *arg)
{
	uint8_t bytes[JOURNAL_RECORD];
	struct journal_rec r;

	for (off_t at = 0; pread(fd, bytes, sizeof(bytes), at) == sizeof(bytes) &&
	                   journal_decode(bytes, &r) == 0;
	     at += JOURNAL_RECORD)
		fn(&r, arg);
}

int journals_run(const char *dir, const char *key, journals_fn *fn, void *arg)
{
	autoclose int fd = open_run(dir, key);

	if (fd < 0)
		return -errno;
	read_all(fd, fn, arg);
	return 0;
}

void journals_keys(const char *dir, void (*fn)(const char *key, void *arg), void *arg)
{
	DIR *d = opendir(dir);

	for (struct dirent *e; d && (e = readdir(d));) {
		struct str name = str_of(e->d_name), session;
		char key[NAME_MAX_];
		uint32_t epoch;

		if (!str_ends(name, STR(SUFFIX)) || name.len >= sizeof(key))
			continue;
		name.len -= sizeof(SUFFIX) - 1;
		if (journals_split_key(name, &session, &epoch) < 0)
			continue;
		(void)snprintf(key, sizeof(key), "%.*s", STR_ARG(name));
		fn(key, arg);
	}
	if (d)
		(void)closedir(d);
}

struct each {
	const char *dir;
	journals_fn *fn;
	void *arg;
};

static void each_key(const char *key, void *arg)
{
	const struct each *e = arg;
	autoclose int fd = open_run(e->dir, key);

	if (fd >= 0)
		read_all(fd, e->fn, e->arg);
}

void journals_each(const char *dir, journals_fn *fn, void *arg)
{
	struct each e = { dir, fn, arg };

	journals_keys(dir, each_key, &e);
}

bool journals_exist(const char *dir, const char *key)
{
	char path[1024];

	(void)snprintf(path, sizeof(path), "%s/%s" SUFFIX, dir, key);
	if (access(path, F_OK) == 0)
		return true;
	(void)snprintf(path, sizeof(path), "%s/done/%s" SUFFIX, dir, key);
	return access(path, F_OK) == 0;
}

static void note_kind(const struct journal_rec *r, void *arg)
{
	*(uint32_t *)arg = r->kind;
}

bool journals_is_running(const char *dir, const char *key)
{
	uint32_t kind = 0;

	return journals_run(dir, key, note_kind, &kind) == 0 && kind == JOURNAL_START;
}

static int move(const char *dir, const char *key, const char *suffix, struct err *err)
{
	char from[1024], to[1024];

	(void)snprintf(from, sizeof(from), "%s/%s%s", dir, key, suffix);
	(void)snprintf(to, sizeof(to), "%s/done/%s%s", dir, key, suffix);
	/* What the books were made of is never replaced; nobody else moves here. */
	if (access(from, F_OK) == 0 && access(to, F_OK) == 0) {
		log_event(LOG_ERROR, "recorded_twice", LZ("journal", to));
		(void)snprintf(to, sizeof(to), "%s/done/%s%s.again", dir, key, suffix);
	}
	if (rename(from, to) < 0 && errno != ENOENT)
		return ERR(err, -errno, "can't move %s to done: %m", from);
	return 0;
}

int journals_ack(const char *dir, const char *key, struct err *err)
{
	int r;

	if (journals_is_running(dir, key))
		return ERR(err, -EBUSY, "the run %s has not ended yet", key);
	r = move(dir, key, ".beat", err);
	return r < 0 ? r : move(dir, key, SUFFIX, err);
}
