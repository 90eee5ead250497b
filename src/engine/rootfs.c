/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/rootfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"

#define PATH_DEFAULT "/home/carrel/.local/bin:/usr/local/bin:/usr/bin:/bin"

/* image.json of one folder; NULL if that is no image. */
static struct json *read_one(const char *dir, const char *id, struct arena *a)
{
	char path[IMAGE_PATH_MAX + 300];
	struct buf b = BUF(65536);
	struct json *tree = NULL;
	struct str text;

	(void)snprintf(path, sizeof(path), "%s/%s/image.json", dir, id);
	if (file_read(AT_FDCWD, path, &b, NULL) == 0) {
		text = arena_str(a, buf_str(&b));
		if (!text.ptr || json_parse(a, text, NULL, &tree, NULL) < 0 ||
		    !str_is(json_str_or(tree, "id", STR("")), id))
			tree = NULL;
	}
	buf_fini(&b);
	return tree;
}

static bool is_ready(const char *dir, const char *id)
{
	char path[IMAGE_PATH_MAX + 300];

	(void)snprintf(path, sizeof(path), "%s/%s/rootfs/bin", dir, id);
	return access(path, F_OK) == 0;
}

void rootfs_list(const char *dir, struct jsonw *w)
{
	DIR *d = opendir(dir);

	jw_arr(w);
	for (struct dirent *e; d && (e = readdir(d));) {
		struct arena a = ARENA(1U << 20);
		uint64_t size = 0;
		struct json *t = e->d_name[0] == '.' ? NULL : read_one(dir, e->d_name, &a);

		if (t) {
			if (json_get_u64(t, "size_bytes", INT64_MAX, &size) < 0)
				size = 0;
			jw_obj(w);
			jw_kv_z(w, "id", e->d_name);
			jw_kv_str(w, "name", json_str_or(t, "name", str_of(e->d_name)));
			jw_kv_str(w, "digest", json_str_or(t, "digest", STR("")));
			jw_kv_u64(w, "size_bytes", size);
			jw_kv_bool(w, "ready", is_ready(dir, e->d_name));
			jw_obj_end(w);
		}
		arena_fini(&a);
	}
	jw_arr_end(w);
	if (d)
		(void)closedir(d);
}

static void fill(const char *dir, const char *id, const struct json *t, struct image *ret)
{
	struct str path = json_str_or(json_get(t, "env"), "PATH", STR(PATH_DEFAULT));

	if (path.len >= sizeof(ret->path))
		path = STR(PATH_DEFAULT);
	(void)snprintf(ret->rootfs, sizeof(ret->rootfs), "%s/%s/rootfs", dir, id);
	(void)snprintf(ret->path, sizeof(ret->path), "%.*s", STR_ARG(path));
}

int rootfs_find(const char *dir, struct str id, struct image *ret, struct err *err)
{
	char newest[64] = "";
	bool found = false, exact = false;
	DIR *d = opendir(dir);

	for (struct dirent *e; !exact && d && (e = readdir(d));) {
		struct arena a = ARENA(1U << 20);
		struct json *t = e->d_name[0] == '.' ? NULL : read_one(dir, e->d_name, &a);
		struct str created = str_sub(json_str_or(t, "created", STR("")), 0, 63);

		exact = t && str_is(id, e->d_name);
		/* Times are RFC 3339 in UTC: their order is that of the text. */
		if (t && is_ready(dir, e->d_name) &&
		    (exact || (str_eq(json_str_or(t, "name", STR("")), id) &&
		               str_cmp(created, str_of(newest)) >= 0))) {
			(void)snprintf(newest, sizeof(newest), "%.*s", STR_ARG(created));
			fill(dir, e->d_name, t, ret);
			found = true;
		}
		arena_fini(&a);
	}
	if (d)
		(void)closedir(d);
	return found ? 0
	             : ERR(err, -ENOENT,
	                   "there is no image %.*s under %s: make one with tools/make-image",
	                   STR_ARG(id), dir);
}
