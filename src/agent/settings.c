/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JupyterLab's settings: a schema for each plugin (with the site's overrides
 * merged into its defaults) and the user's text beside it, kept byte for byte.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "agent/config_api.h"
#include "agent/json5.h"
#include "agent/jsontree.h"
#include "agent/lab.h"
#include "agent/model.h"
#include "agent/place.h"
#include "agent/schema.h"
#include "agent/schemalang.h"
#include "agent/settings.h"
#include "base/file.h"

#define RAW_MAX     ((size_t)1 << 20)
#define PLUGINS_MAX 4096U

static void overrides_file(struct settings *s, const char *path)
{
	struct json *j;

	witness_add(s->seen, path);
	j = labconfig_read(&s->m, path);
	if (j && j->type == JSON_OBJECT)
		(void)(json_merge(&s->m, s->overrides, j) == 0);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_override(const struct dirent *e)
{
	return str_ends(str_of(e->d_name), STR(".json")) ||
	       str_ends(str_of(e->d_name), STR(".json5"));
}

/* What labconfig_section reads below. */
static void see_section(struct settings *s, const char *level)
{
	char path[PATH_MAX], file[PATH_MAX];
	struct dirent **list = NULL;
	int n;

	if (!s->seen ||
	    snprintf(path, sizeof(path), "%s/labconfig/default_setting_overrides.json",
	             level) >= (int)sizeof(path))
		return;
	witness_add(s->seen, path);
	(void)snprintf(path, sizeof(path), "%s/labconfig/default_setting_overrides.d", level);
	witness_add(s->seen, path);
	n = scandir(path, &list, NULL, NULL);
	for (int i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.' && snprintf(file, sizeof(file), "%s/%s", path,
		                                          list[i]->d_name) < (int)sizeof(file))
			witness_add(s->seen, file);
		free(list[i]);
	}
	free(list);
}

/* overrides.d/ in order of names, overrides.json[5], then labconfig of all levels. */
static void read_overrides(struct settings *s)
{
	const char *app = lab_settings_dir(s->c->a, &s->m), *levels[LABCONFIG_LEVELS];
	size_t nlevels;
	struct dirent **list = NULL;
	char path[PATH_MAX];
	int n;

	s->overrides = jt_new(&s->m, JSON_OBJECT);
	if (!s->overrides)
		return;
	if (app) {
		(void)snprintf(path, sizeof(path), "%s/overrides.d", app);
		witness_add(s->seen, path);
		n = scandir(path, &list, is_override, by_name);
		for (int i = 0; i < n; i++) {
			(void)snprintf(path, sizeof(path), "%s/overrides.d/%s", app,
			               list[i]->d_name);
			overrides_file(s, path);
			free(list[i]);
		}
		free(list);
		(void)snprintf(path, sizeof(path), "%s/overrides.json", app);
		overrides_file(s, path);
		(void)snprintf(path, sizeof(path), "%s/overrides.json5", app);
		overrides_file(s, path);
	}
	nlevels = labconfig_levels(s->c->a, &s->m, levels);
	for (size_t i = 0; i < nlevels; i++) {
		see_section(s, levels[i]);
		labconfig_section(&s->m, s->overrides, levels[i], "labconfig",
		                  STR("default_setting_overrides"));
	}
}

static struct json *member(struct json *o, struct str key)
{
	for (struct json *v = o && o->type == JSON_OBJECT ? o->first : NULL; v; v = v->next)
		if (str_eq(v->key, key))
			return v;
	return NULL;
}

/* Each override becomes the default of its property. */
static void override(struct settings *s, struct str id, struct json *schema)
{
	struct json *over = member(s->overrides, id), *props = jt_get(schema, "properties"),
	            *next;

	if (!over || over->type != JSON_OBJECT || !props || props->type != JSON_OBJECT)
		return;
	for (struct json *v = over->first; v; v = next) {
		struct json *p = member(props, v->key), *def;

		next = v->next;
		if (!p || p->type != JSON_OBJECT) {
			struct str key = v->key;

			p = jt_new(&s->m, JSON_OBJECT);
			if (!p)
				return;
			jt_set(p, STR("default"), v);
			jt_set(props, key, p);
			continue;
		}
		def = jt_get(p, "default");
		if (def && def->type == JSON_OBJECT && v->type == JSON_OBJECT)
			(void)(json_merge(&s->m, def, v) == 0);
		else
			jt_set(p, STR("default"), v);
	}
}

static void put_version(struct settings *s, struct jsonw *w, const char *dir)
{
	char path[PATH_MAX];
	struct str v;

	(void)snprintf(path, sizeof(path), "%s/package.json.orig", dir);
	witness_add(s->seen, path);
	v = json_str_or(labconfig_read(&s->m, path), "version", STR("N/A"));
	jw_kv_str(w, "version", v);
}

