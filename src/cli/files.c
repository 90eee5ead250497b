/* SPDX-License-Identifier: Apache-2.0 */
/* files ls, rm, mv, mkdir, du. */
#include "cli/files.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "cli/find.h"
#include "cli/text.h"

#define TRIES    20
#define RETRY_MS 500

int files_find(struct cli *c, const char *arg, struct files_at *ret)
{
	struct str all = str_of(arg), name = str_sub(all, 0, str_chr(all, ':', 0));
	const struct json *w;
	int r = api_open(c);

	if (r == CLI_OK)
		r = find_workspace(c, arena_strz(&c->arena, name), &w);
	if (r != CLI_OK)
		return r;
	*ret = (struct files_at){ id_of(c, w), str_sub(all, name.len + 1, all.len) };
	while (ret->path.len && ret->path.ptr[0] == '/')
		ret->path = str_sub(ret->path, 1, ret->path.len);
	return CLI_OK;
}

int files_call(struct cli *c, const char *id, struct api_request *q, struct str what,
               struct api_reply *ret)
{
	bool quiet = q->quiet;
	int r = CLI_FAILED;

	q->path = arena_strz(
	    &c->arena, arena_printf(&c->arena, "/workspaces/%s/files/%.*s", id, STR_ARG(what)));
	for (int try = 1; try <= TRIES; try++) {
		q->quiet = quiet || try < TRIES;
		*ret = (struct api_reply){ 0 };
		r = api_call(c, q, ret);
		if (r == CLI_OK || (ret->status != 503 && ret->status != 0))
			break;
		/* Starting, stopping, or something was restarted. */
		if (ret->status == 0 && !str_is(str_of(q->method), "GET"))
			break;
		(void)poll(NULL, 0, RETRY_MS);
	}
	if (r != CLI_OK && !quiet && q->quiet)
		r = api_explain(c, ret);
	return r;
}

struct str files_contents(struct cli *c, struct str path, const char *query)
{
	struct buf b = BUF(32768);
	struct str s;

	buf_put_z(&b, "contents/");
	pct_put(&b, path, "/");
	buf_put_z(&b, query);
	s = arena_str(&c->arena, buf_str(&b));
	buf_fini(&b);
	return s;
}

const char *files_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool files_is_folder(const struct json *model)
{
	return str_is(json_str_or(model, "type", STR("")), "directory");
}

/* ---- ls, du ---- */

static void size_cell(struct table *t, const struct json *o, const char *key)
{
	char text[SIZE_TEXT_MAX] = "-";
	uint64_t v;

	if (json_get_u64(o, key, UINT64_MAX, &v) == 0)
		size_text(v, text);
	table_cell(t, text);
}

static int by_name(const void *x, const void *y)
{
	const struct json *const *a = x, *const *b = y;
	bool dir_a = str_is(json_str_or(*a, "type", STR("")), "directory");
	bool dir_b = str_is(json_str_or(*b, "type", STR("")), "directory");
	struct str p = json_str_or(*a, "name", STR("")), q = json_str_or(*b, "name", STR(""));
	int r = memcmp(p.ptr, q.ptr, p.len < q.len ? p.len : q.len);

	if (dir_a != dir_b)
		return dir_a ? -1 : 1;
	return r ? r : (p.len > q.len) - (p.len < q.len);
}

static void show_list(struct cli *c, const struct json *dir)
{
	static const char *const titles[] = { ">SIZE", "CHANGED", "NAME", NULL };
	const struct json *list = json_get(dir, "content");
	const struct json **all;
	struct buf out = BUF((size_t)64 << 20);
	struct table t;
	size_t n = 0;

	all = xcalloc(list ? list->n + 1 : 2, sizeof(*all));
	if (list && list->type == JSON_ARRAY) {
		json_for_each(e, list) all[n++] = e;
		qsort(all, n, sizeof(*all), by_name);
	} else {
		all[n++] = dir;
	}
	table_init(&t, titles);
	for (size_t i = 0; i < n; i++) {
		bool is_dir = str_is(json_str_or(all[i], "type", STR("")), "directory");

		size_cell(&t, all[i], "size");
		table_cell(&t, cli_time(c, all[i], "last_modified"));
		table_cell(&t, arena_printf(&c->arena, "%s%s", cli_text(c, all[i], "name"),
		                            is_dir ? "/" : "")
		                   .ptr);
	}
	table_end(&t, &out);
	cli_json(buf_str(&out));
	buf_fini(&out);
	free(all);
}

