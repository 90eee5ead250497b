/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader. One pass over the bytes with an explicit stack of open
 * containers, so input depth costs no C stack. A string without escapes is a
 * slice of the input; only escaped ones are decoded into the arena (jsonstr.c).
 */
#include "base/json.h"

#include <errno.h>

#include "base/jsonstr.h"

#define DEPTH_DEFAULT  32U
#define VALUES_DEFAULT 100000U
#define KEEP_OVER      64U /* lean: longer strings with escapes are not decoded */
/* Objects of up to this many members are checked for duplicates in pairs. */
#define DUP_PAIRWISE 12U

struct frame {
	struct json *node, *last;
};

struct parser {
	struct arena *a;
	const char *start, *p, *end;
	struct json_limits lim;
	struct frame *stack;
	unsigned depth; /* open containers */
	size_t values;
	struct err *err;
};

static int fail_at(struct parser *j, const char *at, int code, const char *what)
{
	return ERR(j->err, code, "JSON byte %zu: %s", (size_t)(at - j->start), what);
}

static int fail(struct parser *j, const char *what)
{
	if (j->p >= j->end)
		return fail_at(j, j->end, -EINVAL, "the text ends too early");
	return fail_at(j, j->p, -EINVAL, what);
}

static int no_memory(struct parser *j)
{
	return fail_at(j, j->p, -ENOMEM, "this is larger than the memory allowed for it");
}

static void skip_space(struct parser *j)
{
	while (j->p < j->end &&
	       (*j->p == ' ' || *j->p == '\n' || *j->p == '\r' || *j->p == '\t'))
		j->p++;
}

/* *p is at the opening quote; leaves it after the closing one. */
static int string(struct parser *j, size_t keep, struct str *ret)
{
	struct jsonstr s = {
		.p = j->p, .end = j->end, .lax = j->lim.lax_surrogates, .keep = keep
	};
	int r = jsonstr(j->a, &s, ret);

	if (r == -ENOMEM)
		return no_memory(j);
	j->p = s.p;
	return r < 0 ? fail_at(j, s.at, r, s.why) : 0;
}

static bool digits(struct parser *j)
{
	const char *from = j->p;

	while (j->p < j->end && *j->p >= '0' && *j->p <= '9')
		j->p++;
	return j->p > from;
}

static bool literal(struct parser *j, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(j->end - j->p) < n || memcmp(j->p, word, n) != 0)
		return false;
	j->p += n;
	return true;
}

static int number(struct parser *j)
{
	if (*j->p == '-') {
		j->p++;
		if (j->lim.nan && literal(j, "Infinity"))
			return 0;
	}
	if (j->p < j->end && *j->p == '0')
		j->p++;
	else if (!digits(j))
		return fail(j, "a number needs a digit here");
	if (j->p < j->end && *j->p == '.') {
		j->p++;
		if (!digits(j))
			return fail(j, "a number needs a digit after the point");
	}
	if (j->p < j->end && (*j->p == 'e' || *j->p == 'E')) {
		j->p++;
		if (j->p < j->end && (*j->p == '+' || *j->p == '-'))
			j->p++;
		if (!digits(j))
			return fail(j, "a number needs a digit in its exponent");
	}
	return 0;
}

