/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings are scanned eight bytes at a time, because notebooks are mostly
 * base64 and text, up to 100 MB of it.
 */
#include "base/jsonstr.h"

#include <errno.h>

static const char too_early[] = "the text ends too early";

static int bad(struct jsonstr *s, const char *at, const char *why)
{
	s->at = at;
	s->why = why;
	return -EINVAL;
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

/* p is at a backslash that has a byte after it; the rest as above. */
static const char *unescape(const char *p, const char *end, bool lax, char **o)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at = p[1] ? strchr(from, p[1]) : NULL;

	if (p[1] == 'u')
		return unescape_u(p + 2, end, lax, o);
	if (!at)
		return NULL;
	*(*o)++ = to[at - from];
	return p + 2;
}

size_t jsonstr_escape(struct str s, char ret[4], size_t *ret_len)
{
	char *o = ret;
	const char *p = s.len < 2 ? NULL : unescape(s.ptr, s.ptr + s.len, true, &o);

	*ret_len = (size_t)(o - ret);
	return p ? (size_t)(p - s.ptr) : s.len;
}

static int bad_escape(struct jsonstr *j, const char *at)
{
	return bad(j, at,
	           at[1] == 'u' ? "\\u needs four hex digits, and a surrogate its pair"
	                        : "no such escape");
}

static int check_escapes(struct jsonstr *j, struct str s)
{
	const char *p = s.ptr, *end = s.ptr + s.len;

	while ((p = memchr(p, '\\', (size_t)(end - p)))) {
		char to[4], *o = to;
		const char *next = unescape(p, end, j->lax, &o);

		if (!next)
			return bad_escape(j, p);
		p = next;
	}
	return 0;
}

/* The text between quotes was checked for structure: every backslash has a
 * byte after it. Decoding never makes it longer (\uXXXX is at most 3 bytes). */
static int decode(struct arena *a, struct jsonstr *j, struct str s, struct str *ret)
{
	char *out = arena_alloc(a, s.len + 1), *o = out;
	const char *p = s.ptr, *end = s.ptr + s.len;

	if (!out)
		return -ENOMEM;
	while (p < end) {
		const char *esc = memchr(p, '\\', (size_t)(end - p));
		size_t n = (size_t)((esc ? esc : end) - p);

		memcpy(o, p, n);
		o += n;
		if (!esc)
			break;
		p = unescape(esc, end, j->lax, &o);
		if (!p)
			return bad_escape(j, esc);
	}
	*ret = (struct str){ out, (size_t)(o - out) };
	return 0;
}

int jsonstr(struct arena *a, struct jsonstr *j, struct str *ret)
{
	const char *p = j->p + 1, *from = p, *end = j->end;
	bool escaped = false;

	for (;;) {
		size_t n;

		p = scan_plain(p, end);
		if (p == end)
			return bad(j, end, too_early);
		if (*p == '"')
			break;
		if (*p == '\\') {
			escaped = true;
			if (end - p < 2)
				return bad(j, end, too_early);
			/* What follows a backslash is ASCII, or no escape at all. */
			if ((unsigned char)p[1] < 0x20 || (unsigned char)p[1] >= 0x80)
				return bad(j, p, "no such escape");
			p += 2;
			continue;
		}
		if ((unsigned char)*p < 0x20)
			return bad(j, p, "a control character in a string must be escaped");
		while (p < end && (unsigned char)*p >= 0x80) {
			n = utf8_len(p, end);
			if (n == 0)
				return bad(j, p, "this is not UTF-8");
			p += n;
		}
	}
	*ret = (struct str){ from, (size_t)(p - from) };
	j->p = p + 1;
	if (escaped && j->keep && ret->len > j->keep) {
		struct str s = *ret;

		*ret = STR_NONE;
		return check_escapes(j, s);
	}
	return escaped ? decode(a, j, *ret, ret) : 0;
}
