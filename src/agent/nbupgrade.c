/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notebooks from before 2014: worksheets are flattened, `pyout` and `pyerr`
 * get their new names, display data moves into `data` under media types,
 * heading cells become markdown. After nbformat/v4/convert.py.
 */
#include "agent/nbupgrade.h"

#include <errno.h>
#include <stdio.h>

#include "agent/jsontree.h"

/* Renames a member; `fallback` (may be NULL) is added when it is missing. */
static void rename_key(struct json *o, const char *from, const char *to, struct json *fallback)
{
	struct json *v = jt_get(o, from);

	jt_remove(o, from);
	if (!v)
		v = fallback;
	if (v)
		jt_set(o, str_of(to), v);
}

static const struct {
	const char *old, *mime;
} mimes[] = {
	{ "text", "text/plain" },       { "html", "text/html" },
	{ "svg", "image/svg+xml" },     { "png", "image/png" },
	{ "jpeg", "image/jpeg" },       { "latex", "text/latex" },
	{ "json", "application/json" }, { "javascript", "application/javascript" },
};

static void to_mime_keys(struct json *o)
{
	if (!o || o->type != JSON_OBJECT)
		return;
	for (struct json *v = o->first; v; v = v->next)
		for (size_t i = 0; i < ARRAY_LEN(mimes); i++)
			if (str_is(v->key, mimes[i].old))
				v->key = str_of(mimes[i].mime);
}

static int upgrade_display(struct arena *a, struct json *o)
{
	struct json *data = jt_new(a, JSON_OBJECT), *meta = jt_get(o, "metadata");
	struct json **at;

	if (!meta)
		meta = jt_new(a, JSON_OBJECT);
	if (!data || !meta)
		return -ENOMEM;
	jt_remove(o, "metadata");
	at = &o->first;
	while (*at) {
		struct json *v = *at;

		if (str_is(v->key, "output_type") || str_is(v->key, "execution_count")) {
			at = &v->next;
			continue;
		}
		*at = v->next;
		o->n--;
		jt_push(data, v);
	}
	to_mime_keys(data);
	to_mime_keys(meta);
	jt_set(o, STR("data"), data);
	jt_set(o, STR("metadata"), meta);
	return 0;
}

static int upgrade_output(struct arena *a, struct json *o)
{
	struct str type = json_str_or(o, "output_type", STR(""));
	struct json *name = jt_str(a, STR("stdout")), *null = jt_new(a, JSON_NULL);

	if (!name || !null)
		return -ENOMEM;
	if (str_is(type, "stream")) {
		rename_key(o, "stream", "name", name);
	} else if (str_is(type, "pyerr")) {
		jt_set_text(jt_get(o, "output_type"), STR("error"));
	} else if (str_is(type, "pyout")) {
		jt_set_text(jt_get(o, "output_type"), STR("execute_result"));
		rename_key(o, "prompt_number", "execution_count", null);
		return upgrade_display(a, o);
	} else if (str_is(type, "display_data")) {
		return upgrade_display(a, o);
	}
	return 0;
}

static int upgrade_code(struct arena *a, struct json *c, struct json *meta)
{
	struct json *outs = jt_get(c, "outputs"), *collapsed = jt_get(c, "collapsed");
	struct json *empty = jt_str(a, STR("")), *null = jt_new(a, JSON_NULL);
	int r = 0;

	if (!empty || !null)
		return -ENOMEM;
	jt_remove(c, "language");
	jt_remove(c, "collapsed");
	if (collapsed)
		jt_set(meta, STR("collapsed"), collapsed);
	if (jt_get(c, "input"))
		rename_key(c, "input", "source", empty);
	else
		rename_key(c, "code", "source", empty);
	rename_key(c, "prompt_number", "execution_count", null);
	if (!outs || outs->type != JSON_ARRAY) {
		outs = jt_new(a, JSON_ARRAY);
		if (!outs)
			return -ENOMEM;
		jt_set(c, STR("outputs"), outs);
	}
	for (struct json *o = outs->first; o && r == 0; o = o->next)
		if (o->type == JSON_OBJECT)
			r = upgrade_output(a, o);
	return r;
}