static int cmp_str(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static int check_dups(struct parser *j, const struct json *o)
{
	autofree struct str *keys = NULL;
	size_t n = 0;

	if (o->n <= DUP_PAIRWISE) {
		for (const struct json *x = o->first; x; x = x->next) {
			for (const struct json *y = x->next; y; y = y->next) {
				if (str_eq(x->key, y->key))
					return fail_at(j, y->raw.ptr, -EINVAL,
					               "this key was there before");
			}
		}
		return 0;
	}
	keys = calloc(o->n, sizeof(*keys));
	if (!keys)
		return no_memory(j);
	for (const struct json *x = o->first; x; x = x->next)
		keys[n++] = x->key;
	qsort(keys, n, sizeof(*keys), cmp_str);
	for (size_t i = 1; i < n; i++) {
		if (str_eq(keys[i - 1], keys[i]))
			return fail_at(j, o->raw.ptr, -EINVAL, "this object has a key twice");
	}
	return 0;
}

static int open_container(struct parser *j, struct json *v)
{
	if (j->depth >= j->lim.depth)
		return fail_at(j, j->p, -E2BIG, "the values are nested too deeply");
	j->stack[j->depth++] = (struct frame){ .node = v };
	j->p++;
	return 0;
}

static int close_container(struct parser *j)
{
	struct json *v = j->stack[--j->depth].node;

	j->p++;
	v->raw.len = (size_t)(j->p - v->raw.ptr);
	if (v->type == JSON_OBJECT && !j->lim.lax_dup)
		return check_dups(j, v);
	return 0;
}

/* Lean: a list of strings becomes one node. False: it is another list, or not
 * well-formed, and is read in the ordinary way. */
static bool string_list(struct parser *j, struct json *v)
{
	struct jsonstr s = { .end = j->end, .lax = j->lim.lax_surrogates, .keep = 1 };
	const char *from = j->p;
	struct str one;
	char c = ',';
	size_t n = 0;

	for (j->p++; c == ','; n++) {
		skip_space(j);
		s.p = j->p;
		/* Not kept are those of one byte, which is no escape. */
		if (j->p >= j->end || *j->p != '"' || jsonstr(j->a, &s, &one) < 0)
			break;
		j->p = s.p;
		skip_space(j);
		c = (char)(j->p < j->end ? *j->p++ : 0);
	}
	if (c != ']' || n > j->lim.values - j->values) {
		j->p = from;
		return false;
	}
	j->values += n;
	v->n = n;
	v->raw.len = (size_t)(j->p - from);
	return true;
}

/* One value's start: a scalar is then whole, a container is open. */
static int value(struct parser *j, struct json *v)
{
	v->raw.ptr = j->p;
	switch (*j->p) {
	case '{':
		v->type = JSON_OBJECT;
		return open_container(j, v);
	case '[':
		v->type = JSON_ARRAY;
		if (j->lim.lean && j->depth < j->lim.depth && string_list(j, v))
			return 0;
		return open_container(j, v);
	case '"': {
		int r = string(j, j->lim.lean ? KEEP_OVER : 0, &v->text);

		if (r < 0)
			return r;
		v->type = JSON_STRING;
		break;
	}
	case 'n':
		if (!literal(j, "null"))
			return fail(j, "a value is expected here");
		break;
	case 't':
		if (!literal(j, "true"))
			return fail(j, "a value is expected here");
		v->type = JSON_TRUE;
		break;
	case 'f':
		if (!literal(j, "false"))
			return fail(j, "a value is expected here");
		v->type = JSON_FALSE;
		break;
	default:
		v->type = JSON_NUMBER;
		if (j->lim.nan && (literal(j, "NaN") || literal(j, "Infinity"))) {
			;
		} else if (*j->p == '-' || (*j->p >= '0' && *j->p <= '9')) {
			int r = number(j);

			if (r < 0)
				return r;
		} else {
			return fail(j, "a value is expected here");
		}
		v->text = (struct str){ v->raw.ptr, (size_t)(j->p - v->raw.ptr) };
		break;
	}
	v->raw.len = (size_t)(j->p - v->raw.ptr);
	return 0;
}

static struct json *add(struct parser *j)
{
	struct json *v = ARENA_NEW(j->a, struct json);
	struct frame *f = j->depth ? &j->stack[j->depth - 1] : NULL;

	if (!v || !f)
		return v;
	if (f->last)
		f->last->next = v;
	else
		f->node->first = v;
	f->last = v;
	f->node->n++;
	return v;
}

/* A member or an element of the innermost container, or the whole document. */
static int item(struct parser *j, struct json **ret)
{
	struct str key = STR_NONE;
	struct json *v;
	int r;

	if (j->values++ >= j->lim.values)
		return fail_at(j, j->p, -E2BIG, "there are too many values");
	if (j->depth && j->stack[j->depth - 1].node->type == JSON_OBJECT) {
		if (j->p >= j->end || *j->p != '"')
			return fail(j, "a key in quotes is expected here");
		r = string(j, 0, &key);
		if (r < 0)
			return r;
		skip_space(j);
		if (j->p >= j->end || *j->p != ':')
			return fail(j, "a colon is expected here");
		j->p++;
		skip_space(j);
	}
	if (j->p >= j->end)
		return fail(j, "");
	v = add(j);
	if (!v)
		return no_memory(j);
	v->key = key;
	*ret = v;
	return value(j, v);
}

static int document(struct parser *j, struct json **ret)
{
	struct json *v, *root = NULL;
	int r;

	skip_space(j);
	r = item(j, &root);
	while (r == 0 && j->depth) {
		struct frame *f = &j->stack[j->depth - 1];
		char closing = f->node->type == JSON_OBJECT ? '}' : ']';

		skip_space(j);
		if (j->p < j->end && *j->p == closing) {
			r = close_container(j);
			continue;
		}
		if (f->last) {
			if (j->p >= j->end || *j->p != ',')
				return fail(j,
				            "a comma or the end of the list is expected here");
			j->p++;
			skip_space(j);
		}
		r = item(j, &v);
	}
	if (r < 0)
		return r;
	skip_space(j);
	if (j->p != j->end)
		return fail(j, "something follows the end of the value");
	*ret = root;
	return 0;
}

int json_parse(struct arena *a, struct str in, const struct json_limits *lim, struct json **ret,
               struct err *err)
{
	struct parser j = { .a = a, .err = err };

	if (lim)
		j.lim = *lim;
	if (!j.lim.depth)
		j.lim.depth = DEPTH_DEFAULT;
	if (!j.lim.values)
		j.lim.values = VALUES_DEFAULT;
	j.start = j.p = in.ptr ? in.ptr : "";
	j.end = j.p + in.len;
	j.stack = ARENA_NEWS(a, struct frame, j.lim.depth);
	if (!j.stack)
		return no_memory(&j);
	return document(&j, ret);
}

int json_text(struct arena *a, const struct json *v, struct str *ret)
{
	struct jsonstr s = { .p = v->raw.ptr, .lax = true };

	if (v->type != JSON_STRING)
		return -EINVAL;
	*ret = v->text;
	if (v->text.ptr || !v->raw.len)
		return 0;
	s.end = v->raw.ptr + v->raw.len;
	return jsonstr(a, &s, ret);
}
