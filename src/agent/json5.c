/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/json5.h"

#include <errno.h>

#include "base/encode.h"
#include "base/json.h"

struct p {
	struct str in;
	size_t at;
	struct buf *out;
	struct err *err;
	unsigned depth;
};

static int fail(struct p *p, const char *what)
{
	size_t line = 1, col = 1;

	for (size_t i = 0; i < p->at && i < p->in.len; i++) {
		if (p->in.ptr[i] == '\n') {
			line++;
			col = 1;
		} else {
			col++;
		}
	}
	return ERR(p->err, -EINVAL, "line %zu, column %zu: %s", line, col, what);
}

static int peek(const struct p *p, size_t ahead)
{
	return p->at + ahead < p->in.len ? (unsigned char)p->in.ptr[p->at + ahead] : -1;
}

/* White space of JSON5: also NBSP, BOM, U+2028, U+2029. */
static size_t space_len(const struct p *p)
{
	int c = peek(p, 0), d = peek(p, 1), e = peek(p, 2);

	if (c == ' ' || (c >= '\t' && c <= '\r'))
		return 1;
	if (c == 0xC2 && d == 0xA0)
		return 2;
	if (c == 0xEF && d == 0xBB && e == 0xBF)
		return 3;
	if (c == 0xE2 && d == 0x80 && (e == 0xA8 || e == 0xA9))
		return 3;
	return 0;
}

static int skip(struct p *p)
{
	for (;;) {
		size_t n = space_len(p);

		if (n) {
			p->at += n;
		} else if (peek(p, 0) == '/' && peek(p, 1) == '/') {
			while (p->at < p->in.len && peek(p, 0) != '\n' && peek(p, 0) != '\r')
				p->at++;
		} else if (peek(p, 0) == '/' && peek(p, 1) == '*') {
			size_t end = str_find(str_sub(p->in, p->at + 2, p->in.len), STR("*/"));

			if (p->at + 2 + end >= p->in.len)
				return fail(p, "this comment has no end");
			p->at += end + 4;
		} else {
			return 0;
		}
	}
}

static int hex_n(struct p *p, unsigned n, uint32_t *ret)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < n; i++) {
		int c = peek(p, i), d;

		if (c >= '0' && c <= '9')
			d = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f' && c > 0)
			d = (c | 0x20) - 'a' + 10;
		else
			return fail(p, "hex digits are missing");
		v = v << 4 | (uint32_t)d;
	}
	p->at += n;
	*ret = v;
	return 0;
}

/* After a backslash. Characters go to `text` as UTF-8. */
static int escape(struct p *p, struct buf *text)
{
	static const char from[] = "bfnrtv0", to[] = "\b\f\n\r\t\v\0";
	int c = peek(p, 0), r;
	const char *at;
	uint32_t u = 0, low = 0;

	if (c < 0)
		return fail(p, "the text ends inside a string");
	at = c ? strchr(from, c) : NULL;
	if (at && !(c == '0' && peek(p, 1) >= '0' && peek(p, 1) <= '9')) {
		buf_put_c(text, to[at - from]);
		p->at++;
		return 0;
	}
	if (c == 'x' || c == 'u') {
		p->at++;
		r = hex_n(p, c == 'x' ? 2 : 4, &u);
		if (r < 0)
			return r;
		if (u >= 0xD800 && u <= 0xDBFF && peek(p, 0) == '\\' && peek(p, 1) == 'u') {
			p->at += 2;
			r = hex_n(p, 4, &low);
			if (r < 0)
				return r;
			if (low >= 0xDC00 && low <= 0xDFFF)
				u = 0x10000 + ((u - 0xD800) << 10) + (low - 0xDC00);
			else
				u = 0xFFFD;
		} else if (u >= 0xD800 && u <= 0xDFFF) {
			u = 0xFFFD;
		}
		utf8_put(text, u);
		return 0;
	}
	if (c >= '1' && c <= '9')
		return fail(p, "octal escapes are not allowed");
	if (c == '\r' && peek(p, 1) == '\n') { /* a line goes on */
		p->at += 2;
		return 0;
	}
	if (c == '\n' || c == '\r') {
		p->at++;
		return 0;
	}
	if (c == 0xE2 && peek(p, 1) == 0x80 && (peek(p, 2) == 0xA8 || peek(p, 2) == 0xA9)) {
		p->at += 3;
		return 0;
	}
	buf_put_c(text, (char)c); /* any other character stands for itself */
	p->at++;
	return 0;
}

static int string(struct p *p)
{
	struct buf text = BUF(p->in.len * 3 + 16);
	struct jsonw w = JSONW(p->out);
	int quote = peek(p, 0), r = 0;

	p->at++;
	while (r == 0) {
		int c = peek(p, 0);

		if (c < 0 || c == '\n' || c == '\r') {
			r = fail(p, "this string has no end");
		} else if (c == quote) {
			p->at++;
			break;
		} else if (c == '\\') {
			p->at++;
			r = escape(p, &text);
		} else {
			buf_put_c(&text, (char)c);
			p->at++;
		}
	}
	if (r == 0 && !utf8_valid(buf_str(&text)))
		r = fail(p, "this string is not UTF-8");
	if (r == 0)
		jw_str(&w, buf_str(&text));
	buf_fini(&text);
	return r;
}

static bool is_ident(int c, bool first)
{
	int l = c | 0x20;

	return (l >= 'a' && l <= 'z') || c == '_' || c == '$' || c >= 0x80 ||
	       (!first && c >= '0' && c <= '9');
}

