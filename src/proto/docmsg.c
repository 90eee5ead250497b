/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/docmsg.h"

#include <errno.h>

#include "base/encode.h"

static const char *const ops[] = { "put", "gone", "move", "seen", "list", "kernels" };
static const char *const whats[] = { "opened", "saved", "run" };

bool doc_path_ok(struct str path)
{
	struct str rest = path, part;

	if (!path.len || path.len > DOC_PATH_MAX || !utf8_valid(path))
		return false;
	for (size_t i = 0; i < path.len; i++)
		if ((unsigned char)path.ptr[i] < ' ' || path.ptr[i] == 0x7f)
			return false;
	while (str_split(&rest, '/', &part))
		if (!part.len || str_is(part, ".") || str_is(part, ".."))
			return false;
	return true;
}

/* --- out --- */

static void put_items(struct jsonw *w, const struct docmsg *m)
{
	jw_key(w, "items");
	jw_arr(w);
	for (size_t i = 0; i < m->nitems; i++) {
		jw_arr(w);
		jw_str(w, m->items[i].path);
		jw_i64(w, m->items[i].changed);
		jw_u64(w, m->items[i].size);
		jw_arr_end(w);
	}
	jw_arr_end(w);
}

int docmsg_put(struct buf *b, const struct docmsg *m)
{
	struct jsonw w = JSONW(b);

	jw_obj(&w);
	jw_kv_z(&w, "op", ops[m->op]);
	if (m->op != DOC_LIST && m->op != DOC_KERNELS)
		jw_kv_str(&w, "path", m->path);
	switch (m->op) {
	case DOC_PUT:
		jw_kv_bool(&w, "notebook", m->notebook);
		jw_kv_i64(&w, "changed", m->changed);
		jw_kv_u64(&w, "size", m->size);
		jw_kv_str(&w, "title", m->title);
		jw_kv_str(&w, "heads", m->heads);
		jw_kv_str(&w, "text", m->text);
		break;
	case DOC_MOVE:
		jw_kv_str(&w, "to", m->to);
		break;
	case DOC_SEEN:
		jw_kv_z(&w, "what", whats[m->what]);
		jw_kv_i64(&w, "at", m->at);
		break;
	case DOC_LIST:
		jw_kv_str(&w, "after", m->after);
		jw_kv_str(&w, "upto", m->upto);
		put_items(&w, m);
		break;
	case DOC_KERNELS:
		put_items(&w, m);
		break;
	case DOC_GONE:
		break;
	}
	jw_obj_end(&w);
	return buf_error(b) ? buf_error(b) : buf_len(b) > DOC_BODY_MAX ? -E2BIG : 0;
}

/* --- in --- */

static int word_of(const struct json *j, const char *key, const char *const *words, size_t n,
                   struct err *err)
{
	struct str s = json_str_or(j, key, STR(""));

	for (size_t i = 0; i < n; i++)
		if (str_is(s, words[i]))
			return (int)i;
	return ERR(err, -EBADMSG, "no such %s", key);
}

static int get_path(const struct json *j, const char *key, struct str *ret, struct err *err)
{
	if (json_get_str(j, key, ret) < 0 || !doc_path_ok(*ret))
		return ERR(err, -EBADMSG, "%s is not a path", key);
	return 0;
}

/* "" or a path. */
static int get_border(const struct json *j, const char *key, struct str *ret, struct err *err)
{
	if (json_get_str(j, key, ret) == 0 && ret->len == 0)
		return 0;
	return get_path(j, key, ret, err);
}

static int get_number(const struct json *j, const char *key, uint64_t *ret, struct err *err)
{
	if (json_get_u64(j, key, INT64_MAX / 4, ret) < 0)
		return ERR(err, -EBADMSG, "%s is not a number", key);
	return 0;
}

/* What is not for the eye becomes a blank. */
static int get_text(struct arena *a, const struct json *j, const char *key, size_t max,
                    struct str *ret, struct err *err)
{
	struct str s;
	char *p;

