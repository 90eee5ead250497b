/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/rootfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"

#define PATH_DEFAULT "/home/carrel/.local/bin:/usr/local/bin:/usr/bin:/bin"

struct walk {
	const char *dir;
	/* One image. Returns 0 to go on, 1 to end, -errno. */
	int (*fn)(struct walk *w, const char *id, const struct json *t, struct err *err);
	void *arg;
};

/* What is not there is no image; what can't be read just now may be one. */
static int unread(struct err *err, int r, const char *path)
{
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	errno = -r;
	return ERR(err, r == -EMFILE || r == -ENFILE || r == -ENOMEM ? -EAGAIN : r,
	           "the image under %s can't be read: %m", path);
}

/* image.json of one folder; *ret is NULL if that is no image. */
static int read_one(const char *dir, const char *id, struct arena *a, struct json **ret,
                    struct err *err)
{
	char path[IMAGE_PATH_MAX + 300];
	struct buf b = BUF(65536);
	struct str text;
	int r;

	*ret = NULL;
	(void)snprintf(path, sizeof(path), "%s/%s/image.json", dir, id);
	r = file_read(AT_FDCWD, path, &b, NULL);
	if (r == 0) {
		text = arena_str(a, buf_str(&b));
		if (!text.ptr || json_parse(a, text, NULL, ret, NULL) < 0 ||
		    !str_is(json_str_or(*ret, "id", STR("")), id))
			*ret = NULL;
	} else if (r != -EFBIG) {
		r = unread(err, r, path);
	}
	buf_fini(&b);
	return r == -EFBIG ? 0 : r;
}

static int is_ready(const char *dir, const char *id, bool *ret, struct err *err)
{
	char path[IMAGE_PATH_MAX + 300];

	(void)snprintf(path, sizeof(path), "%s/%s/rootfs/bin", dir, id);
	*ret = access(path, F_OK) == 0;
	return *ret ? 0 : unread(err, -errno, path);
}

static int walk_one(struct walk *w, const char *id, struct err *err)
{
	struct arena a = ARENA(1U << 20);
	struct json *t = NULL;
	int r = read_one(w->dir, id, &a, &t, err);

	if (r == 0 && t)
		r = w->fn(w, id, t, err);
	arena_fini(&a);
	return r;
}

/* All images of a folder; a folder that is not there has none. One that can't be
 * read does not hide the others: the first such error is what is returned at
 * the end, or 1 if fn ended it. */
static int walk(struct walk *w, struct err *err)
{
	DIR *d = opendir(w->dir);
	struct dirent *e;
	int r = 0, bad = 0;

	if (!d)
		return unread(err, -errno, w->dir);
	while (r <= 0) {
		errno = 0;
		e = readdir(d);
		if (!e)
			break;
		if (e->d_name[0] == '.')
			continue;
		r = walk_one(w, e->d_name, bad ? NULL : err);
		if (r < 0 && bad == 0)
			bad = r;
	}
	if (r <= 0 && bad == 0 && errno)
		bad = unread(err, -errno, w->dir);
	(void)closedir(d);
	return r > 0 ? r : bad;
}

static int list_one(struct walk *x, const char *id, const struct json *t, struct err *err)
{
	struct jsonw *w = x->arg;
	uint64_t size = 0;
	bool ready;
	int r = is_ready(x->dir, id, &ready, err);

	if (r < 0)
		return r;
	if (json_get_u64(t, "size_bytes", INT64_MAX, &size) < 0)
		size = 0;
	jw_obj(w);
	jw_kv_z(w, "id", id);
	jw_kv_str(w, "name", json_str_or(t, "name", str_of(id)));
	jw_kv_str(w, "digest", json_str_or(t, "digest", STR("")));
	jw_kv_u64(w, "size_bytes", size);
	jw_kv_bool(w, "ready", ready);
	jw_obj_end(w);
	return 0;
}

int rootfs_list(const char *dir, struct jsonw *w, struct err *err)
{
	struct walk x = { dir, list_one, w };
	int r;

	jw_arr(w);
	r = walk(&x, err);
	jw_arr_end(w);
	return r;
}

struct search {
	struct str id;
	char newest[64];
	bool found;
	struct image *ret;
};

static void fill(const char *dir, const char *id, const struct json *t, struct image *ret)
{
	struct str path = json_str_or(json_get(t, "env"), "PATH", STR(PATH_DEFAULT));

	if (path.len >= sizeof(ret->path))
		path = STR(PATH_DEFAULT);
	(void)snprintf(ret->rootfs, sizeof(ret->rootfs), "%s/%s/rootfs", dir, id);
	(void)snprintf(ret->path, sizeof(ret->path), "%.*s", STR_ARG(path));
}

static int find_one(struct walk *x, const char *id, const struct json *t, struct err *err)
{
	struct str created = str_sub(json_str_or(t, "created", STR("")), 0, 63);
	struct search *s = x->arg;
	bool exact = str_is(s->id, id), ready;
	int r;

	/* Times are RFC 3339 in UTC: their order is that of the text. */
	if (!exact && (!str_eq(json_str_or(t, "name", STR("")), s->id) ||
	               str_cmp(created, str_of(s->newest)) < 0))
		return 0;
	r = is_ready(x->dir, id, &ready, err);
	if (r < 0 || !ready)
		return r;
	(void)snprintf(s->newest, sizeof(s->newest), "%.*s", STR_ARG(created));
	fill(x->dir, id, t, s->ret);
	s->found = true;
	return exact;
}

int rootfs_find(const char *dir, struct str id, struct image *ret, struct err *err)
{
	struct search s = { .id = id, .ret = ret };
	struct walk x = { dir, find_one, &s };
	int r = walk(&x, err);

	if (r < 0)
		return r;
	return s.found ? 0
	               : ERR(err, -ENOENT,
	                     "there is no image %.*s under %s: make one with tools/make-image",
	                     STR_ARG(id), dir);
}
