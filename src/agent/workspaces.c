/* SPDX-License-Identifier: Apache-2.0 */
/* JupyterLab's window layouts: one file each, its text kept as it came. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "agent/jsontree.h"
#include "agent/lab.h"
#include "agent/model.h"
#include "agent/slug.h"
#include "base/encode.h"
#include "base/file.h"

#define SUFFIX   ".jupyterlab-workspace"
#define FILE_MAX (4U << 20)
#define LIST_MAX 1000U

static void put_time(struct arena *m, struct json *meta, const char *key, wall_us t)
{
	char z[TIME_RFC3339_MAX];
	struct json *v;

	time_rfc3339(t, z);
	/* "+00:00" here, "Z" elsewhere: as the front end's peers write it. */
	v = jt_str(m, arena_printf(m, "%.*s+00:00", (int)strlen(z) - 1, z));
	if (v)
		jt_set(meta, str_of(key), v);
}

static struct json *load(struct arena *m, int dir, const char *name)
{
	struct buf b = BUF(FILE_MAX);
	struct json *j = NULL, *meta;
	struct stat st;
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct str text;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || file_read_fd(fd, &b, NULL) < 0)
		buf_clear(&b);
	(void)close(fd);
	text = arena_str(m, buf_str(&b));
	buf_fini(&b);
	if (!text.len ||
	    json_parse(m, text,
	               &(struct json_limits){ .lax_dup = true, .lax_surrogates = true }, &j,
	               NULL) < 0)
		return NULL;
	meta = jt_get(j, "metadata");
	if (!meta || meta->type != JSON_OBJECT)
		return NULL;
	put_time(m, meta, "last_modified", stat_mtime(&st));
	put_time(m, meta, "created",
	         (wall_us)st.st_ctim.tv_sec * 1000000 + st.st_ctim.tv_nsec / 1000);
	return j;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t names_in(struct arena *m, const char *path, const char **names)
{
	DIR *d = opendir(path);
	struct dirent *e;
	size_t n = 0;

	while (d && n < LIST_MAX && (e = readdir(d))) {
		if (!str_ends(str_of(e->d_name), STR(SUFFIX)))
			continue;
		names[n] = arena_str(m, str_of(e->d_name)).ptr;
		if (names[n])
			n++;
	}
	if (d)
		(void)closedir(d);
	qsort(names, n, sizeof(*names), by_name);
	return n;
}

