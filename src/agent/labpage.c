/* SPDX-License-Identifier: Apache-2.0 */
/* The page: a template with three marks, and the page configuration. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "agent/auth.h"
#include "agent/jsontree.h"
#include "agent/lab.h"
#include "base/file.h"

#define LAB_VERSION "4.6.6"

/* Messages on kernel channels that don't count as activity (jupyter.md 2.5). */
static const char untracked[] =
    "[\"comm_info_request\",\"comm_info_reply\",\"kernel_info_request\",\"kernel_info_reply\","
    "\"shutdown_request\",\"shutdown_reply\",\"interrupt_request\",\"interrupt_reply\","
    "\"debug_request\",\"debug_reply\",\"stream\",\"display_data\",\"update_display_data\","
    "\"execute_input\",\"execute_result\",\"error\",\"status\",\"clear_output\",\"debug_"
    "event\","
    "\"input_request\",\"input_reply\"]";

static const struct {
	const char *key, *path;
} urls[] = {
	{ "AppUrl", "lab" },
	{ "LabextensionsUrl", "lab/extensions" },
	{ "LicensesUrl", "lab/api/licenses" },
	{ "ListingsUrl", "lab/api/listings" },
	{ "SettingsUrl", "lab/api/settings" },
	{ "ThemesUrl", "lab/api/themes" },
	{ "TranslationsApiUrl", "lab/api/translations" },
	{ "TreeUrl", "lab/tree" },
	{ "WorkspacesApiUrl", "lab/api/workspaces" },
};

static void put_urls(struct call *c, struct jsonw *w)
{
	struct str base = call_base(c);

	jw_kv_str(w, "baseUrl", base);
	jw_kv_z(w, "wsUrl", "");
	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		char key[48], rel[64];

		(void)snprintf(key, sizeof(key), "full%s", urls[i].key);
		jw_kv_str(w, key,
		          arena_printf(&c->r->arena, "%.*s%s", STR_ARG(base), urls[i].path));
		(void)snprintf(key, sizeof(key), "%c%s", urls[i].key[0] | 0x20,
		               urls[i].key + 1);
		(void)snprintf(rel, sizeof(rel), "/%s", urls[i].path);
		jw_kv_z(w, key, rel);
	}
	jw_kv_str(w, "fullStaticUrl",
	          arena_printf(&c->r->arena, "%.*sstatic/lab", STR_ARG(base)));
}

static void put_dirs(struct call *c, struct jsonw *w)
{
	const struct agent_cfg *cfg = c->a->cfg;
	char path[PATH_MAX];

	jw_kv_z(w, "serverRoot", cfg->root);
	jw_kv_z(w, "appSettingsDir", lab_settings_dir(c->a, &c->r->arena));
	jw_kv_z(w, "userSettingsDir", cfg->user_settings_dir);
	jw_kv_z(w, "workspacesDir", cfg->workspaces_dir);
	jw_kv_z(w, "schemasDir", lab_schemas_dir(c->a, &c->r->arena));
	(void)snprintf(path, sizeof(path), "%s/static", cfg->lab ? cfg->lab : "");
	jw_kv_z(w, "staticDir", path);
	jw_kv_z(w, "templatesDir", path);
	(void)snprintf(path, sizeof(path), "%s/themes", cfg->lab ? cfg->lab : "");
	jw_kv_z(w, "themesDir", path);
}

