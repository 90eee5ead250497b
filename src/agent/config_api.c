/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/config_api.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "agent/jsontree.h"
#include "agent/lab.h"
#include "base/file.h"

#define BODY_MAX (1U << 20)

static bool section_path(struct call *c, char path[PATH_MAX])
{
	struct str s = c->arg[0];
	bool ok = s.len > 0 && s.len <= 128 && s.ptr[0] != '.';

	for (size_t i = 0; i < s.len && ok; i++) {
		char ch = s.ptr[i], l = (char)(ch | 0x20);

		ok = (l >= 'a' && l <= 'z') || (ch >= '0' && ch <= '9') || ch == '.' ||
		     ch == '_' || ch == '-';
	}
	if (ok && snprintf(path, PATH_MAX, "%s/serverconfig/%.*s.json", c->a->cfg->config_dir,
	                   STR_ARG(s)) < PATH_MAX)
		return true;
	agent_json_error(c->r, 400, NULL,
	                 "A section's name is of letters, digits, '.', '_' and '-'");
	return false;
}

/* All levels, the user's on top. */
static struct json *read_section(struct call *c, struct arena *m)
{
	const char *levels[LABCONFIG_LEVELS];
	struct json *all = jt_new(m, JSON_OBJECT);
	size_t n = labconfig_levels(c->a, m, levels);

	for (size_t i = 0; all && i < n; i++)
		labconfig_section(m, all, levels[i], "serverconfig", c->arg[0]);
	return all;
}

static void reply_tree(struct call *c, const struct json *j)
{
	struct buf b = BUF(4U << 20);

	if (j)
		jt_print(j, &b);
	else
		buf_put_z(&b, "{}");
	call_reply(c, 200, &b);
	buf_fini(&b);
}

void config_get(struct call *c)
{
	struct arena m = ARENA(16U << 20);
	char path[PATH_MAX];

	if (section_path(c, path))
		reply_tree(c, read_section(c, &m));
	arena_fini(&m);
}

static int store(struct call *c, const char *path, const struct json *j, struct err *err)
{
	char dir[PATH_MAX];
	struct buf b = BUF(4U << 20);
	int r;

	(void)snprintf(dir, sizeof(dir), "%s/serverconfig", c->a->cfg->config_dir);
	r = file_mkdirs(dir, 0755, err);
	if (r == 0)
		r = jt_print_pretty(j, &b, NULL, NULL);
	if (r == 0)
		r = file_write_atomic(AT_FDCWD, path, buf_str(&b), 0644, err);
	buf_fini(&b);
	return r;
}

static bool is_object(struct call *c, const struct json *body)
{
	if (body && body->type == JSON_OBJECT)
		return true;
	agent_json_error(c->r, 400, NULL, "The body must be a JSON object");
	return false;
}

static void on_put(struct call *c, const struct json *body)
{
	struct err err = ERR_NONE;
	char path[PATH_MAX];

	if (!is_object(c, body) || !section_path(c, path))
		return;
	if (store(c, path, body, &err) < 0)
		call_err(c, &err);
	else
		call_empty(c, 204);
}

static void on_patch(struct call *c, const struct json *body)
{
	struct arena m = ARENA(16U << 20);
	struct err err = ERR_NONE;
	struct json *own;
	char path[PATH_MAX];

	if (!is_object(c, body) || !section_path(c, path)) {
		arena_fini(&m);
		return;
	}
	own = labconfig_read(&m, path);
	if (!own || own->type != JSON_OBJECT)
		own = jt_new(&m, JSON_OBJECT);
	if (!own || json_merge(&m, own, body) < 0)
		(void)ERR(&err, -ENOMEM, "the section is too large");
	else if (store(c, path, own, &err) == 0)
		reply_tree(c, read_section(c, &m));
	if (err.code)
		call_err(c, &err);
	arena_fini(&m);
}

void config_put(struct call *c)
{
	call_read_json(c, BODY_MAX, on_put);
}

void config_patch(struct call *c)
{
	call_read_json(c, BODY_MAX, on_patch);
}
