/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/schemalang.h"

#include <fcntl.h>

#include "agent/json5.h"
#include "agent/jsontree.h"
#include "agent/regex.h"
#include "base/file.h"
#include "base/map.h"

#define DOMAINS_MAX  16U
#define MESSAGES_MAX 50000U
#define DEPTH_MAX    40U
#define SETTINGS_MAX ((size_t)1 << 20)

struct domain {
	struct str name;
	struct map messages; /* "context\4text" → the catalogue's list */
};

struct schemalang {
	struct arena *m;
	const struct json *catalogs;
	struct domain domains[DOMAINS_MAX];
	size_t n;
};

struct str schemalang_file(struct call *c, struct arena *m)
{
	return arena_printf(m,
	                    "%s/@jupyterlab/translation-extension/plugin.jupyterlab-settings",
	                    c->a->cfg->user_settings_dir);
}

/* What the user chose under Settings / Language. */
static struct str chosen(struct call *c, struct arena *m)
{
	struct buf raw = BUF(SETTINGS_MAX), strict = BUF(2 * SETTINGS_MAX);
	struct str locale = STR(""), path = schemalang_file(c, m);
	struct json *j = NULL;

	if (path.ptr && file_read(AT_FDCWD, path.ptr, &raw, NULL) == 0 &&
	    json5_to_json(buf_str(&raw), &strict, NULL) == 0 &&
	    json_parse(m, arena_str(m, buf_str(&strict)), NULL, &j, NULL) == 0)
		locale = json_str_or(j, "locale", STR(""));
	buf_fini(&raw);
	buf_fini(&strict);
	return locale;
}

struct schemalang *schemalang_new(struct call *c, struct arena *m)
{
	struct str locale = chosen(c, m);
	struct schemalang *l;
	struct json *catalogs;

	if (!locale.len || str_is(locale, "default") || str_is(locale, "en"))
		return NULL;
	catalogs = langpack_load(c, m, locale);
	l = catalogs ? ARENA_NEW(m, struct schemalang) : NULL;
	if (l) {
		l->m = m;
		l->catalogs = catalogs;
	}
	return l;
}

void schemalang_free(struct schemalang *l)
{
	for (size_t i = 0; l && i < l->n; i++)
		map_fini(&l->domains[i].messages);
}

static struct map *messages_of(struct schemalang *l, struct str name)
{
	const struct json *catalog = NULL;
	struct domain *d;

	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->domains[i].name, name))
			return &l->domains[i].messages;
	json_for_each(it, l->catalogs) if (str_eq(it->key, name)) catalog = it;
	if (!catalog || l->n >= DOMAINS_MAX)
		return NULL;
	d = &l->domains[l->n++];
	d->name = name;
	map_init(&d->messages, MESSAGES_MAX);
	for (struct json *it = catalog->first; it; it = it->next)
		if (map_set(&d->messages, it->key, it, NULL) < 0)
			break;
	return &d->messages;
}

/* What a schema asks for beyond the usual: expressions over paths. */
struct job {
	struct schemalang *l;
	struct map *messages;
	const struct json *selectors;
};

static bool under(struct str path, const char *prefix, const char *end)
{
	return str_starts(path, str_of(prefix)) && str_ends(path, str_of(end)) &&
	       path.len >= strlen(prefix) + strlen(end);
}

/* The message context of a string at `path`, or NULL: not shown to people. */
static const char *context_of(const struct job *j, struct str path)
{
	bool text = str_ends(path, STR("/title")) || str_ends(path, STR("/description"));

	if (str_is(path, "/title") || str_is(path, "/description"))
		return "schema";
	if (text && str_starts(path, STR("/properties/")))
		return "settings";
	if (text && str_starts(path, STR("/definitions/")) &&
	    str_find(path, STR("/properties/")) < path.len)
		return "settings";
	if (str_is(path, "/jupyter.lab.setting-icon-label"))
		return "settings";
	if (under(path, "/jupyter.lab.menus/", "/label"))
		return "menu";
	if (under(path, "/jupyter.lab.toolbars/", "/label"))
		return "toolbar";
	json_for_each(s, j->selectors)
	{
		struct str whole;

		if (s->type != JSON_STRING)
			continue;
		whole = arena_printf(j->l->m, "^/%.*s$", STR_ARG(s->text));
		if (whole.ptr && regex_search(whole, path) == REGEX_YES)
			return "schema";
	}
	return NULL;
}

static void translate(const struct job *j, struct json *v, struct str path)
{
	const char *context = context_of(j, path);
	struct str key;
	const struct json *entry;

	if (!context || !v->text.len)
		return;
	key = arena_printf(j->l->m, "%s\004%.*s", context, STR_ARG(v->text));
	entry = key.ptr ? map_get(j->messages, key) : NULL;
	if (entry && entry->first && entry->first->type == JSON_STRING &&
	    entry->first->text.len)
		jt_set_text(v, entry->first->text);
}

static void walk(const struct job *j, struct json *o, struct str prefix, unsigned depth)
{
	size_t at = 0;

	if (depth > DEPTH_MAX)
		return;
	for (struct json *v = o->first; v; v = v->next, at++) {
		struct str path;

		if (o->type == JSON_ARRAY && v->type != JSON_OBJECT)
			continue;
		path =
		    o->type == JSON_OBJECT
		        ? arena_printf(j->l->m, "%.*s/%.*s", STR_ARG(prefix), STR_ARG(v->key))
		        : arena_printf(j->l->m, "%.*s/%zu", STR_ARG(prefix), at);
		if (!path.ptr)
			return;
		if (v->type == JSON_STRING)
			translate(j, v, path);
		else if (v->type == JSON_OBJECT || v->type == JSON_ARRAY)
			walk(j, v, path, depth + 1);
	}
}

void schemalang_apply(struct schemalang *l, struct json *schema)
{
	const struct json *i18n = json_get(schema, "jupyter.lab.internationalization");
	struct job j = { .l = l, .selectors = json_get(i18n, "selectors") };

	j.messages = messages_of(l, json_str_or(i18n, "domain", STR("jupyterlab")));
	if (j.messages)
		walk(&j, schema, STR(""), 0);
}
