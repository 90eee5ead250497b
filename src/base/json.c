/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader. One pass over the bytes with an explicit stack of open
 * containers, so input depth costs no C stack. A string without escapes is a
 * slice of the input; only escaped ones are decoded into the arena. Strings
 * are scanned eight bytes at a time, because notebooks are mostly base64 and
 * text, up to 100 MB of it.
 */
#include "base/json.h"

#include <errno.h>

#include "base/encode.h"

#define DEPTH_DEFAULT  32U
#define VALUES_DEFAULT 100000U
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

/* First byte in [p, end) that is a quote, a backslash, a control character or
 * not ASCII; end if there is none. */
static const char *scan_plain(const char *p, const char *end)
{
	const uint64_t ones = 0x0101010101010101U, highs = 0x8080808080808080U;

	while (end - p >= 8) {
		uint64_t w, q, b;

		memcpy(&w, p, 8);
		q = w ^ (ones * '"');
		b = w ^ (ones * '\\');
		/* Borrows can only mark bytes above a true hit, so a word without any
		 * hit is never marked; a marked word is looked at byte by byte. */
		if (((w | ((w - ones * 0x20) & ~w) | ((q - ones) & ~q) | ((b - ones) & ~b)) &
		     highs) != 0)
			break;
		p += 8;
	}
	for (; p < end; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '"' || c == '\\' || c < 0x20 || c >= 0x80)
			break;
	}
	return p;
}

/* Length of the valid UTF-8 sequence of two to four bytes at p, else 0. */
static size_t utf8_len(const char *p, const char *end)
{
	const unsigned char *s = (const unsigned char *)p;
	size_t left = (size_t)(end - p);

	if (s[0] >= 0xC2 && s[0] <= 0xDF && left >= 2 && (s[1] & 0xC0) == 0x80)
		return 2;
	if ((s[0] & 0xF0) == 0xE0 && left >= 3 && (s[1] & 0xC0) == 0x80 &&
	    (s[2] & 0xC0) == 0x80) {
		if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] >= 0xA0))
			return 0;
		return 3;
	}
	if (s[0] >= 0xF0 && s[0] <= 0xF4 && left >= 4 && (s[1] & 0xC0) == 0x80 &&
	    (s[2] & 0xC0) == 0x80 && (s[3] & 0xC0) == 0x80) {
		if ((s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] >= 0x90))
			return 0;
		return 4;
	}
	return 0;
}

static int hex4(const char *p, const char *end, uint32_t *ret)
{
	uint32_t v = 0;

	if (end - p < 4)
		return -EINVAL;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		unsigned d;

		if (c >= '0' && c <= '9')
			d = (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			d = (unsigned)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'F')
			d = (unsigned)(c - 'A') + 10;
		else
			return -EINVAL;
		v = v << 4 | d;
	}
	*ret = v;
	return 0;
}

static bool is_high(uint32_t u)
{
	return u >= 0xD800 && u <= 0xDBFF;
}
static bool is_low(uint32_t u)
{
	return u >= 0xDC00 && u <= 0xDFFF;
}

static char *put_utf8(char *o, uint32_t u)
{
	if (u < 0x80) {
		*o++ = (char)u;
	} else if (u < 0x800) {
		*o++ = (char)(0xC0 | u >> 6);
		*o++ = (char)(0x80 | (u & 0x3F));
	} else if (u < 0x10000) {
		*o++ = (char)(0xE0 | u >> 12);
		*o++ = (char)(0x80 | (u >> 6 & 0x3F));
		*o++ = (char)(0x80 | (u & 0x3F));
	} else {
		*o++ = (char)(0xF0 | u >> 18);
		*o++ = (char)(0x80 | (u >> 12 & 0x3F));
		*o++ = (char)(0x80 | (u >> 6 & 0x3F));
		*o++ = (char)(0x80 | (u & 0x3F));
	}
	return o;
}

/* p is after "\u"; writes the character and returns the position after it,
 * NULL if it is not one. The second half of a pair is taken along. */
static const char *unescape_u(const char *p, const char *end, bool lax, char **o)
{
	uint32_t u, v;

	if (hex4(p, end, &u) < 0)
		return NULL;
	p += 4;
	if (is_high(u) && end - p >= 6 && p[0] == '\\' && p[1] == 'u' &&
	    hex4(p + 2, end, &v) == 0 && is_low(v)) {
		u = 0x10000 + ((u - 0xD800) << 10) + (v - 0xDC00);
		p += 6;
	} else if (is_high(u) || is_low(u)) {
		if (!lax)
			return NULL;
		u = 0xFFFD;
	}
	*o = put_utf8(*o, u);
	return p;
}

