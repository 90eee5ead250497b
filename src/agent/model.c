/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/model.h"

#include <errno.h>
#include <fcntl.h>

#include "agent/mime.h"
#include "agent/place.h"

static wall_us wall_of(const struct timespec *t)
{
	return (wall_us)t->tv_sec * 1000000 + t->tv_nsec / 1000;
}

wall_us stat_mtime(const struct stat *st)
{
	return wall_of(&st->st_mtim);
}

int entry_of_fd(int fd, struct str path, struct entry *ret)
{
	struct entry e = { .path = path };

	if (fstat(fd, &e.st) < 0)
		return -errno;
	if (S_ISDIR(e.st.st_mode))
		e.type = ENTRY_DIR;
	else if (!S_ISREG(e.st.st_mode))
		return -EOPNOTSUPP;
	else
		e.type = str_ends(path, STR(".ipynb")) ? ENTRY_NOTEBOOK : ENTRY_FILE;
	e.writable = place_writable(fd, "");
	*ret = e;
	return 0;
}

int entry_load(const struct agent *a, struct str path, struct entry *ret)
{
	autoclose int fd = place_open(a, path, O_PATH);

	return fd < 0 ? fd : entry_of_fd(fd, path, ret);
}

void entry_put(struct jsonw *w, const struct entry *e, const char *mime)
{
	static const char *const types[] = { "directory", "file", "notebook" };

	jw_kv_str(w, "name", place_name(e->path));
	jw_kv_str(w, "path", e->path);
	jw_kv_z(w, "type", types[e->type]);
	jw_kv_time(w, "created", wall_of(&e->st.st_ctim));
	jw_kv_time(w, "last_modified", wall_of(&e->st.st_mtim));
	jw_kv_z(w, "mimetype", mime);
	if (e->type == ENTRY_DIR)
		jw_kv_null(w, "size");
	else
		jw_kv_u64(w, "size", (uint64_t)e->st.st_size);
	jw_kv_bool(w, "writable", e->writable);
}

void entry_put_bare(struct jsonw *w, const struct entry *e, const char *message)
{
	jw_obj(w);
	entry_put(w, e, e->type == ENTRY_FILE ? mime_guess(place_name(e->path)) : NULL);
	jw_kv_null(w, "content");
	jw_kv_null(w, "format");
	jw_kv_null(w, "hash");
	jw_kv_null(w, "hash_algorithm");
	if (message)
		jw_kv_z(w, "message", message);
	jw_obj_end(w);
}
