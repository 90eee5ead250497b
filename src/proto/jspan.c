/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/jspan.h"

#include "base/encode.h"

struct span {
	struct str s;
	size_t at;
};

static void span_space(struct span *p)
{
	while (p->at < p->s.len && strchr(" \t\r\n", p->s.ptr[p->at]) && p->s.ptr[p->at])
		p->at++;
}

static char span_peek(const struct span *p)
{
	if (p->at < p->s.len)
		return p->s.ptr[p->at];
	return 0;
}

/* At an opening quote; moves behind the closing one. */
static bool span_string(struct span *p)
{
	p->at++;
	for (;;) {
		size_t quote = str_chr(p->s, '"', p->at), back = 0;

		if (quote == p->s.len)
			return false;
		while (quote - back > p->at && p->s.ptr[quote - back - 1] == '\\')
			back++;
		p->at = quote + 1;
		if (back % 2 == 0)
			return true;
		/* The quote was escaped; the next run of backslashes starts behind it. */
	}
}

static bool span_value(struct span *p, struct str *ret)
{
	size_t from = p->at, depth = 0, end;

	while (p->at < p->s.len) {
		char c = p->s.ptr[p->at];

		if (c == '"') {
			if (!span_string(p))
				return false;
			continue;
		}
		if (depth == 0 && (c == ',' || c == '}'))
			break;
		if (c == '{' || c == '[')
			depth++;
		else if ((c == '}' || c == ']') && depth-- == 0)
			return false;
		p->at++;
	}
	end = p->at;
	while (end > from && strchr(" \t\r\n", p->s.ptr[end - 1]))
		end--;
	*ret = str_sub(p->s, from, end);
	return ret->len > 0 && p->at < p->s.len;
}

static bool span_member(struct span *p, jspan_fn *take, void *arg, struct jspan_cut *cut)
{
	size_t from = p->at + 1, to, value;
	struct str raw, key;

	if (span_peek(p) != '"' || !span_string(p))
		return false;
	to = p->at - 1;
	span_space(p);
	if (span_peek(p) != ':')
		return false;
	p->at++;
	span_space(p);
	key = str_sub(p->s, from, to);
	value = p->at;
	if (span_value(p, &raw))
		return take(key, raw, arg);
	if (cut)
		*cut = (struct jspan_cut){ key, str_sub(p->s, value, p->s.len) };
	return false;
}

bool jspan_members(struct str text, jspan_fn *take, void *arg, struct jspan_cut *cut)
{
	struct span p = { .s = text };

	span_space(&p);
	if (span_peek(&p) != '{')
		return false;
	p.at++;
	span_space(&p);
	if (span_peek(&p) == '}') {
		p.at++;
	} else {
		for (;;) {
			if (!span_member(&p, take, arg, cut))
				return false;
			if (p.s.ptr[p.at++] == '}')
				break;
			span_space(&p);
		}
	}
	span_space(&p);
	return p.at == text.len;
}

size_t jspan_string_cut(struct str s, size_t max)
{
	size_t end = max < s.len ? max : s.len, at = 0;

	while (at < end) {
		size_t esc = str_chr(str_sub(s, 0, end), '\\', at), n;

		if (esc == end)
			break;
		n = esc + 1 < end && s.ptr[esc + 1] == 'u' ? 6 : 2;
		if (esc + n > end)
			return esc;
		at = esc + n;
	}
	return at > end ? at : at + utf8_whole(str_sub(s, at, end));
}