	if (json_get_str(j, key, &s) < 0 || s.len > max)
		return ERR(err, -EBADMSG, "%s is no text, or too long", key);
	p = arena_alloc(a, s.len + 1);
	if (!p)
		return ERR(err, -ENOMEM, "no memory");
	for (size_t i = 0; i < s.len; i++)
		p[i] =
		    (char)((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7f ? ' ' : s.ptr[i]);
	*ret = (struct str){ p, s.len };
	return 0;
}

static int get_item(const struct json *j, struct doc_item *ret, struct err *err)
{
	const struct json *path = json_at(j, 0), *changed = json_at(j, 1),
	                  *size = json_at(j, 2);
	uint64_t us;

	if (j->type != JSON_ARRAY || j->n != 3 || path->type != JSON_STRING ||
	    changed->type != JSON_NUMBER || size->type != JSON_NUMBER ||
	    !doc_path_ok(path->text) || str_to_u64(changed->text, 0, INT64_MAX / 4, &us) < 0 ||
	    str_to_u64(size->text, 0, INT64_MAX / 4, &ret->size) < 0)
		return ERR(err, -EBADMSG, "an item is not [path, changed, size]");
	ret->path = path->text;
	ret->changed = (int64_t)us;
	return 0;
}

static int get_items(struct arena *a, const struct json *j, struct docmsg *ret, struct err *err)
{
	const struct json *list = json_get(j, "items");
	int r = 0;

	if (!list || list->type != JSON_ARRAY || list->n > DOC_ITEMS_MAX)
		return ERR(err, -EBADMSG, "items are no list, or too many");
	ret->items = ARENA_NEWS(a, struct doc_item, list->n + 1);
	if (!ret->items)
		return ERR(err, -ENOMEM, "no memory");
	json_for_each(it, list)
	{
		r = get_item(it, &ret->items[ret->nitems], err);
		if (r < 0)
			return r;
		ret->nitems++;
	}
	return 0;
}

/* Within its borders and in order: the store walks along it. */
static int check_list(const struct docmsg *m, struct err *err)
{
	struct str last = m->after;

	for (size_t i = 0; i < m->nitems; i++) {
		if (str_cmp(m->items[i].path, last) <= 0)
			return ERR(err, -EBADMSG, "items are not in order");
		last = m->items[i].path;
	}
	if (m->upto.len && str_cmp(last, m->upto) > 0)
		return ERR(err, -EBADMSG, "items lie behind the end");
	return 0;
}

static int get_put(struct arena *a, const struct json *j, struct docmsg *m, struct err *err)
{
	uint64_t changed = 0;
	int r = get_number(j, "changed", &changed, err);

	if (r == 0)
		r = get_number(j, "size", &m->size, err);
	if (r == 0 && json_get_bool(j, "notebook", &m->notebook) < 0)
		r = ERR(err, -EBADMSG, "notebook is not true or false");
	if (r == 0)
		r = get_text(a, j, "title", DOC_TITLE_MAX, &m->title, err);
	if (r == 0)
		r = get_text(a, j, "heads", DOC_HEADS_MAX, &m->heads, err);
	if (r == 0)
		r = get_text(a, j, "text", DOC_TEXT_MAX, &m->text, err);
	m->changed = (int64_t)changed;
	return r;
}

static int get_rest(struct arena *a, const struct json *j, struct docmsg *m, struct err *err)
{
	uint64_t at = 0;
	int r = 0;

	switch (m->op) {
	case DOC_PUT:
		return get_put(a, j, m, err);
	case DOC_GONE:
		return 0;
	case DOC_MOVE:
		return get_path(j, "to", &m->to, err);
	case DOC_SEEN:
		r = word_of(j, "what", whats, ARRAY_LEN(whats), err);
		if (r < 0)
			return r;
		m->what = (enum doc_what)r;
		r = get_number(j, "at", &at, err);
		m->at = (int64_t)at;
		return r;
	case DOC_LIST:
		r = get_border(j, "after", &m->after, err);
		if (r == 0)
			r = get_border(j, "upto", &m->upto, err);
		if (r == 0)
			r = get_items(a, j, m, err);
		return r < 0 ? r : check_list(m, err);
	case DOC_KERNELS:
		return get_items(a, j, m, err);
	}
	return r;
}

int docmsg_get(struct arena *a, struct str in, struct docmsg *ret, struct err *err)
{
	static const struct json_limits lim = { .depth = 4, .values = 8 + 4 * DOC_ITEMS_MAX };
	struct docmsg m = { 0 };
	struct json *j = NULL;
	int r;

	if (in.len > DOC_BODY_MAX)
		return ERR(err, -E2BIG, "a document's message has at most %u bytes",
		           DOC_BODY_MAX);
	r = json_parse(a, in, &lim, &j, err);
	if (r < 0)
		return r;
	r = word_of(j, "op", ops, ARRAY_LEN(ops), err);
	if (r < 0)
		return r;
	m.op = (enum doc_op)r;
	r = m.op == DOC_LIST || m.op == DOC_KERNELS ? 0 : get_path(j, "path", &m.path, err);
	if (r == 0)
		r = get_rest(a, j, &m, err);
	if (r == 0)
		*ret = m;
	return r;
}

/* --- what is wanted --- */

void doc_want_put(const bool *want, size_t n, char ret[DOC_WANT_BYTES])
{
	static const char hex[] = "0123456789abcdef";
	size_t digits = 0;

	for (size_t i = 0; i < n && i < DOC_ITEMS_MAX; i += 4, digits++) {
		unsigned v = 0;

		for (size_t k = 0; k < 4 && i + k < n; k++)
			v |= (unsigned)want[i + k] << k;
		ret[digits] = hex[v];
	}
	ret[digits] = '\0';
}

bool doc_want_get(struct str want, size_t i)
{
	unsigned v;
	char c;

	if (i / 4 >= want.len)
		return false;
	c = want.ptr[i / 4];
	v = c >= 'a' && c <= 'f'   ? (unsigned)(c - 'a' + 10)
	    : c >= '0' && c <= '9' ? (unsigned)(c - '0')
	                           : 0;
	return (v >> (i % 4) & 1U) != 0;
}
