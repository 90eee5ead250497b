/* SPDX-License-Identifier: Apache-2.0 */
/* Printing for files: Python's json.dumps(indent=1, sort_keys=True, ensure_ascii=False). */
#include "agent/jsontree.h"

#include <errno.h>

#include "agent/jsonout.h"
#include "base/jsonstr.h"

#define FLUSH_AT ((size_t)64 << 10)

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

static int flush_if_full(struct pretty *p)
{
	return buf_len(p->b) >= FLUSH_AT && p->flush ? p->flush(p->b, p->arg) : buf_error(p->b);
}

/* A long stretch, in pieces. */
static int verbatim(struct pretty *p, struct str s)
{
	int r = 0;

	while (s.len && r == 0) {
		struct str piece = str_sub(s, 0, FLUSH_AT);

		buf_put_str(p->b, piece);
		s = str_sub(s, piece.len, s.len);
		r = flush_if_full(p);
	}
	return r;
}

/* What stands between the quotes of a source string, as Python would write it:
 * only \/ and \u can differ. */
static int canonical(struct pretty *p, struct str s)
{
	int r = 0;

	while (s.len && r == 0) {
		size_t at = str_chr(s, '\\', 0), n = 2;
		char ch[4];
		size_t ch_len;

		r = verbatim(p, str_sub(s, 0, at));
		s = str_sub(s, at, s.len);
		if (s.len < 2 || r < 0)
			break;
		if (s.ptr[1] == '/') {
			buf_put_c(p->b, '/');
		} else if (s.ptr[1] == 'u') {
			n = jsonstr_escape(s, ch, &ch_len);
			json_put_inner(p->b, (struct str){ ch, ch_len });
		} else {
			buf_put(p->b, s.ptr, 2);
		}
		s = str_sub(s, n, s.len);
	}
	return r;
}

static struct str inner(struct str raw)
{
	return str_sub(raw, 1, raw.len - 1);
}

static int quoted(struct pretty *p, struct str between)
{
	int r;

	buf_put_c(p->b, '"');
	r = canonical(p, between);
	buf_put_c(p->b, '"');
	return r;
}

/* A list that has only its source: of strings, or the lines of one. */
static int lean_list(struct pretty *p, const struct json *v, unsigned depth)
{
	bool lines = v->raw.ptr[0] == '"', first = true;
	struct str rest = inner(v->raw), s;
	int r = 0;

	if (!rest.len && lines) {
		buf_put_z(p->b, "[]");
		return 0;
	}
	buf_put_c(p->b, '[');
	for (;;) {
		if (lines) {
			if (!rest.len)
				break;
			s = str_sub(rest, 0, jt_line_len(rest, true));
			rest = str_sub(rest, s.len, rest.len);
		} else if (!jt_next_string(&rest, &s)) {
			break;
		}
		if (!first)
			buf_put_c(p->b, ',');
		first = false;
		indent(p->b, depth + 1);
		r = quoted(p, s);
		if (r < 0)
			return r;
	}
	indent(p->b, depth);
	buf_put_c(p->b, ']');
	return 0;
}

static int joined(struct pretty *p, const struct json *v)
{
	struct str rest = inner(v->raw), s;
	int r = 0;

	buf_put_c(p->b, '"');
	if (jt_is_lean(v) && v->raw.ptr[0] == '"')
		r = canonical(p, rest);
	else if (jt_is_lean(v))
		while (r == 0 && jt_next_string(&rest, &s))
			r = canonical(p, s);
	else
		for (const struct json *it = v->first; it; it = it->next)
			json_put_inner(p->b, it->text);
	buf_put_c(p->b, '"');
	return r;
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
	qsort(at, n, sizeof(const struct json *), json_by_key);
	buf_put_c(p->b, '{');
	for (size_t i = 0; i < n; i++) {
		int r;

		if (i + 1 < n && str_eq(at[i]->key, at[i + 1]->key))
			continue;
		if (!first)
			buf_put_c(p->b, ',');
		first = false;
		indent(p->b, depth + 1);
		json_put_string(p->b, at[i]->key);
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
	int r;

	if (buf_error(p->b))
		return buf_error(p->b);
	r = flush_if_full(p);
	if (r < 0)
		return r;
	if (jt_is_joined(v))
		return joined(p, v);
	if (jt_is_lean(v))
		return lean_list(p, v, depth);
	if (v->type == JSON_STRING && !v->text.ptr && v->raw.len)
		return quoted(p, inner(v->raw));
	if (v->type != JSON_OBJECT && v->type != JSON_ARRAY) {
		json_put_leaf(v, p->b);
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