static void put_switches(struct call *c, struct jsonw *w)
{
	jw_kv_z(w, "appName", "JupyterLab");
	jw_kv_z(w, "appNamespace", "lab");
	jw_kv_z(w, "appVersion", LAB_VERSION);
	jw_kv_u64(w, "store_id", 0);
	jw_kv_z(w, "token", "");
	jw_kv_z(w, "notebookVersion", "[2, 21, 1]");
	jw_kv_bool(w, "terminalsAvailable", true);
	jw_kv_bool(w, "notebookStartsKernel", true);
	jw_kv_bool(w, "copyAbsolutePath", false);
	jw_kv_bool(w, "allow_hidden_files", false);
	jw_kv_bool(w, "delete_to_trash", c->a->cfg->delete_to_trash);
	jw_kv_bool(w, "quitButton", !c->a->cfg->session);
	jw_kv_bool(w, "buildAvailable", false);
	jw_kv_bool(w, "buildCheck", false);
	jw_kv_bool(w, "cacheFiles", true);
	jw_kv_bool(w, "devMode", false);
	jw_kv_bool(w, "exposeAppInBrowser", false);
	jw_kv_raw(w, "news", STR("{\"disabled\":true}"));
	jw_kv_raw(w, "extensionManager",
	          STR("{\"name\":\"Extension\",\"can_install\":false,\"install_path\":null}"));
	jw_kv_raw(w, "ignorePlugins", STR("[]"));
	jw_kv_z(w, "mathjaxConfig", "TeX-AMS_HTML-full,Safe");
	jw_kv_z(w, "preferredPath", "/");
	jw_kv_raw(w, "untracked_message_types", STR(untracked));
	if (c->a->cfg->session) {
		jw_kv_z(w, "carrelSession", c->a->cfg->session_id);
		jw_kv_str(w, "carrelWorkspace", call_workspace(c));
	}
}

/* Modules of webpack are found by these names, with or without "./". */
static void put_path(struct jsonw *w, const char *key, const struct json *build)
{
	struct str s;

	if (json_get_str(build, key, &s) < 0)
		return;
	if (str_is(str_of(key), "load") && str_starts(s, STR("./")))
		s = str_sub(s, 2, s.len);
	jw_kv_str(w, key, s);
}

static void on_extension(const struct labext *e, void *arg)
{
	const struct json *build = json_get(json_get(e->package, "jupyterlab"), "_build");
	struct jsonw *w = arg;

	if (!build || !json_get(build, "load"))
		return;
	jw_obj(w);
	jw_kv_str(w, "name", e->name);
	put_path(w, "load", build);
	put_path(w, "extension", build);
	put_path(w, "mimeExtension", build);
	put_path(w, "style", build);
	jw_obj_end(w);
}

struct where {
	struct str mode, workspace, tree, not_found;
};

static void put_config(struct call *c, const struct where *at, struct arena *m, struct buf *b)
{
	struct buf own = BUF(256U << 10);
	struct jsonw w = JSONW(&own);
	struct json *base = NULL, *page = labconfig_page(c, m);

	jw_obj(&w);
	put_urls(c, &w);
	put_dirs(c, &w);
	put_switches(c, &w);
	jw_kv_str(&w, "mode", at->mode);
	jw_kv_str(&w, "workspace", at->workspace);
	jw_kv_str(&w, "treePath", at->tree);
	if (at->not_found.len)
		jw_kv_str(&w, "notFoundUrl", at->not_found);
	jw_key(&w, "federated_extensions");
	jw_arr(&w);
	labext_each(c, m, on_extension, &w);
	jw_arr_end(&w);
	jw_obj_end(&w);
	/* What the user's and the site's files say goes over ours. */
	if (!buf_error(&own) && page && json_parse(m, buf_str(&own), NULL, &base, NULL) == 0 &&
	    json_merge(m, base, page) == 0)
		jt_print(base, b);
	else
		buf_put_str(b, buf_str(&own));
	buf_fini(&own);
}

/* JSON inside a script element: no tag may open or close there. */
static void put_script_json(struct buf *out, struct str json)
{
	for (size_t i = 0; i < json.len; i++) {
		char ch = json.ptr[i];

		if (ch == '<' || ch == '>' || ch == '&')
			buf_printf(out, "\\u%04x", (unsigned)ch);
		else
			buf_put_c(out, ch);
	}
}

void lab_put_attr(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '<' || s.ptr[i] == '&')
			buf_printf(out, "&#%d;", s.ptr[i]);
		else
			buf_put_c(out, s.ptr[i]);
	}
}