/* The text between quotes was checked for structure: every backslash has a
 * byte after it. Decoding never makes it longer (\uXXXX is at most 3 bytes). */
static int decode(struct parser *j, struct str s, struct str *ret)
{
	char *out = arena_alloc(j->a, s.len + 1), *o = out;
	const char *p = s.ptr, *end = s.ptr + s.len;

	if (!out)
		return no_memory(j);
	while (p < end) {
		const char *esc = memchr(p, '\\', (size_t)(end - p));
		size_t n = (size_t)((esc ? esc : end) - p);

		memcpy(o, p, n);
		o += n;
		if (!esc)
			break;
		p = esc + 2;
		switch (esc[1]) {
		case '"':
		case '\\':
		case '/':
			*o++ = esc[1];
			break;
		case 'b':
			*o++ = '\b';
			break;
		case 'f':
			*o++ = '\f';
			break;
		case 'n':
			*o++ = '\n';
			break;
		case 'r':
			*o++ = '\r';
			break;
		case 't':
			*o++ = '\t';
			break;
		case 'u':
			p = unescape_u(p, end, j->lim.lax_surrogates, &o);
			if (p)
				break;
			return fail_at(j, esc, -EINVAL,
			               "\\u needs four hex digits, and a surrogate its pair");
		default:
			return fail_at(j, esc, -EINVAL, "no such escape");
		}
	}
	*ret = (struct str){ out, (size_t)(o - out) };
	return 0;
}

/* *p is at the opening quote; leaves it after the closing one. */
static int string(struct parser *j, struct str *ret)
{
	const char *from = ++j->p;
	bool escaped = false;

	for (;;) {
		size_t n;

		j->p = scan_plain(j->p, j->end);
		if (j->p == j->end)
			return fail(j, "");
		if (*j->p == '"')
			break;
		if (*j->p == '\\') {
			escaped = true;
			if (j->end - j->p < 2) {
				j->p = j->end;
				return fail(j, "");
			}
			/* What follows a backslash is ASCII, or no escape at all. */
			if ((unsigned char)j->p[1] < 0x20 || (unsigned char)j->p[1] >= 0x80)
				return fail(j, "no such escape");
			j->p += 2;
			continue;
		}
		if ((unsigned char)*j->p < 0x20)
			return fail(j, "a control character in a string must be escaped");
		while (j->p < j->end && (unsigned char)*j->p >= 0x80) {
			n = utf8_len(j->p, j->end);
			if (n == 0)
				return fail(j, "this is not UTF-8");
			j->p += n;
		}
	}
	*ret = (struct str){ from, (size_t)(j->p - from) };
	j->p++;
	return escaped ? decode(j, *ret, ret) : 0;
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
		return open_container(j, v);
	case '"': {
		int r = string(j, &v->text);

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
		r = string(j, &key);
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
	struct json *v, *root;
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

const struct json *json_get(const struct json *o, const char *key)
{
	const struct json *found = NULL;

	if (!o || o->type != JSON_OBJECT)
		return NULL;
	json_for_each(v, o)
	{
		if (str_is(v->key, key))
			found = v; /* no break: with lax_dup the last one counts */
	}
	return found;
}

const struct json *json_at(const struct json *a, size_t i)
{
	if (!a || a->type != JSON_ARRAY || i >= a->n)
		return NULL;
	json_for_each(v, a)
	{
		if (i-- == 0)
			return v;
	}
	return NULL;
}

int json_get_str(const struct json *o, const char *key, struct str *ret)
{
	const struct json *v = json_get(o, key);

	if (!v || v->type == JSON_NULL)
		return -ENOENT;
	if (v->type != JSON_STRING)
		return -EINVAL;
	*ret = v->text;
	return 0;
}

int json_get_u64(const struct json *o, const char *key, uint64_t max, uint64_t *ret)
{
	const struct json *v = json_get(o, key);

	if (!v || v->type == JSON_NULL)
		return -ENOENT;
	if (v->type != JSON_NUMBER || str_to_u64(v->text, 0, max, ret) < 0)
		return -EINVAL;
	return 0;
}

int json_get_bool(const struct json *o, const char *key, bool *ret)
{
	const struct json *v = json_get(o, key);

	if (!v || v->type == JSON_NULL)
		return -ENOENT;
	if (v->type != JSON_TRUE && v->type != JSON_FALSE)
		return -EINVAL;
	*ret = v->type == JSON_TRUE;
	return 0;
}

struct str json_str_or(const struct json *o, const char *key, struct str fallback)
{
	struct str s;

	return json_get_str(o, key, &s) == 0 ? s : fallback;
}
