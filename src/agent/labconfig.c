/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration files of JupyterLab: JSON and JSON5, merged from many places. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "agent/json5.h"
#include "agent/jsontree.h"
#include "agent/lab.h"
#include "agent/python.h"
#include "base/file.h"

#define FILE_MAX ((size_t)4 << 20)

struct json *labconfig_read(struct arena *m, const char *path)
{
	struct buf raw = BUF(FILE_MAX), strict = BUF(FILE_MAX * 2);
	struct json *j = NULL;
	struct str s;
	int r = file_read(AT_FDCWD, path, &raw, NULL);

	if (r == 0 && str_ends(str_of(path), STR(".json5")))
		r = json5_to_json(buf_str(&raw), &strict, NULL);
	else if (r == 0)
		buf_put_str(&strict, buf_str(&raw));
	s = arena_str(m, buf_str(&strict));
	if (r < 0 || !s.len ||
	    json_parse(m, s, &(struct json_limits){ .lax_dup = true, .lax_surrogates = true },
	               &j, NULL) < 0)
		j = NULL;
	buf_fini(&raw);
	buf_fini(&strict);
	return j;
}

static int merge(struct arena *m, struct json *to, const struct json *from, unsigned depth)
{
	struct json *next;

	if (depth > 32)
		return -E2BIG;
	/* `from` gives its members away; the iteration must not follow them. */
	for (struct json *v = from->first; v; v = next) {
		struct json *old;
		char key[256];

		next = v->next;
		if (v->key.len >= sizeof(key))
			continue;
		memcpy(key, v->key.ptr, v->key.len);
		key[v->key.len] = '\0';
		old = jt_get(to, key);
		if (v->type == JSON_NULL) {
			jt_remove(to, key);
		} else if (v->type == JSON_OBJECT) {
			/* Also into a new object, so that nulls inside are left out. */
			if (!old || old->type != JSON_OBJECT) {
				old = jt_new(m, JSON_OBJECT);
				if (!old)
					return -ENOMEM;
				jt_set(to, v->key, old);
			}
			if (merge(m, old, v, depth + 1) < 0)
				return -E2BIG;
			if (!old->first && v->first)
				jt_remove(to, key);
		} else {
			jt_set(to, v->key, v);
		}
	}
	return 0;
}

int json_merge(struct arena *m, struct json *to, const struct json *from)
{
	return merge(m, to, from, 0);
}

/* And the other way, so that lists of several files can be merged. */
static void list_to_keys(struct arena *m, struct json *o, const char *key)
{
	struct json *v = jt_get(o, key), *obj;

	if (!v || v->type != JSON_ARRAY)
		return;
	obj = jt_new(m, JSON_OBJECT);
	if (!obj)
		return;
	json_for_each(it, v)
	{
		struct json *yes = it->type == JSON_STRING ? jt_bool(m, true) : NULL;

		if (yes)
			jt_set(obj, it->text, yes);
	}
	jt_set(o, str_of(key), obj);
}

/* Sets of names: objects of true and false in files, some write lists. */
static const char *const sets[] = { "disabledExtensions", "deferredExtensions",
	                            "lockedExtensions" };

static void merge_file(struct arena *m, struct json *to, const char *path)
{
	struct json *j = labconfig_read(m, path);

	if (!j || j->type != JSON_OBJECT)
		return;
	for (size_t i = 0; i < ARRAY_LEN(sets); i++)
		list_to_keys(m, j, sets[i]);
	(void)(json_merge(m, to, j) == 0);
}

