/* SPDX-License-Identifier: Apache-2.0 */
#include "api/fields.h"

#include <errno.h>
#include <stdio.h>

#define PAGE_DEFAULT 50
#define PAGE_MAX     1000
#define STRINGS_MAX  16

static const struct field *field_find(const struct field *list, struct str name)
{
	for (size_t i = 0; i < FIELDS_MAX && list[i].name; i++)
		if (str_is(name, list[i].name))
			return &list[i];
	return NULL;
}

/* Names that clients invent may be long, or hold anything. */
static void clean(struct str s, char *ret, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len && n + 1 < room; i++) {
		char ch = s.ptr[i];

		if (ch < 0x20 || ch == 0x7f || ch == '"' || ch == '\\')
			ch = '?';
		ret[n++] = ch;
	}
	ret[n] = '\0';
}

static bool unknown(struct call *c, struct str name)
{
	char shown[40];

	clean(name, shown, sizeof(shown));
	call_fail(c, PROBLEM_UNKNOWN_FIELD, shown,
	          "There is no field '%s' here; remove it or check its spelling.", shown);
	return false;
}

static bool bad_integer(struct call *c, const struct field *f)
{
	call_fail(c, PROBLEM_INVALID_FIELD, f->name,
	          "'%s' must be a whole number from %lld to %lld.", f->name, (long long)f->min,
	          (long long)f->max);
	return false;
}

static bool check_text(struct call *c, const struct field *f, struct str s)
{
	if (f->max && (s.len < (size_t)f->min || s.len > (size_t)f->max)) {
		call_fail(c, PROBLEM_INVALID_FIELD, f->name,
		          "'%s' must have %lld to %lld bytes, this one has %zu.", f->name,
		          (long long)f->min, (long long)f->max, s.len);
		return false;
	}
	if (s.len && memchr(s.ptr, '\0', s.len)) {
		call_fail(c, PROBLEM_INVALID_FIELD, f->name,
		          "'%s' must not hold a NUL character.", f->name);
		return false;
	}
	return true;
}

static bool check_strings(struct call *c, const struct field *f, const struct json *v)
{
	bool fine = v->type == JSON_ARRAY && v->n <= STRINGS_MAX;

	json_for_each(it, fine ? v : NULL) fine &=
	    it->type == JSON_STRING && it->text.len <= 128;
	if (!fine)
		call_fail(c, PROBLEM_INVALID_FIELD, f->name,
		          "'%s' must be an array of at most %d strings.", f->name, STRINGS_MAX);
	return fine;
}

static bool check_value(struct call *c, const struct field *f, const struct json *v)
{
	int64_t n;

	switch (f->type) {
	case FIELD_STRING:
		if (v->type == JSON_STRING)
			return check_text(c, f, v->text);
		call_fail(c, PROBLEM_INVALID_FIELD, f->name, "'%s' must be a string.", f->name);
		return false;
	case FIELD_INTEGER:
		if (v->type == JSON_NUMBER && str_to_i64(v->text, f->min, f->max, &n) == 0)
			return true;
		return bad_integer(c, f);
	case FIELD_BOOLEAN:
		if (v->type == JSON_TRUE || v->type == JSON_FALSE)
			return true;
		call_fail(c, PROBLEM_INVALID_FIELD, f->name, "'%s' must be true or false.",
		          f->name);
		return false;
	case FIELD_STRINGS:
		return check_strings(c, f, v);
	case FIELD_JSON:
		if (v->type == JSON_ARRAY || v->type == JSON_OBJECT)
			return true;
		call_fail(c, PROBLEM_INVALID_FIELD, f->name,
		          "'%s' must be an object or an array.", f->name);
		return false;
	}
	return false;
}

static bool check_fields(struct call *c, const struct json *o)
{
	json_for_each(it, o)
	{
		const struct field *f = field_find(c->route->body, it->key);

		if (!f)
			return unknown(c, it->key);
		if (it->type == JSON_NULL && !f->required)
			continue; /* the same as absent */
		if (!check_value(c, f, it))
			return false;
	}
	for (size_t i = 0; i < FIELDS_MAX && c->route->body[i].name; i++) {
		if (c->route->body[i].required && !json_get(o, c->route->body[i].name)) {
			call_fail(c, PROBLEM_INVALID_FIELD, c->route->body[i].name,
			          "'%s' is missing.", c->route->body[i].name);
			return false;
		}
	}
	return true;
}

