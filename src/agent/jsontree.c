/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jsontree.h"

#include <errno.h>

#define FLUSH_AT (64U << 10)

struct json *jt_get(struct json *o, const char *key)
{
	struct json *found = NULL;

	if (!o || o->type != JSON_OBJECT)
		return NULL;
	for (struct json *v = o->first; v; v = v->next)
		if (str_is(v->key, key))
			found = v; /* of doubled keys the last counts */
	return found;
}

void jt_remove(struct json *o, const char *key)
{
	if (!o || o->type != JSON_OBJECT)
		return;
	for (struct json **at = &o->first; *at;) {
		if (str_is((*at)->key, key)) {
			*at = (*at)->next;
			o->n--;
		} else {
			at = &(*at)->next;
		}
	}
}

void jt_push(struct json *arr, struct json *v)
{
	struct json **at = &arr->first;

	while (*at)
		at = &(*at)->next;
	v->next = NULL;
	*at = v;
	arr->n++;
}

void jt_set(struct json *o, struct str key, struct json *v)
{
	v->key = key;
	for (struct json **at = &o->first; *at; at = &(*at)->next) {
		if (str_eq((*at)->key, key)) {
			v->next = (*at)->next;
			*at = v;
			return;
		}
	}
	v->next = NULL;
	jt_push(o, v);
}

struct json *jt_new(struct arena *a, enum json_type type)
{
	struct json *v = ARENA_NEW(a, struct json);

	if (v)
		v->type = type;
	return v;
}

void jt_set_text(struct json *v, struct str text)
{
	v->type = JSON_STRING;
	v->text = text;
	v->raw = STR_NONE;
}

struct json *jt_str(struct arena *a, struct str text)
{
	struct json *v = jt_new(a, JSON_STRING);

	if (v)
		jt_set_text(v, text);
	return v;
}

struct json *jt_bool(struct arena *a, bool b)
{
	return jt_new(a, b ? JSON_TRUE : JSON_FALSE);
}

void jt_join(struct json *arr)
{
	arr->text = STR("joined");
}

static void put_string(struct buf *b, struct str s)
{
	struct jsonw w = JSONW(b);

	jw_str(&w, s);
}

static void print_joined(const struct json *v, struct buf *b)
{
	buf_put_c(b, '"');
	for (const struct json *it = v->first; it; it = it->next) {
		/* What stands between the quotes can be joined as it is. */
		if (it->raw.len >= 2) {
			buf_put(b, it->raw.ptr + 1, it->raw.len - 2);
		} else {
			struct buf one = BUF(b->max_);

			put_string(&one, it->text);
			buf_put_str(b, str_sub(buf_str(&one), 1, buf_len(&one) - 1));
			buf_fini(&one);
		}
	}
	buf_put_c(b, '"');
}

static void print_leaf(const struct json *v, struct buf *b)
{
	switch (v->type) {
	case JSON_NULL:
		buf_put_z(b, "null");
		break;
	case JSON_FALSE:
		buf_put_z(b, "false");
		break;
	case JSON_TRUE:
		buf_put_z(b, "true");
		break;
	case JSON_NUMBER:
		buf_put_str(b, v->text);
		break;
	case JSON_STRING:
		put_string(b, v->text);
		break;
	case JSON_ARRAY:
	case JSON_OBJECT:
		break;
	}
}

void jt_print(const struct json *v, struct buf *b)
{
	bool obj = v->type == JSON_OBJECT;

	if (jt_is_joined(v)) {
		print_joined(v, b);
		return;
	}
	if (v->type == JSON_STRING && v->raw.ptr) {
		buf_put_str(b, v->raw);
		return;
	}
	if (v->type == JSON_NUMBER) {
		struct str s = v->text;

		/* Python writes NaN and Infinity; browsers can't read them. */
		if (s.len && (s.ptr[s.len - 1] == 'N' || s.ptr[s.len - 1] == 'y'))
			s = STR("null");
		buf_put_str(b, s);
		return;
	}
	if (!obj && v->type != JSON_ARRAY) {
		print_leaf(v, b);
		return;
	}
	buf_put_c(b, obj ? '{' : '[');
	for (const struct json *it = v->first; it; it = it->next) {
		if (it != v->first)
			buf_put_c(b, ',');
		if (obj) {
			put_string(b, it->key);
			buf_put_c(b, ':');
		}
		jt_print(it, b);
	}
	buf_put_c(b, obj ? '}' : ']');
}