/* "@scope/pkg:plugin" → "<dir>/@scope/pkg/plugin<ending>"; false: no such id. */
static bool id_path(const char *dir, struct str id, const char *ending, char ret[PATH_MAX])
{
	size_t colon = str_chr(id, ':', 0);
	struct str pkg = str_sub(id, 0, colon), plugin = str_sub(id, colon + 1, id.len), part,
	           rest = pkg;

	if (!dir || colon == id.len || !plugin.len || !pkg.len ||
	    str_chr(plugin, '/', 0) < plugin.len || plugin.ptr[0] == '.' ||
	    str_chr(plugin, ':', 0) < plugin.len)
		return false;
	while (rest.len && str_split(&rest, '/', &part))
		if (!part.len || part.ptr[0] == '.')
			return false;
	return snprintf(ret, PATH_MAX, "%s/%.*s/%.*s%s", dir, STR_ARG(pkg), STR_ARG(plugin),
	                ending) < PATH_MAX;
}

static void put_times(struct jsonw *w, const struct stat *st)
{
	if (st) {
		jw_kv_time(w, "last_modified", stat_mtime(st));
		jw_kv_time(w, "created",
		           (wall_us)st->st_ctim.tv_sec * 1000000 + st->st_ctim.tv_nsec / 1000);
	} else {
		jw_kv_null(w, "last_modified");
		jw_kv_null(w, "created");
	}
}

/* Members raw, settings, last_modified, created, perhaps warning. */
static void put_user(struct settings *s, struct jsonw *w, struct str id,
                     const struct json *schema)
{
	struct buf raw = BUF(RAW_MAX), strict = BUF(2 * RAW_MAX);
	const char *dir = s->c->a->cfg->user_settings_dir;
	struct err err = ERR_NONE;
	struct json *j = NULL;
	char path[PATH_MAX];
	struct stat st;
	bool named = id_path(dir, id, ".jupyterlab-settings", path), have;
	int r;

	if (named)
		witness_add(s->seen, path);
	have = named && stat(path, &st) == 0 && file_read(AT_FDCWD, path, &raw, NULL) == 0;
	r = have && buf_len(&raw) ? json5_to_json(buf_str(&raw), &strict, &err) : -ENOENT;

	if (r == 0)
		r = json_parse(&s->m, arena_str(&s->m, buf_str(&strict)), NULL, &j, &err);
	if (r == 0)
		r = schema_check(schema, j, &err);
	/* Text that can't be used is not shown, so that it is not saved over. */
	jw_kv_str(w, "raw", r == 0 ? buf_str(&raw) : STR("{}"));
	jw_kv_raw(w, "settings", r == 0 ? buf_str(&strict) : STR("{}"));
	if (r < 0 && r != -ENOENT)
		jw_kv_z(w, "warning", err.msg);
	put_times(w, have ? &st : NULL);
	buf_fini(&raw);
	buf_fini(&strict);
}

int settings_put_one(struct settings *s, struct str id, const char *schema_path,
                     const char *dir)
{
	struct buf text = BUF(4U << 20);
	struct jsonw w = JSONW(&s->out);
	struct json *schema;

	witness_add(s->seen, schema_path);
	schema = labconfig_read(&s->m, schema_path);
	if (!schema || schema->type != JSON_OBJECT)
		return access(schema_path, F_OK) < 0 ? -ENOENT : -EINVAL;
	override(s, id, schema);
	if (s->lang)
		schemalang_apply(s->lang, schema);
	jt_print(schema, &text);
	if (s->any)
		buf_put_c(&s->out, ',');
	s->any = true;
	jw_obj(&w);
	jw_kv_str(&w, "id", id);
	jw_kv_raw(&w, "schema", buf_str(&text));
	put_version(s, &w, dir);
	put_user(s, &w, id, schema);
	jw_obj_end(&w);
	buf_fini(&text);
	return 0;
}

/* Where the schema of an id lies: an extension's goes before the Lab's own. */
static bool find_schema(struct call *c, struct arena *m, struct str id, char path[PATH_MAX],
                        const char **dir)
{
	struct str pkg = str_sub(id, 0, str_chr(id, ':', 0));
	char base[PATH_MAX];

	for (size_t i = 0; i < c->a->lab->ndirs; i++) {
		(void)snprintf(base, sizeof(base), "%s/%.*s/schemas", c->a->lab->dirs[i],
		               STR_ARG(pkg));
		if (id_path(base, id, ".json", path) && access(path, R_OK) == 0)
			goto found;
	}
	if (!id_path(lab_schemas_dir(c->a, m), id, ".json", path) || access(path, R_OK) < 0)
		return false;
found:
	*dir = arena_str(m, place_parent(str_of(path))).ptr;
	return *dir != NULL;
}