void workspaces_list(struct call *c)
{
	struct arena m = ARENA(64U << 20);
	struct buf ids = BUF(1U << 20), values = BUF(32U << 20), out = BUF(40U << 20);
	const char **names = ARENA_NEWS(&m, const char *, LIST_MAX);
	size_t n = names ? names_in(&m, c->a->cfg->workspaces_dir, names) : 0;
	autoclose int dir = open(c->a->cfg->workspaces_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool first = true;

	for (size_t i = 0; dir >= 0 && i < n; i++) {
		struct json *j = load(&m, dir, names[i]);
		struct str id = json_str_or(json_get(j, "metadata"), "id", STR(""));
		struct jsonw w = JSONW(&ids);

		if (!j)
			continue;
		if (!first) {
			buf_put_c(&ids, ',');
			buf_put_c(&values, ',');
		}
		first = false;
		jw_str(&w, id);
		jt_print(j, &values);
	}
	buf_put_z(&out, "{\"workspaces\":{\"ids\":[");
	buf_put_str(&out, buf_str(&ids));
	buf_put_z(&out, "],\"values\":[");
	buf_put_str(&out, buf_str(&values));
	buf_put_z(&out, "]}}");
	call_reply(c, 200, &out);
	buf_fini(&ids);
	buf_fini(&values);
	buf_fini(&out);
	arena_fini(&m);
}

static bool file_name(struct call *c, char *ret, size_t n)
{
	struct buf b = BUF(512);
	bool ok;

	workspace_slug(c->arg[0], &b);
	buf_put_z(&b, SUFFIX);
	ok = !buf_error(&b) && buf_len(&b) < n;
	if (ok)
		memcpy(ret, buf_cstr(&b), buf_len(&b) + 1);
	else
		agent_json_error(c->r, 400, NULL, "That name is too long for a workspace");
	buf_fini(&b);
	return ok;
}

void workspace_get(struct call *c)
{
	autoclose int dir = open(c->a->cfg->workspaces_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct arena m = ARENA(32U << 20);
	struct buf b = BUF(8U << 20);
	struct json *j = NULL;
	char name[NAME_MAX];

	if (!c->arg[0].len) {
		workspaces_list(c);
		return;
	}
	if (!file_name(c, name, sizeof(name)))
		return;
	if (dir >= 0)
		j = load(&m, dir, name);
	if (j) {
		jt_print(j, &b);
	} else {
		struct jsonw w = JSONW(&b);

		jw_obj(&w);
		jw_kv_raw(&w, "data", STR("{}"));
		jw_key(&w, "metadata");
		jw_obj(&w);
		jw_kv_str(&w, "id",
		          arena_printf(&c->r->arena, "%s%.*s",
		                       c->arg[0].ptr[0] == '/' ? "" : "/", STR_ARG(c->arg[0])));
		jw_obj_end(&w);
		jw_obj_end(&w);
	}
	call_reply(c, 200, &b);
	buf_fini(&b);
	arena_fini(&m);
}

/* metadata.id must be the name, give or take a slash in front and escapes. */
static bool same_id(struct call *c, struct str id)
{
	struct buf b = BUF(8192);
	bool ok;

	if (id.len && id.ptr[0] == '/')
		id = str_sub(id, 1, id.len);
	ok = pct_get(&b, id) == 0 ? str_eq(buf_str(&b), c->arg[0]) : str_eq(id, c->arg[0]);
	buf_fini(&b);
	return ok;
}

static void on_put(struct http_req *r, struct str body)
{
	struct call *c = call_of(r);
	struct arena m = ARENA(64U << 20);
	struct err err = ERR_NONE;
	struct json *j;
	struct str id;
	char name[NAME_MAX];

	body = str_trim(body);
	if (json_parse(&m, body,
	               &(struct json_limits){ .lax_dup = true, .lax_surrogates = true }, &j,
	               &err) < 0) {
		agent_json_error(r, 400, NULL, "The workspace is not JSON: %s", err.msg);
	} else if (json_get_str(json_get(j, "metadata"), "id", &id) < 0 || !same_id(c, id)) {
		agent_json_error(r, 400, NULL,
		                 "Workspace metadata ID mismatch: expected '%.*s'",
		                 STR_ARG(c->arg[0]));
	} else if (file_name(c, name, sizeof(name))) {
		autoclose int dir = -1;
		int rc = file_mkdirs(c->a->cfg->workspaces_dir, 0755, &err);

		if (rc == 0)
			dir =
			    open(c->a->cfg->workspaces_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (rc == 0 && dir < 0)
			rc = ERR(&err, -errno, "the folder of workspaces can't be opened: %m");
		if (rc == 0)
			rc = file_write_atomic(dir, name, body, 0644, &err);
		if (rc < 0)
			call_err(c, &err);
		else
			call_empty(c, 204);
	}
	arena_fini(&m);
}

void workspace_put(struct call *c)
{
	if (!c->arg[0].len)
		workspace_nameless(c);
	else
		http_read_body(c->r, FILE_MAX, on_put);
}

void workspace_delete(struct call *c)
{
	autoclose int dir = open(c->a->cfg->workspaces_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[NAME_MAX];

	if (!c->arg[0].len) {
		workspace_nameless(c);
		return;
	}
	if (!file_name(c, name, sizeof(name)))
		return;
	if (dir < 0 || unlinkat(dir, name, 0) < 0)
		agent_json_error(c->r, 404, NULL, "Workspace '%.*s' not found",
		                 STR_ARG(c->arg[0]));
	else
		call_empty(c, 204);
}

void workspace_nameless(struct call *c)
{
	agent_json_error(c->r, 400, NULL, "Workspace name is required");
}