static void put_one_line(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		buf_put_c(b, (char)(s.ptr[i] == '\n' ? ' ' : s.ptr[i]));
}

static int upgrade_heading(struct arena *a, struct json *c)
{
	struct json *src = jt_get(c, "source");
	struct buf b = BUF(65536);
	uint64_t level = 1;
	struct str s;

	if (json_get_u64(c, "level", 6, &level) < 0)
		level = 1;
	jt_remove(c, "level");
	jt_set_text(jt_get(c, "cell_type"), STR("markdown"));
	for (uint64_t i = 0; i < level; i++)
		buf_put_c(&b, '#');
	buf_put_c(&b, ' ');
	if (src && src->type == JSON_ARRAY)
		json_for_each(line, src) put_one_line(&b, line->text);
	else if (src)
		put_one_line(&b, src->text);
	s = arena_str(a, buf_str(&b));
	buf_fini(&b);
	if (!s.ptr)
		return -ENOMEM;
	src = jt_str(a, s);
	if (!src)
		return -ENOMEM;
	jt_set(c, STR("source"), src);
	return 0;
}

static int upgrade_cell(struct arena *a, struct json *c)
{
	struct json *meta = jt_get(c, "metadata"), *type = jt_get(c, "cell_type");

	if (c->type != JSON_OBJECT || !type || type->type != JSON_STRING)
		return 0;
	if (!meta || meta->type != JSON_OBJECT) {
		meta = jt_new(a, JSON_OBJECT);
		if (!meta)
			return -ENOMEM;
		jt_set(c, STR("metadata"), meta);
	}
	if (str_is(type->text, "code"))
		return upgrade_code(a, c, meta);
	if (str_is(type->text, "heading"))
		return upgrade_heading(a, c);
	if (str_is(type->text, "html") || str_is(type->text, "text"))
		jt_set_text(type, STR("markdown"));
	return 0;
}

static struct json *number(struct arena *a, const char *text)
{
	struct json *v = jt_new(a, JSON_NUMBER);

	if (v)
		v->text = v->raw = str_of(text);
	return v;
}

static void flatten(struct json *root, struct json *cells)
{
	struct json *sheets = jt_get(root, "worksheets");
	struct json *old = jt_get(root, "cells");

	if (old && old->type == JSON_ARRAY) {
		cells->first = old->first;
		cells->n = old->n;
	}
	for (struct json *ws = sheets ? sheets->first : NULL; ws; ws = ws->next) {
		struct json *in = jt_get(ws, "cells");
		struct json **end = &cells->first;

		if (!in || in->type != JSON_ARRAY)
			continue;
		while (*end)
			end = &(*end)->next;
		*end = in->first;
		cells->n += in->n;
	}
	jt_remove(root, "worksheets");
}

int nb_upgrade(struct arena *a, struct nb *nb)
{
	struct json *cells = jt_new(a, JSON_ARRAY), *meta = jt_get(nb->root, "metadata");
	struct json *major = number(a, "4"), *minor = number(a, "5");
	int r = 0;

	if (!cells || !major || !minor)
		return -ENOMEM;
	if (!meta || meta->type != JSON_OBJECT) {
		meta = jt_new(a, JSON_OBJECT);
		if (!meta)
			return -ENOMEM;
		jt_set(nb->root, STR("metadata"), meta);
	}
	jt_remove(meta, "name");
	jt_remove(meta, "signature");
	jt_remove(nb->root, "orig_nbformat");
	jt_remove(nb->root, "orig_nbformat_minor");
	flatten(nb->root, cells);
	for (struct json *c = cells->first; c && r == 0; c = c->next)
		r = upgrade_cell(a, c);
	if (r < 0)
		return r;
	jt_set(nb->root, STR("cells"), cells);
	jt_set(nb->root, STR("nbformat"), major);
	jt_set(nb->root, STR("nbformat_minor"), minor);
	nb->major = 4;
	nb->minor = 5;
	return 0;
}
