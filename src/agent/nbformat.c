/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/nbformat.h"

#include <errno.h>
#include <stdio.h>

#include "agent/jsontree.h"
#include "agent/nbcheck.h"
#include "agent/nbupgrade.h"
#include "base/map.h"
#include "base/sha256.h"

static const struct json_limits limits = {
	.depth = NB_DEPTH_MAX,
	.values = 8000000,
	.lax_surrogates = true,
	.nan = true,
};

static int version(struct json *root, struct nb *nb, struct err *err)
{
	uint64_t major, minor = 0;

	if (root->type != JSON_OBJECT || json_get_u64(root, "nbformat", 1000, &major) < 0)
		return ERR(err, -EINVAL, "it is JSON, but it has no nbformat number");
	if (major > 4 || major < 1)
		return ERR(err, -EINVAL, "nbformat %u is not known here: 1 to 4 are",
		           (unsigned)major);
	if (json_get_u64(root, "nbformat_minor", 1000, &minor) < 0)
		minor = 0;
	nb->major = (unsigned)major;
	nb->minor = (unsigned)minor;
	return 0;
}

int nb_of(struct arena *a, struct json *root, struct nb *ret, struct err *err)
{
	struct nb nb = { .root = root };
	int r = version(root, &nb, err);

	if (r < 0)
		return r;
	if (nb.major < 4) {
		r = nb_upgrade(a, &nb);
		if (r < 0)
			return ERR(err, r, "this notebook of format %u can't be converted",
			           nb.major);
	}
	nb_check(&nb);
	*ret = nb;
	return 0;
}

int nb_parse(struct arena *a, struct str text, struct nb *ret, struct err *err)
{
	struct json_limits lim = limits;
	struct json *root;
	int r = json_parse(a, text, &lim, &root, NULL);

	/* Hardly ever: a key twice, of which Python takes the last. */
	if (r == -EINVAL) {
		lim.lax_dup = true;
		r = json_parse(a, text, &lim, &root, err);
		if (r == 0)
			r = jt_dedup(root);
	}
	return r < 0 ? r : nb_of(a, root, ret, err);
}

int nb_parse_lean(struct arena *a, struct str text, struct nb *ret, struct err *err)
{
	struct json_limits lim = limits;
	uint64_t major;
	struct json *root;

	lim.lean = true;
	/* What is odd or old is rare, and read in the ordinary way. */
	if (json_parse(a, text, &lim, &root, NULL) < 0 || root->type != JSON_OBJECT ||
	    json_get_u64(root, "nbformat", 1000, &major) < 0 || major < 4) {
		arena_fini(a);
		return nb_parse(a, text, ret, err);
	}
	return nb_of(a, root, ret, err);
}

static bool is_json_mime(struct str mime)
{
	return str_is(mime, "application/json") ||
	       (str_starts(mime, STR("application/")) && str_ends(mime, STR("+json")));
}

static bool is_text_mime(struct str mime)
{
	return str_starts(mime, STR("text/")) || str_is(mime, "application/javascript") ||
	       str_is(mime, "image/svg+xml");
}

static bool all_strings(const struct json *v)
{
	for (const struct json *it = v->first; it; it = it->next)
		if (it->type != JSON_STRING)
			return false;
	return true;
}

static int join(struct arena *a, struct json *v)
{
	(void)a;
	if (v && v->type == JSON_ARRAY && all_strings(v))
		jt_join(v);
	return 0;
}

static int split(struct arena *a, struct json *v)
{
	struct json *last = NULL;
	struct str s;

	if (!v || v->type != JSON_STRING)
		return 0;
	s = v->text;
	jt_split(v);
	if (v->raw.len) /* its lines are found when it is printed */
		return 0;
	while (s.len) {
		size_t n = jt_line_len(s, false);
		struct json *line = jt_str(a, str_sub(s, 0, n));

		if (!line)
			return -ENOMEM;
		if (last)
			last->next = line;
		else
			v->first = line;
		last = line;
		v->n++;
		s = str_sub(s, n, s.len);
	}
	return 0;
}

typedef int text_fn(struct arena *a, struct json *v);

static int bundle(struct arena *a, struct json *data, text_fn *fn)
{
	int r = 0;

	if (!data || data->type != JSON_OBJECT)
		return 0;
	for (struct json *v = data->first; v && r == 0; v = v->next) {
		if (fn == join ? !is_json_mime(v->key) : is_text_mime(v->key))
			r = fn(a, v);
	}
	return r;
}

static int outputs(struct arena *a, struct json *outs, text_fn *fn)
{
	int r = 0;

	if (!outs || outs->type != JSON_ARRAY)
		return 0;
	for (struct json *o = outs->first; o && r == 0; o = o->next) {
		struct str type = json_str_or(o, "output_type", STR(""));

		if (str_is(type, "display_data") || str_is(type, "execute_result"))
			r = bundle(a, jt_get(o, "data"), fn);
		else if (type.len && (fn == join || str_is(type, "stream")))
			r = fn(a, jt_get(o, "text"));
	}
	return r;
}

static int texts(struct arena *a, struct json *cell, text_fn *fn)
{
	struct json *att = jt_get(cell, "attachments");
	int r = fn(a, jt_get(cell, "source"));

	if (att && att->type == JSON_OBJECT)
		for (struct json *v = att->first; v && r == 0; v = v->next)
			r = bundle(a, v, fn);
	if (r == 0 && str_is(json_str_or(cell, "cell_type", STR("")), "code"))
		r = outputs(a, jt_get(cell, "outputs"), fn);
	return r;
}

