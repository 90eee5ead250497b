/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST api/carrel/restore {"path"}: what was deleted last from there comes back
 * out of the trash (trash.c), or nothing happens. It is the undo of a delete:
 * nobody has to remember a name in the trash, and a page that was closed
 * meanwhile has lost nothing.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "agent/contents.h"
#include "agent/trash.h"
#include "base/encode.h"
#include "base/file.h"

#define SUFFIX     ".trashinfo"
#define NAME_KEEPS 200U /* of a name's bytes the trash keeps at least these */

struct thrown {
	char name[NAME_MAX + 1]; /* in files/; "": none found */
	struct timespec when;
};

static bool later(const struct timespec *x, const struct timespec *y)
{
	return x->tv_sec != y->tv_sec ? x->tv_sec > y->tv_sec : x->tv_nsec > y->tv_nsec;
}

/* Does this .trashinfo name `line`, and when was it written? */
static bool info_says(int info, const char *file, struct str line, struct timespec *ret)
{
	autoclose int fd = openat(info, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct buf b = BUF(32768);
	struct stat st;
	bool yes;

	yes = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	      file_read_fd(fd, &b, NULL) == 0 && str_find(buf_str(&b), line) < buf_len(&b);
	if (yes)
		*ret = st.st_mtim;
	buf_fini(&b);
	return yes;
}

/* Only names that the trash would have given it are read: there may be thousands. */
static bool may_be(const char *file, struct str name)
{
	struct str f = str_of(file), start = str_sub(name, 0, NAME_KEEPS);

	return f.len > sizeof(SUFFIX) - 1 && f.len <= NAME_MAX && str_starts(f, start) &&
	       str_ends(f, STR(SUFFIX));
}

static int find_last(const struct bin *bin, struct str name, struct str line,
                     struct thrown *ret)
{
	int fd = openat(bin->info, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	*ret = (struct thrown){ 0 };
	if (!d) {
		own_close(&fd);
		return -ENOENT;
	}
	while ((e = readdir(d))) {
		struct timespec when;
		size_t len = strlen(e->d_name);

		if (!may_be(e->d_name, name) || !info_says(bin->info, e->d_name, line, &when) ||
		    (ret->name[0] && !later(&when, &ret->when)))
			continue;
		len -= sizeof(SUFFIX) - 1;
		memcpy(ret->name, e->d_name, len);
		ret->name[len] = '\0';
		ret->when = when;
	}
	(void)closedir(d);
	return ret->name[0] ? 0 : -ENOENT;
}

static int take_out(const struct bin *bin, const struct thrown *t, const struct place *to)
{
	struct place from = { .dir = bin->files };
	struct buf info = BUF((size_t)NAME_MAX + 16);
	int r;

	memcpy(from.name, t->name, sizeof(from.name));
	r = rename_noreplace(&from, to);
	buf_printf(&info, "%s" SUFFIX, t->name);
	if (r == 0)
		(void)!place_sync(to);
	if (r == 0 && !buf_error(&info))
		(void)unlinkat(bin->info, buf_cstr(&info), 0);
	buf_fini(&info);
	return r;
}

/* -ENOENT: not in the trash; -ENOTDIR: its folder is gone; -EEXIST. */
static int restore(struct agent *a, struct str path)
{
	struct arena m = ARENA(256U << 10);
	struct buf line = BUF(32768);
	struct place to = PLACE_NONE;
	struct bin bin = BIN_NONE;
	struct str original;
	struct thrown t;
	int r = place_of(a, path, &to);

	if (r == -ENOENT)
		r = -ENOTDIR;
	if (r == 0)
		r = bin_of(a, &m, &to, &bin, &original) < 0 ? -ENOENT : 0;
	if (r == 0) {
		buf_put_z(&line, "\nPath=");
		pct_put(&line, original, "/");
		buf_put_z(&line, "\n");
		r = buf_error(&line);
	}
	if (r == 0)
		r = find_last(&bin, str_of(to.name), buf_str(&line), &t);
	if (r == 0)
		r = take_out(&bin, &t, &to);
	bin_fini(&bin);
	place_fini(&to);
	buf_fini(&line);
	arena_fini(&m);
	return r;
}

static void on_body(struct call *c, const struct json *body)
{
	struct str path = STR_NONE;
	int r;

	if (!body || json_get_str(body, "path", &path) < 0 || !path.len) {
		agent_json_error(c->r, 400, NULL, "Say which: {\"path\": \"folder/name\"}");
		return;
	}
	if (!contents_body_path(c, path, &path))
		return;
	r = path.len ? restore(c->a, path) : -ENOENT;
	if (r == -EEXIST || r == -ENOTEMPTY) {
		agent_json_error(c->r, 409, NULL,
		                 "There is a %.*s again; rename it first, then bring the other "
		                 "one back.",
		                 STR_ARG(path));
	} else if (r == -ENOTDIR) {
		agent_json_error(c->r, 404, NULL, "The folder of %.*s is not there any more.",
		                 STR_ARG(path));
	} else if (r == -ENOENT) {
		agent_json_error(c->r, 404, NULL, "%.*s is not in the trash any more.",
		                 STR_ARG(path));
	} else if (r < 0) {
		contents_fail(c, r, path, "bring back");
	} else {
		call_touch(c, ACT_SAVE);
		contents_event(c, "copy", path, STR_NONE);
		contents_reply(c, 200, path, NULL);
	}
}

static void post(struct call *c)
{
	call_read_json(c, CALL_JSON_MAX, on_body);
}

const struct route restore_routes[] = {
	{ "POST", "api/carrel/restore", post, ROUTE_API },
	{ 0 },
};
