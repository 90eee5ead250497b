/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plugin manager (switching plugins on and off in the user's own
 * page_config.json, unless somebody above has locked them) and the extension
 * manager, which lists and switches but does not install: pip does that.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "agent/jsontree.h"
#include "agent/lab.h"
#include "base/file.h"

#define HOW_TO                                                                            \
	"Extensions are installed with pip. Open a terminal, run: pip install NAME, and " \
	"reload this page"

#define HOW_TO_NAME "To install more"

static void put_locks(struct jsonw *w, const struct json *page)
{
	jw_key(w, "lockRules");
	jw_arr(w);
	json_for_each(it, json_get(page, "lockedExtensions"))
	{
		if (it->type == JSON_STRING)
			jw_str(w, it->text);
	}
	jw_arr_end(w);
	jw_kv_bool(w, "allLocked", false);
}

void lab_plugins(struct call *c)
{
	struct arena m = ARENA(32U << 20);
	struct buf b = BUF(1U << 20);
	struct jsonw w = JSONW(&b);

	jw_obj(&w);
	put_locks(&w, labconfig_page(c, &m));
	jw_obj_end(&w);
	call_reply(c, 200, &b);
	buf_fini(&b);
	arena_fini(&m);
}

static struct str extension_of(struct str plugin)
{
	return str_sub(plugin, 0, str_chr(plugin, ':', 0));
}

/* A rule locks a plugin or a whole extension; an extension with a locked plugin
 * can't be switched either. */
static bool is_locked(const struct json *page, struct str name)
{
	bool plugin = str_chr(name, ':', 0) < name.len;

	json_for_each(it, json_get(page, "lockedExtensions"))
	{
		if (it->type != JSON_STRING)
			continue;
		if (str_eq(it->text, name) ||
		    (plugin && str_eq(it->text, extension_of(name))) ||
		    (!plugin && str_eq(extension_of(it->text), name)))
			return true;
	}
	return false;
}

/* labconfig/page_config.json of the user, with one plugin switched. */
static int toggle(struct call *c, struct arena *m, struct str name, bool off, struct err *err)
{
	struct json *own, *set, *yes = jt_bool(m, off);
	struct buf b = BUF(1U << 20);
	char dir[PATH_MAX], path[PATH_MAX];
	int r;

	if (snprintf(dir, sizeof(dir), "%s/labconfig", c->a->cfg->config_dir) >=
	        (int)sizeof(dir) ||
	    snprintf(path, sizeof(path), "%s/page_config.json", dir) >= (int)sizeof(path))
		return ERR(err, -ENAMETOOLONG, "The configuration's path is too long");
	own = labconfig_read(m, path);
	if (!own && access(path, F_OK) == 0)
		return ERR(err, -EINVAL, "%s is not JSON: correct it, or delete it", path);
	if (!own || own->type != JSON_OBJECT)
		own = jt_new(m, JSON_OBJECT);
	set = own ? jt_get(own, "disabledExtensions") : NULL;
	if (own && (!set || set->type != JSON_OBJECT)) {
		const struct json *list = set;

		set = jt_new(m, JSON_OBJECT);
		json_for_each(it, list && list->type == JSON_ARRAY ? list : NULL)
		{
			struct json *one = jt_bool(m, true);

			if (set && one && it->type == JSON_STRING)
				jt_set(set, it->text, one);
		}
		if (set)
			jt_set(own, STR("disabledExtensions"), set);
	}
	if (!set || !yes)
		return ERR(err, -ENOMEM, "The page configuration is too large");
	jt_set(set, name, yes);
	r = jt_print_pretty(own, &b, NULL, NULL);
	if (r == 0)
		r = file_mkdirs(dir, 0755, err);
	if (r == 0)
		r = file_write_atomic(AT_FDCWD, path, buf_str(&b), 0644, err);
	buf_fini(&b);
	return r;
}

static void result(struct call *c, unsigned status, const char *word, struct str message)
{
	struct buf b = BUF(8192);
	struct jsonw w = JSONW(&b);

	jw_obj(&w);
	jw_kv_z(&w, "status", word);
	if (message.len)
		jw_kv_str(&w, "message", message);
	else
		jw_kv_null(&w, "message");
	jw_key(&w, "needs_restart");
	jw_arr(&w);
	if (status == 201)
		jw_z(&w, "frontend");
	jw_arr_end(&w);
	jw_obj_end(&w);
	call_reply(c, status, &b);
	buf_fini(&b);
}

static void on_switch(struct call *c, const struct json *body, const char *key)
{
	struct arena m = ARENA(32U << 20);
	struct err err = ERR_NONE;
	struct str cmd = json_str_or(body, "cmd", STR("")),
	           name = json_str_or(body, key, STR(""));
	bool off = str_is(cmd, "disable");

	if ((!off && !str_is(cmd, "enable")) || !name.len || name.len > 200)
		agent_json_error(
		    c->r, 422, NULL, "Could not process instruction '%.*s' with %s '%.*s'",
		    STR_ARG(str_sub(cmd, 0, 40)), key, STR_ARG(str_sub(name, 0, 200)));
	else if (is_locked(labconfig_page(c, &m), name))
		result(c, 500, "error",
		       arena_printf(&m,
		                    "%.*s can't be switched: it is locked in page_config.json",
		                    STR_ARG(name)));
	else if (toggle(c, &m, name, off, &err) < 0)
		result(c, 500, "error", str_of(err.msg));
	else
		result(c, 201, "ok", STR(""));
	arena_fini(&m);
}