static int bare_key(struct p *p)
{
	struct jsonw w = JSONW(p->out);
	size_t from = p->at;
	struct str key;

	if (!is_ident(peek(p, 0), true))
		return fail(p, "a key was expected here");
	while (is_ident(peek(p, 0), false) && !space_len(p))
		p->at++;
	key = str_sub(p->in, from, p->at);
	if (!utf8_valid(key))
		return fail(p, "this key is not UTF-8");
	jw_str(&w, key);
	return 0;
}

static bool word(struct p *p, const char *w)
{
	if (!str_starts(str_sub(p->in, p->at, p->in.len), str_of(w)) ||
	    is_ident(peek(p, strlen(w)), false))
		return false;
	p->at += strlen(w);
	return true;
}

static int hex_number(struct p *p, bool minus)
{
	uint64_t v = 0;
	unsigned n = 0;

	p->at += 2;
	for (;; p->at++, n++) {
		int c = peek(p, 0), l = c | 0x20;
		bool letter = c > 0 && l >= 'a' && l <= 'f';

		if (!(c >= '0' && c <= '9') && !letter)
			break;
		if (v >> 60)
			return fail(p, "this number is too large");
		v = v << 4 | (uint64_t)(letter ? l - 'a' + 10 : c - '0');
	}
	if (!n)
		return fail(p, "hex digits are missing");
	buf_printf(p->out, "%s%llu", minus ? "-" : "", (unsigned long long)v);
	return 0;
}

static size_t digits(struct p *p)
{
	size_t from = p->at;

	while (peek(p, 0) >= '0' && peek(p, 0) <= '9')
		p->at++;
	return p->at - from;
}

static int number(struct p *p)
{
	bool minus = peek(p, 0) == '-';
	size_t from, whole, part = 0;

	if (minus || peek(p, 0) == '+')
		p->at++;
	if (word(p, "Infinity") || word(p, "NaN")) {
		buf_put_z(p->out, "null");
		return 0;
	}
	if (peek(p, 0) == '0' && (peek(p, 1) | 0x20) == 'x')
		return hex_number(p, minus);
	if (peek(p, 0) == '0' && peek(p, 1) >= '0' && peek(p, 1) <= '9')
		return fail(p, "a number has no leading zeros");
	if (minus)
		buf_put_c(p->out, '-');
	from = p->at;
	whole = digits(p);
	buf_put_str(p->out, whole ? str_sub(p->in, from, p->at) : STR("0"));
	if (peek(p, 0) == '.') {
		p->at++;
		from = p->at;
		part = digits(p);
		if (part)
			buf_printf(p->out, ".%.*s", STR_ARG(str_sub(p->in, from, p->at)));
	}
	if (!whole && !part)
		return fail(p, "a value was expected here");
	if ((peek(p, 0) | 0x20) == 'e') {
		from = p->at++;
		if (peek(p, 0) == '+' || peek(p, 0) == '-')
			p->at++;
		if (!digits(p))
			return fail(p, "the exponent has no digits");
		buf_put_str(p->out, str_sub(p->in, from, p->at));
	}
	return 0;
}

static int value(struct p *p);

static int member(struct p *p)
{
	int c = peek(p, 0), r;

	r = c == '"' || c == '\'' ? string(p) : bare_key(p);
	if (r == 0)
		r = skip(p);
	if (r < 0)
		return r;
	if (peek(p, 0) != ':')
		return fail(p, "a colon was expected here");
	p->at++;
	buf_put_c(p->out, ':');
	return value(p);
}

static int container(struct p *p)
{
	bool obj = peek(p, 0) == '{', first = true;
	int close = obj ? '}' : ']', r;

	if (++p->depth > JSON5_DEPTH_MAX)
		return fail(p, "the values are nested too deeply");
	buf_put_c(p->out, obj ? '{' : '[');
	p->at++;
	for (;; first = false) {
		r = skip(p);
		if (r < 0)
			return r;
		if (peek(p, 0) == close)
			break;
		if (!first)
			buf_put_c(p->out, ',');
		r = obj ? member(p) : value(p);
		if (r == 0)
			r = skip(p);
		if (r < 0)
			return r;
		if (peek(p, 0) == ',')
			p->at++;
		else if (peek(p, 0) != close)
			return fail(p, obj ? "a comma or } was expected here"
			                   : "a comma or ] was expected here");
	}
	p->at++;
	p->depth--;
	buf_put_c(p->out, (char)close);
	return 0;
}

static int value(struct p *p)
{
	int c, r = skip(p);

	if (r < 0)
		return r;
	c = peek(p, 0);
	if (c == '{' || c == '[')
		return container(p);
	if (c == '"' || c == '\'')
		return string(p);
	if (word(p, "true"))
		buf_put_z(p->out, "true");
	else if (word(p, "false"))
		buf_put_z(p->out, "false");
	else if (word(p, "null"))
		buf_put_z(p->out, "null");
	else
		return number(p);
	return 0;
}

int json5_to_json(struct str in, struct buf *out, struct err *err)
{
	struct p p = { .in = in, .out = out, .err = err };
	int r = value(&p);

	if (r == 0)
		r = skip(&p);
	if (r == 0 && p.at < in.len)
		r = fail(&p, "the text should end here");
	return r < 0 ? r : buf_error(out);
}
