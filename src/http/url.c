/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decodes once, into segments: routing and authorisation look at the same
 * list. A segment without '%' is a slice of the target, so most paths cost no
 * memory.
 */
#include "http/url.h"

#include <errno.h>

#include "base/encode.h"
#include "http/chars.h"

static unsigned hex(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* Percent-decodes s; with `plus`, '+' is a space. */
static int decode(struct arena *a, struct str s, bool plus, struct str *ret)
{
	size_t n = 0;
	char *p;

	if (str_chr(s, '%', 0) == s.len && (!plus || str_chr(s, '+', 0) == s.len)) {
		*ret = s;
		return 0;
	}
	p = arena_alloc(a, s.len);
	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '%') {
			if (s.len - i < 3 || !(HC(s.ptr[i + 1]) & HC_HEX) ||
			    !(HC(s.ptr[i + 2]) & HC_HEX))
				return -EINVAL;
			p[n++] = (char)(hex(s.ptr[i + 1]) << 4 | hex(s.ptr[i + 2]));
			i += 2;
		} else {
			p[n++] = s.ptr[i];
			if (plus && s.ptr[i] == '+')
				p[n - 1] = ' ';
		}
	}
	*ret = (struct str){ p, n };
	return 0;
}

static int segment(struct arena *a, struct str raw, bool slash_ok, struct str *ret)
{
	int r = decode(a, raw, false, ret);

	if (r < 0)
		return r;
	if (str_is(*ret, ".") || str_is(*ret, ".."))
		return -EINVAL;
	if (str_chr(*ret, 0, 0) != ret->len || str_chr(*ret, '\\', 0) != ret->len)
		return -EINVAL;
	if (ret->ptr == raw.ptr)
		return 0; /* nothing was escaped: ASCII, and no '/' */
	if (!slash_ok && str_chr(*ret, '/', 0) != ret->len)
		return -EINVAL;
	/* An escaped slash makes no hidden dot segments either. */
	for (struct str rest = *ret, part; slash_ok && str_split(&rest, '/', &part);) {
		if (str_is(part, ".") || str_is(part, ".."))
			return -EINVAL;
	}
	return utf8_valid(*ret) ? 0 : -EINVAL;
}

static int parse_path(struct arena *a, struct str path, bool slash_ok, struct url *u)
{
	if (path.len == 1)
		return 0; /* the root has no segment */
	u->trailing_slash = path.ptr[path.len - 1] == '/';
	path.len -= u->trailing_slash;
	for (size_t at = 1, end; at <= path.len; at = end + 1) {
		int r;

		end = str_chr(path, '/', at);
		if (u->n == URL_SEGMENTS_MAX)
			return -EINVAL;
		/* "//" gives an empty segment, which no route has: neither
		 * merged here nor by somebody behind us. */
		r = segment(a, str_sub(path, at, end), slash_ok, &u->seg[u->n]);
		if (r < 0)
			return r;
		u->n++;
	}
	return 0;
}

static int parse_query(struct arena *a, struct str query, struct url *u)
{
	struct str part;

	while (query.len && str_split(&query, '&', &part)) {
		size_t eq = str_chr(part, '=', 0);
		int r;

		if (part.len == 0)
			continue;
		if (u->nparam == URL_PARAMS_MAX)
			return -EINVAL;
		r = decode(a, str_sub(part, 0, eq), true, &u->param[u->nparam].key);
		if (r == 0)
			r = decode(a, str_sub(part, eq + 1, part.len), true,
			           &u->param[u->nparam].value);
		if (r < 0)
			return r;
		u->nparam++;
	}
	return 0;
}

int url_parse(struct arena *a, struct str target, bool slash_ok, struct url *ret)
{
	size_t q = str_chr(target, '?', 0);
	int r;

	ret->n = ret->nparam = 0;
	ret->trailing_slash = false;
	ret->path = str_sub(target, 0, q);
	ret->query = str_sub(target, q + 1, target.len);
	if (ret->path.len == 0 || ret->path.ptr[0] != '/')
		return -EINVAL;
	r = parse_path(a, ret->path, slash_ok, ret);
	return r < 0 ? r : parse_query(a, ret->query, ret);
}

struct str url_param(const struct url *u, const char *key)
{
	for (size_t i = 0; i < u->nparam; i++) {
		if (str_is(u->param[i].key, key))
			return u->param[i].value;
	}
	return STR_NONE;
}

struct str url_join(struct arena *a, const struct url *u, size_t from)
{
	size_t len = 0, at = 0;
	char *p;

	for (size_t i = from; i < u->n; i++)
		len += u->seg[i].len + (i > from);
	p = arena_alloc(a, len + 1);
	if (!p)
		return STR_NONE;
	for (size_t i = from; i < u->n; i++) {
		if (i > from)
			p[at++] = '/';
		if (u->seg[i].len)
			memcpy(p + at, u->seg[i].ptr, u->seg[i].len);
		at += u->seg[i].len;
	}
	return (struct str){ p, len };
}