int nb_outputs_for_disk(struct arena *a, struct json *outs)
{
	return outputs(a, outs, split);
}

static bool id_ok(struct str id)
{
	if (id.len < 1 || id.len > 64)
		return false;
	for (size_t i = 0; i < id.len; i++) {
		char c = id.ptr[i], l = (char)(c | 0x20);

		if (!((c >= '0' && c <= '9') || (l >= 'a' && l <= 'z') || c == '-' || c == '_'))
			return false;
	}
	return true;
}

/* From place and text, so that two reads of one file agree. */
static struct str make_id(struct arena *a, size_t at, unsigned salt, const struct json *cell)
{
	const struct json *source = json_get(cell, "source");
	struct str text = STR("");
	struct sha256 h;
	uint8_t d[SHA256_LEN];
	char head[48];
	int n = snprintf(head, sizeof(head), "%zu %u ", at, salt);

	sha256_init(&h);
	sha256_add(&h, (struct str){ head, (size_t)n });
	if (!source || json_text(a, source, &text) < 0)
		text = STR("");
	sha256_add(&h, text);
	sha256_end(&h, d);
	return arena_printf(a, "%02x%02x%02x%02x", d[0], d[1], d[2], d[3]);
}

static int repair_ids(struct arena *a, struct nb *nb, struct json *cells)
{
	struct map seen;
	size_t at = 0;
	int r = 0;

	if (nb->minor < 5)
		return 0;
	map_init(&seen, cells->n + 1);
	for (struct json *c = cells->first; c && r == 0; c = c->next, at++) {
		struct str id = json_str_or(c, "id", STR(""));
		unsigned salt = 0;

		if (c->type != JSON_OBJECT)
			continue;
		if (!id_ok(id) || map_get(&seen, id)) {
			struct json *v;

			do {
				id = make_id(a, at, salt++, c);
			} while (map_get(&seen, id));
			v = jt_str(a, id);
			if (!v) {
				r = -ENOMEM;
				break;
			}
			jt_set(c, STR("id"), v);
		}
		r = map_set(&seen, id, c, NULL);
	}
	map_fini(&seen);
	return r;
}

static struct json *cells_of(const struct nb *nb)
{
	struct json *cells = jt_get(nb->root, "cells");

	return cells && cells->type == JSON_ARRAY ? cells : NULL;
}

static int each_cell(struct arena *a, struct nb *nb, text_fn *fn)
{
	struct json *cells = cells_of(nb);
	int r;

	if (!cells)
		return 0;
	r = repair_ids(a, nb, cells);
	for (struct json *c = cells->first; c && r == 0; c = c->next)
		r = texts(a, c, fn);
	return r;
}

int nb_for_browser(struct arena *a, struct nb *nb)
{
	return each_cell(a, nb, join);
}

int nb_for_disk(struct arena *a, struct nb *nb)
{
	struct json *cells = cells_of(nb), *meta = jt_get(nb->root, "metadata");

	jt_remove(meta, "orig_nbformat");
	jt_remove(meta, "orig_nbformat_minor");
	jt_remove(meta, "signature");
	for (struct json *c = cells ? cells->first : NULL; c; c = c->next)
		jt_remove(jt_get(c, "metadata"), "trusted");
	return each_cell(a, nb, split);
}

int nb_mark_trusted(struct arena *a, struct nb *nb, bool trusted)
{
	struct json *cells = cells_of(nb);

	for (struct json *c = cells ? cells->first : NULL; c; c = c->next) {
		struct json *meta = jt_get(c, "metadata"), *v;

		if (!str_is(json_str_or(c, "cell_type", STR("")), "code") || !meta ||
		    meta->type != JSON_OBJECT)
			continue;
		v = jt_bool(a, trusted);
		if (!v)
			return -ENOMEM;
		jt_set(meta, STR("trusted"), v);
	}
	return 0;
}

static bool output_is_safe(const struct json *o)
{
	struct str type = json_str_or(o, "output_type", STR(""));

	if (!str_is(type, "execute_result") && !str_is(type, "display_data"))
		return true;
	json_for_each(m, o)
	{
		if (!str_is(m->key, "output_type") && !str_is(m->key, "execution_count") &&
		    !str_is(m->key, "metadata"))
			return false;
	}
	return true;
}

static bool cell_trusted(const struct json *c)
{
	bool marked = false;

	if (!str_is(json_str_or(c, "cell_type", STR("")), "code"))
		return true;
	if (json_get_bool(json_get(c, "metadata"), "trusted", &marked) == 0 && marked)
		return true;
	json_for_each(o, json_get(c, "outputs"))
	{
		if (!output_is_safe(o))
			return false;
	}
	return true;
}

bool nb_cells_trusted(const struct nb *nb)
{
	json_for_each(c, cells_of(nb))
	{
		if (!cell_trusted(c))
			return false;
	}
	return true;
}

void nb_print_browser(const struct nb *nb, struct buf *b)
{
	jt_print(nb->root, b);
}

struct sink {
	nb_sink_fn *fn;
	void *arg;
};

static int flush(struct buf *b, void *arg)
{
	const struct sink *s = arg;

	s->fn(s->arg, buf_str(b));
	buf_clear(b);
	return 0;
}

int nb_print_disk(const struct nb *nb, nb_sink_fn *fn, void *arg)
{
	struct sink s = { fn, arg };
	struct buf b = BUF(NB_ARENA_MAX);
	int r = jt_print_pretty(nb->root, &b, flush, &s);

	buf_put_c(&b, '\n');
	if (r == 0)
		r = buf_error(&b);
	if (r == 0)
		r = flush(&b, &s);
	buf_fini(&b);
	return r;
}