bool fields_body(struct call *c, struct str body)
{
	struct err err = ERR_NONE;
	struct json *o = NULL;

	if (str_trim(body).len == 0)
		body = STR("{}");
	if (json_parse(&c->arena, body, NULL, &o, &err) < 0) {
		call_fail(c, PROBLEM_BAD_REQUEST, NULL, "The body is not valid JSON: %s",
		          err.msg);
		return false;
	}
	if (o->type != JSON_OBJECT) {
		call_fail(c, PROBLEM_BAD_REQUEST, NULL, "The body must be a JSON object.");
		return false;
	}
	c->body = o;
	return check_fields(c, o);
}

static const struct field page_fields[] = {
	{ "limit", FIELD_INTEGER, false, 1, PAGE_MAX, "at most so many items" },
	{ "cursor", FIELD_STRING, false, 1, 24, "`next` of the page before" },
};

static bool check_param(struct call *c, const struct field *f, struct str v)
{
	uint64_t n;

	if (f->type == FIELD_INTEGER)
		return str_to_u64(v, (uint64_t)f->min, (uint64_t)f->max, &n) == 0
		           ? true
		           : bad_integer(c, f);
	return check_text(c, f, v);
}

bool fields_query(struct call *c)
{
	const struct url *u = &c->req->url;

	for (size_t i = 0; i < u->nparam; i++) {
		struct str key = u->param[i].key;
		const struct field *f = field_find(c->route->query, key);

		if (key.len == 0 && u->param[i].value.len == 0)
			continue; /* "&&", "?" */
		for (size_t k = 0;
		     !f && c->route->flags & ROUTE_LIST && k < ARRAY_LEN(page_fields); k++)
			if (str_is(key, page_fields[k].name))
				f = &page_fields[k];
		if (!f)
			return unknown(c, key);
		if (!check_param(c, f, u->param[i].value))
			return false;
	}
	return true;
}

struct str call_str(const struct call *c, const char *name)
{
	const struct json *v = json_get(c->body, name);

	return v && v->type == JSON_STRING ? v->text : STR_NONE;
}

bool call_has(const struct call *c, const char *name)
{
	const struct json *v = json_get(c->body, name);

	return v && v->type != JSON_NULL;
}

int64_t call_int(const struct call *c, const char *name, int64_t absent)
{
	const struct json *v = json_get(c->body, name);
	int64_t n = absent;

	if (v && v->type == JSON_NUMBER && str_to_i64(v->text, INT64_MIN, INT64_MAX, &n) < 0)
		n = absent; /* not reached: the field list has checked it */
	return n;
}

bool call_bool(const struct call *c, const char *name)
{
	const struct json *v = json_get(c->body, name);

	return v && v->type == JSON_TRUE;
}

struct str call_query(const struct call *c, const char *name)
{
	return url_param(&c->req->url, name);
}

bool call_page(struct call *c, struct page *ret)
{
	struct str limit = call_query(c, "limit"), cursor = call_query(c, "cursor");
	uint64_t n = PAGE_DEFAULT, before = INT64_MAX;

	if (limit.ptr && str_to_u64(limit, 1, PAGE_MAX, &n) < 0)
		n = PAGE_DEFAULT; /* not reached: checked */
	if (cursor.ptr && str_to_u64(cursor, 1, INT64_MAX, &before) < 0) {
		call_fail(c, PROBLEM_INVALID_FIELD, "cursor",
		          "A cursor is the `next` of a page; begin again without it.");
		return false;
	}
	*ret = (struct page){ .limit = (unsigned)n, .before = (int64_t)before };
	return true;
}

struct list_of call_list(const struct call *c, const struct page *p)
{
	return (struct list_of){ str_of(c->who.account_id), p->before, p->limit + 1 };
}

bool page_row(struct page *p, int64_t seq)
{
	if (p->n++ >= p->limit)
		return false;
	p->last = seq;
	return true;
}

void page_next(struct jsonw *w, const struct page *p)
{
	char cursor[24];

	(void)snprintf(cursor, sizeof(cursor), "%lld", (long long)p->last);
	jw_kv_z(w, "next", p->n > p->limit ? cursor : NULL);
}
