/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jsontree.h"

#include <errno.h>

#include "agent/jsonout.h"

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

void jt_split(struct json *str)
{
	str->type = JSON_ARRAY;
	str->text = STR_NONE;
	str->first = NULL;
	str->n = 0;
}

int json_by_key(const void *x, const void *y)
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
	qsort(at, n, sizeof(struct json *), json_by_key);
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