void settings_init(struct settings *s, struct call *c, struct witness *seen)
{
	*s = (struct settings){ .c = c, .seen = seen };
	arena_init(&s->m, 128U << 20);
	buf_init(&s->out, 64U << 20);
	s->ids_only = str_is(url_param(&c->r->url, "ids_only"), "true");
	if (!s->ids_only) {
		struct str chosen = schemalang_file(c, &s->m);

		if (chosen.ptr)
			witness_add(seen, chosen.ptr);
		read_overrides(s);
		s->lang = schemalang_new(c, &s->m);
	}
}

void settings_fini(struct settings *s)
{
	schemalang_free(s->lang);
	buf_fini(&s->out);
	arena_fini(&s->m);
}

static void schema_missing(struct call *c)
{
	agent_json_error(c->r, 404, NULL, "Schema not found: %.*s", STR_ARG(c->arg[0]));
}

static void get_setting(struct call *c)
{
	char path[PATH_MAX];
	struct settings s;
	const char *dir;

	if (!c->arg[0].len) {
		settings_list(c);
		return;
	}
	settings_init(&s, c, NULL);
	if (!find_schema(c, &s.m, c->arg[0], path, &dir))
		schema_missing(c);
	else if (settings_put_one(&s, c->arg[0], path, dir) < 0)
		agent_json_error(c->r, 500, NULL, "Failed parsing schema (%.*s)",
		                 STR_ARG(c->arg[0]));
	else
		call_reply(c, 200, &s.out);
	settings_fini(&s);
}

static int store(struct call *c, struct str raw, struct err *err)
{
	char path[PATH_MAX];
	struct str parent;
	char *slash;
	int r;

	if (!id_path(c->a->cfg->user_settings_dir, c->arg[0], ".jupyterlab-settings", path))
		return ERR(err, -ENOENT, "There is no such setting");
	parent = place_parent(str_of(path));
	slash = path + parent.len;
	*slash = '\0';
	r = file_mkdirs(path, 0755, err);
	*slash = '/';
	return r < 0 ? r : file_write_atomic(AT_FDCWD, path, raw, 0644, err);
}

static int check(struct settings *s, struct str raw, const char *schema_path, struct err *err)
{
	struct json *schema = labconfig_read(&s->m, schema_path), *j = NULL;
	struct buf strict = BUF(2 * RAW_MAX);
	int r = json5_to_json(raw, &strict, err);

	if (r == 0)
		r = json_parse(&s->m, arena_str(&s->m, buf_str(&strict)), NULL, &j, err);
	buf_fini(&strict);
	if (r < 0)
		return err_wrap(err, -EINVAL, "Failed parsing settings");
	if (!schema)
		return ERR(err, -EINVAL, "The schema can't be read");
	override(s, s->c->arg[0], schema);
	r = schema_check(schema, j, err);
	return r < 0 ? err_wrap(err, r, "Failed validating input") : 0;
}

static void on_put(struct call *c, const struct json *body)
{
	struct err err = ERR_NONE;
	char path[PATH_MAX];
	struct settings s;
	const char *dir;
	struct str raw;
	int r;

	if (!body || json_get_str(body, "raw", &raw) < 0) {
		agent_json_error(
		    c->r, 400, NULL,
		    "Invalid format for JSON payload. Must be in the form {'raw': ...}");
		return;
	}
	settings_init(&s, c, NULL);
	if (!find_schema(c, &s.m, c->arg[0], path, &dir)) {
		schema_missing(c);
	} else {
		r = check(&s, raw, path, &err);
		if (r == 0)
			r = store(c, raw, &err);
		if (r < 0)
			call_err(c, &err);
		else
			call_empty(c, 204);
	}
	settings_fini(&s);
}

static void put_setting(struct call *c)
{
	call_read_json(c, RAW_MAX, on_put);
}

const struct route settings_routes[] = {
	{ "GET", "lab/api/settings", settings_list, ROUTE_API | ROUTE_SLASH },
	{ "GET", "lab/api/settings/*", get_setting, ROUTE_API },
	{ "PUT", "lab/api/settings/*", put_setting, ROUTE_API },
	{ "GET", "api/config/:section", config_get, ROUTE_API },
	{ "PUT", "api/config/:section", config_put, ROUTE_API },
	{ "PATCH", "api/config/:section", config_patch, ROUTE_API },
	{ 0 },
};