static void on_plugin(struct call *c, const struct json *body)
{
	on_switch(c, body, "plugin_name");
}

void lab_plugins_post(struct call *c)
{
	call_read_json(c, CALL_JSON_MAX, on_plugin);
}

static void on_extension(struct call *c, const struct json *body)
{
	struct str cmd = json_str_or(body, "cmd", STR("")),
	           name = json_str_or(body, "extension_name", STR(""));

	if (str_is(cmd, "install") || str_is(name, HOW_TO_NAME))
		agent_json_error(c->r, 422, NULL, HOW_TO);
	else if (str_is(cmd, "uninstall"))
		agent_json_error(c->r, 422, NULL,
		                 "Extensions are removed with pip. Open a terminal, run: pip "
		                 "uninstall NAME, and reload this page");
	else
		on_switch(c, body, "extension_name");
}

void lab_extensions_post(struct call *c)
{
	call_read_json(c, CALL_JSON_MAX, on_extension);
}

static struct str author_of(const struct json *p)
{
	const struct json *author = json_get(p, "author");

	return author && author->type == JSON_OBJECT ? json_str_or(author, "name", STR(""))
	                                             : json_str_or(p, "author", STR(""));
}

struct installed {
	struct jsonw w;
	const struct json *page;
	struct arena *m;
};

static bool is_off(const struct json *page, struct str name)
{
	json_for_each(it, json_get(page, "disabledExtensions"))
	{
		if (it->type == JSON_STRING && str_eq(it->text, name))
			return true;
	}
	return false;
}

static void put_installed(const struct labext *e, void *arg)
{
	struct installed *i = arg;
	struct jsonw *w = &i->w;
	struct str path = arena_printf(i->m, "%s/install.json", e->dir);
	const struct json *install = path.ptr ? labconfig_read(i->m, path.ptr) : NULL;

	jw_obj(w);
	jw_kv_str(w, "name", e->name);
	jw_kv_str(w, "description", json_str_or(e->package, "description", STR("")));
	jw_kv_str(w, "homepage_url", json_str_or(e->package, "homepage", STR("")));
	jw_kv_z(w, "pkg_type", "prebuilt");
	jw_kv_bool(w, "allowed", true);
	jw_kv_bool(w, "approved", false);
	jw_kv_null(w, "companion");
	jw_kv_bool(w, "core", false);
	jw_kv_bool(w, "enabled", !is_off(i->page, e->name));
	if (install)
		jw_kv_raw(w, "install", install->raw);
	else
		jw_kv_null(w, "install");
	jw_kv_bool(w, "installed", true);
	jw_kv_str(w, "installed_version", json_str_or(e->package, "version", STR("")));
	jw_kv_str(w, "latest_version", json_str_or(e->package, "version", STR("")));
	jw_kv_z(w, "status", "ok");
	jw_kv_str(w, "author", author_of(e->package));
	jw_kv_str(w, "license", json_str_or(e->package, "license", STR("")));
	jw_obj_end(w);
}

/* The last entry of the list, and all that a search finds: how it is done. The
 * page shows nothing else where installing is off. */
static void put_how_to(struct jsonw *w)
{
	jw_obj(w);
	jw_kv_z(w, "name", HOW_TO_NAME);
	jw_kv_z(w, "description", HOW_TO ".");
	jw_kv_z(w, "homepage_url",
	        "https://jupyterlab.readthedocs.io/en/stable/user/extensions.html");
	jw_kv_z(w, "pkg_type", "prebuilt");
	jw_kv_bool(w, "allowed", true);
	jw_kv_bool(w, "approved", false);
	jw_kv_null(w, "companion");
	jw_kv_bool(w, "core", false);
	jw_kv_bool(w, "enabled", true);
	jw_kv_null(w, "install");
	jw_kv_bool(w, "installed", true);
	jw_kv_z(w, "installed_version", "");
	jw_kv_z(w, "latest_version", "");
	jw_kv_z(w, "status", "ok");
	jw_kv_z(w, "author", "");
	jw_kv_z(w, "license", "");
	jw_obj_end(w);
}

void lab_extensions(struct call *c)
{
	struct arena m = ARENA(32U << 20);
	struct buf b = BUF(4U << 20);
	struct installed i = { .w = JSONW(&b), .m = &m };

	jw_arr(&i.w);
	if (!url_param(&c->r->url, "query").len) {
		i.page = labconfig_page(c, &m);
		labext_each(c, &m, put_installed, &i);
	}
	put_how_to(&i.w);
	jw_arr_end(&i.w);
	call_reply(c, 200, &b);
	buf_fini(&b);
	arena_fini(&m);
}