int cmd_files_ls(struct cli *c)
{
	struct api_request q = { .method = "GET" };
	struct api_reply reply;
	struct files_at at;
	int r = files_find(c, c->argv[0], &at);

	/* A file is shown by its line, not by what is in it. */
	if (r == CLI_OK)
		r = files_call(c, at.id, &q, files_contents(c, at.path, "?content=0"), &reply);
	if (r == CLI_OK && str_is(json_str_or(reply.json, "type", STR("")), "directory"))
		r = files_call(c, at.id, &q, files_contents(c, at.path, ""), &reply);
	if (r != CLI_OK)
		return r;
	if (c->json)
		cli_json(reply.body);
	else
		show_list(c, reply.json);
	return CLI_OK;
}

int cmd_files_du(struct cli *c)
{
	static const char *const titles[] = { ">SIZE", ">FILES", "NAME", NULL };
	struct buf out = BUF((size_t)4 << 20);
	struct api_request q = { .method = "GET" };
	char used[SIZE_TEXT_MAX], size[SIZE_TEXT_MAX];
	uint64_t u = 0, s = 0;
	struct api_reply reply;
	struct files_at at;
	struct table t;
	bool part = false;
	int r = files_find(c, c->argv[0], &at);

	if (r == CLI_OK)
		r = files_call(c, at.id, &q,
		               arena_printf(&c->arena, "disk?path=%s",
		                            api_escape(c, arena_strz(&c->arena, at.path))),
		               &reply);
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(reply.body);
		return CLI_OK;
	}
	table_init(&t, titles);
	json_for_each(e, json_get(reply.json, "items"))
	{
		bool is_dir = str_is(json_str_or(e, "type", STR("")), "directory");

		size_cell(&t, e, "bytes");
		table_cell(&t, cli_text(c, e, "files"));
		table_cell(&t, arena_printf(&c->arena, "%s%s", cli_text(c, e, "name"),
		                            is_dir ? "/" : "")
		                   .ptr);
	}
	table_end(&t, &out);
	cli_json(buf_str(&out));
	buf_fini(&out);
	if (json_get_u64(reply.json, "used_bytes", UINT64_MAX, &u) == 0 &&
	    json_get_u64(reply.json, "size_bytes", UINT64_MAX, &s) == 0) {
		size_text(u, used);
		size_text(s, size);
		cli_note(c, "%s of %s are used.", used, size);
	}
	if (json_get_bool(reply.json, "truncated", &part) == 0 && part)
		cli_note(c, "There are too many files to count them all.");
	return CLI_OK;
}

/* ---- rm, mv, mkdir ---- */

static int need_path(struct cli *c, const struct files_at *at)
{
	if (at->path.len)
		return CLI_OK;
	return cli_say(c, CLI_USAGE, "say which file: WORKSPACE:PATH");
}

static int change(struct cli *c, const char *method, struct str body, struct api_reply *reply,
                  struct files_at *at)
{
	struct api_request q = { .method = method, .body = body };
	int r = files_find(c, c->argv[0], at);

	if (r == CLI_OK)
		r = need_path(c, at);
	if (r == CLI_OK)
		r = files_call(c, at->id, &q, files_contents(c, at->path, ""), reply);
	if (r == CLI_OK && c->json)
		cli_json(reply->body.len ? reply->body : STR("{}"));
	return r;
}

int cmd_files_rm(struct cli *c)
{
	struct api_reply reply;
	struct files_at at;
	int r = change(c, "DELETE", STR_NONE, &reply, &at);

	if (r == CLI_OK)
		cli_note(c,
		         "%.*s is in the trash (~/.local/share/Trash). Bring it back with: "
		         "carrel files restore %s",
		         STR_ARG(at.path), c->argv[0]);
	return r;
}

int cmd_files_restore(struct cli *c)
{
	struct buf b = BUF(65536);
	struct jsonw w = JSONW(&b);
	struct api_request q = { .method = "POST" };
	struct api_reply reply;
	struct files_at at;
	int r = files_find(c, c->argv[0], &at);

	if (r == CLI_OK)
		r = need_path(c, &at);
	if (r == CLI_OK) {
		jw_obj(&w);
		jw_kv_str(&w, "path", at.path);
		jw_obj_end(&w);
		q.body = buf_str(&b);
		r = files_call(c, at.id, &q, STR("restore"), &reply);
	}
	if (r == CLI_OK && c->json)
		cli_json(reply.body);
	else if (r == CLI_OK)
		cli_note(c, "%.*s is back.", STR_ARG(at.path));
	buf_fini(&b);
	return r;
}

int cmd_files_mkdir(struct cli *c)
{
	struct api_reply reply;
	struct files_at at;

	return change(c, "PUT", STR("{\"type\":\"directory\"}"), &reply, &at);
}

int cmd_files_mv(struct cli *c)
{
	struct buf b = BUF(65536);
	struct jsonw w = JSONW(&b);
	struct api_reply reply;
	struct files_at at;
	int r;

	jw_obj(&w);
	jw_kv_z(&w, "path", c->argv[1]);
	jw_obj_end(&w);
	r = change(c, "PATCH", buf_str(&b), &reply, &at);
	buf_fini(&b);
	return r;
}