size_t labconfig_levels(const struct agent *a, struct arena *m,
                        const char *ret[LABCONFIG_LEVELS])
{
	const char *prefix = python_prefix(a, m);
	struct str more = str_of(python_env(a, "JUPYTER_CONFIG_PATH")), one;
	const char *extra[4];
	size_t n = 0, extras = 0;

	ret[n++] = "/etc/jupyter";
	ret[n++] = "/usr/local/etc/jupyter";
	if (prefix && strcmp(prefix, "/usr/local") != 0)
		ret[n++] = arena_printf(m, "%s/etc/jupyter", prefix).ptr;
	if (a->cfg->home)
		ret[n++] = arena_printf(m, "%s/.local/etc/jupyter", a->cfg->home).ptr;
	while (more.len && extras < ARRAY_LEN(extra) && str_split(&more, ':', &one))
		if (one.len && one.ptr[0] == '/')
			extra[extras++] = arena_strz(m, one);
	while (extras)
		ret[n++] = extra[--extras];
	ret[n++] = a->cfg->config_dir;
	return n;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_json(const struct dirent *e)
{
	return e->d_name[0] != '.' && str_ends(str_of(e->d_name), STR(".json"));
}

void labconfig_section(struct arena *m, struct json *to, const char *dir, const char *sub,
                       struct str section)
{
	struct dirent **list = NULL;
	char folder[PATH_MAX], path[PATH_MAX];
	int n;

	if (!dir || snprintf(folder, sizeof(folder), "%s/%s/%.*s.d", dir, sub,
	                     STR_ARG(section)) >= (int)sizeof(folder))
		return;
	n = scandir(folder, &list, is_json, by_name);
	for (int i = 0; i < n; i++) {
		if (snprintf(path, sizeof(path), "%s/%s", folder, list[i]->d_name) <
		    (int)sizeof(path))
			merge_file(m, to, path);
		free(list[i]);
	}
	free(list);
	if (snprintf(path, sizeof(path), "%s/%s/%.*s.json", dir, sub, STR_ARG(section)) <
	    (int)sizeof(path))
		merge_file(m, to, path);
}

/* {"a": true, "b": false} → ["a"]: what the front end takes. */
static void keys_to_list(struct arena *m, struct json *o, const char *key)
{
	struct json *v = jt_get(o, key), *list;

	if (!v || v->type != JSON_OBJECT)
		return;
	list = jt_new(m, JSON_ARRAY);
	if (!list)
		return;
	json_for_each(it, v)
	{
		struct json *s;

		if (it->type == JSON_FALSE || it->type == JSON_NULL)
			continue;
		s = jt_str(m, it->key);
		if (s)
			jt_push(list, s);
	}
	jt_set(o, str_of(key), list);
}

struct disabling {
	struct arena *m;
	struct json *page;
};

static bool has_key(const struct json *o, struct str key)
{
	json_for_each(it, o)
	{
		if (str_eq(it->key, key))
			return true;
	}
	return false;
}

/* An extension may switch others off, unless it is switched off itself. */
static void on_extension(const struct labext *e, void *arg)
{
	struct disabling *d = arg;
	struct json *off = jt_get(d->page, "disabledExtensions"), *yes;
	const struct json *lab = json_get(e->package, "jupyterlab");

	json_for_each(it, off)
	{
		if (str_eq(it->key, e->name) && it->type == JSON_TRUE)
			return;
	}
	json_for_each(it, json_get(lab, "disabledExtensions"))
	{
		/* What a file says, also "false", goes before that. */
		yes = it->type == JSON_STRING && !has_key(off, it->text) ? jt_bool(d->m, true)
		                                                         : NULL;
		if (yes && off && off->type == JSON_OBJECT)
			jt_set(off, it->text, yes);
	}
}

struct json *labconfig_page(struct call *c, struct arena *m)
{
	const char *app = lab_settings_dir(c->a, m), *levels[LABCONFIG_LEVELS];
	struct json *page = jt_new(m, JSON_OBJECT), *off;
	struct disabling d = { m, page };
	size_t n = labconfig_levels(c->a, m, levels);
	char path[PATH_MAX];

	if (!page)
		return NULL;
	if (app) {
		(void)snprintf(path, sizeof(path), "%s/page_config.json5", app);
		if (access(path, R_OK) < 0)
			(void)snprintf(path, sizeof(path), "%s/page_config.json", app);
		merge_file(m, page, path);
	}
	for (size_t i = 0; i < n; i++)
		labconfig_section(m, page, levels[i], "labconfig", STR("page_config"));
	if (!jt_get(page, "disabledExtensions")) {
		off = jt_new(m, JSON_OBJECT);
		if (off)
			jt_set(page, STR("disabledExtensions"), off);
	}
	labext_each(c, m, on_extension, &d);
	for (size_t i = 0; i < ARRAY_LEN(sets); i++)
		keys_to_list(m, page, sets[i]);
	return page;
}