static void fill(struct call *c, struct str tpl, struct str config, struct buf *out)
{
	struct str base = call_base(c);

	while (tpl.len) {
		size_t at = str_chr(tpl, '@', 0);
		struct str rest = str_sub(tpl, at, tpl.len);

		buf_put_str(out, str_sub(tpl, 0, at));
		if (str_starts(rest, STR("@CONFIG@"))) {
			put_script_json(out, config);
			tpl = str_sub(rest, 8, rest.len);
		} else if (str_starts(rest, STR("@BASE@"))) {
			lab_put_attr(out, base);
			tpl = str_sub(rest, 6, rest.len);
		} else if (str_starts(rest, STR("@STATIC@"))) {
			lab_put_attr(out, base);
			buf_put_z(out, "static/lab");
			tpl = str_sub(rest, 8, rest.len);
		} else {
			buf_put_str(out, str_sub(rest, 0, 1));
			tpl = str_sub(rest, rest.len ? 1 : 0, rest.len);
		}
	}
}

static void page(struct call *c, const struct where *at)
{
	struct buf tpl = BUF(256U << 10), config = BUF(1U << 20), out = BUF(4U << 20);
	struct arena m = ARENA(16U << 20);
	int r = -ENOENT;

	if (c->a->lab->dir >= 0)
		r = file_read(c->a->lab->dir, "index.html", &tpl, NULL);
	if (r < 0) {
		http_hdr(c->r, "Content-Type", STR("text/html; charset=UTF-8"));
		http_reply(
		    c->r, 404,
		    STR("<!doctype html><title>No JupyterLab</title><p>This server was started "
		        "without JupyterLab's files (--lab). Its API works."));
	} else {
		if (!c->a->cfg->session)
			(void)auth_xsrf_cookie(c);
		put_config(c, at, &m, &config);
		fill(c, buf_str(&tpl), buf_str(&config), &out);
		call_touch(c, ACT_OPEN);
		http_hdr(c->r, "Content-Type", STR("text/html; charset=UTF-8"));
		http_hdr(c->r, "Cache-Control", STR("no-store"));
		http_reply(c->r, buf_error(&out) ? 500 : 200, buf_str(&out));
	}
	arena_fini(&m);
	buf_fini(&tpl);
	buf_fini(&config);
	buf_fini(&out);
}

/* [tree/<path>] | workspaces/<name>[/tree/<path>] | doc/… of the path after the base. */
static struct where locate(struct call *c, const char *mode)
{
	struct where w = { .mode = str_of(mode), .workspace = STR("default"), .tree = STR("") };
	const char *pattern = c->route->pattern;
	struct str rest = c->narg ? c->arg[0] : STR("");
	size_t at;

	if (strcmp(pattern, "lab/tree/*") == 0) {
		w.tree = rest;
		return w;
	}
	if (strcmp(pattern, "doc/*") == 0 && !str_starts(rest, STR("workspaces/"))) {
		if (str_starts(rest, STR("tree/")))
			w.tree = str_sub(rest, 5, rest.len);
		return w;
	}
	if (str_starts(rest, STR("workspaces/")))
		rest = str_sub(rest, 11, rest.len);
	if (rest.len) {
		at = str_find(rest, STR("/tree/"));
		w.workspace = str_sub(rest, 0, at);
		w.tree = str_sub(rest, at + 6, rest.len);
	}
	return w;
}

void lab_page(struct call *c)
{
	struct where at = locate(c, "multiple-document");

	page(c, &at);
}

void lab_page_doc(struct call *c)
{
	struct where at = locate(c, "single-document");

	page(c, &at);
}

/* The application shows its own "not found". */
void lab_page_other(struct call *c)
{
	struct where at = { .mode = STR("multiple-document"),
		            .workspace = STR("default"),
		            .tree = STR(""),
		            .not_found = c->r->url.path };

	if (str_starts(c->arg[0], STR("api/")))
		agent_json_error(c->r, 404, NULL, "Not Found");
	else
		page(c, &at);
}