static int by_key(const void *x, const void *y)
{
	const struct json *a = *(const struct json *const *)x,
	                  *b = *(const struct json *const *)y;
	size_t n = a->key.len < b->key.len ? a->key.len : b->key.len;
	int d = n ? memcmp(a->key.ptr, b->key.ptr, n) : 0;

	/* UTF-8 bytes sort like code points, as Python's strings do. */
	if (d == 0 && a->key.len != b->key.len)
		d = a->key.len < b->key.len ? -1 : 1;
	if (d == 0)
		d = a->raw.ptr < b->raw.ptr ? -1 : a->raw.ptr > b->raw.ptr;
	return d;
}

/* Leaves of each run of equal keys (sorted, in source order) the last. */
static int dedup_object(struct json *o)
{
	autofree struct json **at = calloc(o->n ? o->n : 1, sizeof(struct json *));
	struct json **end = &o->first;
	size_t n = 0;

	if (!at)
		return -ENOMEM;
	for (struct json *it = o->first; it && n < o->n; it = it->next)
		at[n++] = it;
	qsort(at, n, sizeof(struct json *), by_key);
	for (size_t i = 0; i + 1 < n; i++)
		if (str_eq(at[i]->key, at[i + 1]->key))
			at[i]->n = SIZE_MAX; /* marked */
	while (*end) {
		if ((*end)->n == SIZE_MAX) {
			*end = (*end)->next;
			o->n--;
		} else {
			end = &(*end)->next;
		}
	}
	return 0;
}

int jt_dedup(struct json *v)
{
	int r = v->type == JSON_OBJECT ? dedup_object(v) : 0;

	if (v->type != JSON_OBJECT && v->type != JSON_ARRAY)
		return 0;
	for (struct json *it = v->first; it && r == 0; it = it->next)
		r = jt_dedup(it);
	return r;
}

struct pretty {
	struct buf *b;
	jt_flush_fn *flush;
	void *arg;
};

static void indent(struct buf *b, unsigned n)
{
	buf_put_c(b, '\n');
	while (n--)
		buf_put_c(b, ' ');
}

static int pretty(struct pretty *p, const struct json *v, unsigned depth);

static int pretty_object(struct pretty *p, const struct json *v, unsigned depth)
{
	autofree const struct json **at = calloc(v->n ? v->n : 1, sizeof(const struct json *));
	size_t n = 0;
	bool first = true;

	if (!at)
		return -ENOMEM;
	for (const struct json *it = v->first; it && n < v->n; it = it->next)
		at[n++] = it;
	qsort(at, n, sizeof(const struct json *), by_key);
	buf_put_c(p->b, '{');
	for (size_t i = 0; i < n; i++) {
		int r;

		if (i + 1 < n && str_eq(at[i]->key, at[i + 1]->key))
			continue;
		if (!first)
			buf_put_c(p->b, ',');
		first = false;
		indent(p->b, depth + 1);
		put_string(p->b, at[i]->key);
		buf_put_z(p->b, ": ");
		r = pretty(p, at[i], depth + 1);
		if (r < 0)
			return r;
	}
	indent(p->b, depth);
	buf_put_c(p->b, '}');
	return 0;
}

static int pretty(struct pretty *p, const struct json *v, unsigned depth)
{
	if (buf_error(p->b))
		return buf_error(p->b);
	if (buf_len(p->b) >= FLUSH_AT && p->flush) {
		int r = p->flush(p->b, p->arg);

		if (r < 0)
			return r;
	}
	if (jt_is_joined(v)) {
		print_joined(v, p->b);
		return 0;
	}
	if (v->type != JSON_OBJECT && v->type != JSON_ARRAY) {
		print_leaf(v, p->b);
		return 0;
	}
	if (!v->first) {
		buf_put_z(p->b, v->type == JSON_OBJECT ? "{}" : "[]");
		return 0;
	}
	if (v->type == JSON_OBJECT)
		return pretty_object(p, v, depth);
	buf_put_c(p->b, '[');
	for (const struct json *it = v->first; it; it = it->next) {
		int r;

		if (it != v->first)
			buf_put_c(p->b, ',');
		indent(p->b, depth + 1);
		r = pretty(p, it, depth + 1);
		if (r < 0)
			return r;
	}
	indent(p->b, depth);
	buf_put_c(p->b, ']');
	return 0;
}

int jt_print_pretty(const struct json *v, struct buf *b, jt_flush_fn *flush, void *arg)
{
	struct pretty p = { b, flush, arg };
	int r = pretty(&p, v, 0);

	return r < 0 ? r : buf_error(b);
}
