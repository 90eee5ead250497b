/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two passes. The scan runs as bytes come in, looks at each byte once, and
 * refuses at once what no later byte can mend: a control byte, a bare CR or
 * LF, too much of anything. When it has seen the empty line, the head is taken
 * apart line by line by the grammar of RFC 9112, and then its framing is
 * judged. Both passes depend on the bytes only and not on how they were split.
 */
#include "http/head.h"

#include "http/chars.h"

/* clang-format off */
const uint8_t http_chars[256] = {
	['\t'] = HC_SPACE,
	[' ']  = HC_SPACE,
	['!'] = HC_TOKEN | HC_TARGET, ['"'] = 0, ['#'] = HC_TOKEN,
	['$'] = HC_TOKEN | HC_TARGET, ['%'] = HC_TOKEN | HC_TARGET,
	['&'] = HC_TOKEN | HC_TARGET, ['\''] = HC_TOKEN | HC_TARGET,
	['('] = HC_TARGET, [')'] = HC_TARGET, ['*'] = HC_TOKEN | HC_TARGET,
	['+'] = HC_TOKEN | HC_TARGET, [','] = HC_TARGET,
	['-'] = HC_TOKEN | HC_TARGET | HC_HOST, ['.'] = HC_TOKEN | HC_TARGET | HC_HOST,
	['/'] = HC_TARGET,
	['0' ... '9'] = HC_TOKEN | HC_TARGET | HC_HOST | HC_DIGIT | HC_HEX,
	[':'] = HC_TARGET | HC_HOST, [';'] = HC_TARGET, ['<'] = HC_TARGET, ['='] = HC_TARGET,
	['>'] = HC_TARGET, ['?'] = HC_TARGET, ['@'] = HC_TARGET,
	['A' ... 'F'] = HC_TOKEN | HC_TARGET | HC_HOST | HC_HEX,
	['G' ... 'Z'] = HC_TOKEN | HC_TARGET | HC_HOST,
	['['] = HC_TARGET | HC_HOST, [']'] = HC_TARGET | HC_HOST,
	['^'] = HC_TOKEN | HC_TARGET, ['_'] = HC_TOKEN | HC_TARGET | HC_HOST,
	['`'] = HC_TOKEN | HC_TARGET,
	['a' ... 'f'] = HC_TOKEN | HC_TARGET | HC_HOST | HC_HEX,
	['g' ... 'z'] = HC_TOKEN | HC_TARGET | HC_HOST,
	['{'] = HC_TARGET, ['|'] = HC_TOKEN | HC_TARGET, ['}'] = HC_TARGET,
	['~'] = HC_TOKEN | HC_TARGET,
	[0x00 ... 0x08] = HC_CTL, [0x0a ... 0x1f] = HC_CTL, [0x7f] = HC_CTL,
	[0x80 ... 0xff] = HC_OBS,
};
/* clang-format on */

static bool all_of(struct str s, unsigned mask)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!(HC(s.ptr[i]) & mask))
			return false;
	}
	return s.len > 0;
}

static bool none_of(struct str s, unsigned mask)
{
	for (size_t i = 0; i < s.len; i++) {
		if (HC(s.ptr[i]) & mask)
			return false;
	}
	return true;
}

bool http_is_token(struct str s)
{
	return all_of(s, HC_TOKEN);
}

bool http_is_value(struct str s)
{
	return none_of(s, HC_CTL);
}

/* ---- the scan ---- */

enum http_parse http_scan(struct http_parser *p, struct str in, size_t *ret_end,
                          unsigned *ret_status)
{
	size_t i;

	*ret_status = 400;
	for (i = p->seen_; i < in.len; i++) {
		if (p->lines_ == 0 ? i > HTTP_LINE_MAX : i >= HTTP_HEAD_MAX - 1) {
			*ret_status = p->lines_ == 0 ? 414 : 431;
			return HTTP_PARSE_BAD;
		}
		if (!(HC(in.ptr[i]) & HC_CTL))
			continue;
		if (in.ptr[i] == '\r' && i + 1 == in.len)
			break; /* the next byte must be LF: looked at again then */
		if (in.ptr[i] != '\r' || in.ptr[i + 1] != '\n')
			return HTTP_PARSE_BAD;
		if (p->line_ == i) { /* an empty line: the end, or no request line */
			*ret_end = i + 2;
			return p->lines_ > 0 ? HTTP_PARSE_DONE : HTTP_PARSE_BAD;
		}
		p->line_ = i++ + 2;
		if (p->lines_++ > HTTP_FIELDS_MAX) {
			*ret_status = 431;
			return HTTP_PARSE_BAD;
		}
	}
	p->seen_ = i;
	return HTTP_PARSE_MORE;
}

/* ---- fields ---- */

/* Takes the line before the next CR LF off *s. The scan has made sure that
 * the first CR is the line's end. */
static struct str take_line(struct str *s)
{
	size_t cr = str_chr(*s, '\r', 0);
	struct str line = str_sub(*s, 0, cr);

	CHECK(cr + 1 < s->len);
	*s = str_sub(*s, cr + 2, s->len);
	return line;
}

static unsigned parse_field(struct str line, struct http_head *h)
{
	size_t n = 0;

	while (n < line.len && (HC(line.ptr[n]) & HC_TOKEN))
		n++;
	if (n == 0 || n == line.len || line.ptr[n] != ':')
		return 400;
	if (h->n == HTTP_FIELDS_MAX)
		return 431;
	h->fields[h->n++] =
	    (struct http_field){ .name = { line.ptr, n },
		                 .value = str_trim(str_sub(line, n + 1, line.len)) };
	return 0;
}

struct framing {
	unsigned host, length, te, upgrade; /* how many of each */
	bool close, keep, conn_upgrade, websocket;
};

/* A comma-separated list of tokens. RFC 9110 5.6.1 lets a
 * recipient skip empty elements, but nobody honest sends them in Connection. */
static unsigned field_connection(struct str v, struct framing *f)
{
	struct str part;

	while (str_split(&v, ',', &part)) {
		part = str_trim(part);
		if (!http_is_token(part))
			return 400;
		f->close |= str_ieq(part, STR("close"));
		f->keep |= str_ieq(part, STR("keep-alive"));
		f->conn_upgrade |= str_ieq(part, STR("upgrade"));
	}
	return 0;
}

/* Host = uri-host [ ":" port ]: the characters of names, IPv4 and [IPv6]. */
static bool is_host(struct str v)
{
	size_t colon;

	if (!all_of(v, HC_HOST))
		return false;
	if (v.ptr[0] == '[') {
		size_t end = str_chr(v, ']', 0);

		if (end == v.len)
			return false;
		colon = end + 1;
		if (str_chr(v, '[', 1) != v.len || str_chr(v, ']', colon) != v.len)
			return false;
	} else {
		colon = str_chr(v, ':', 0);
		if (colon == 0 || str_chr(v, '[', 0) != v.len || str_chr(v, ']', 0) != v.len)
			return false;
	}
	if (colon == v.len)
		return true;
	return v.ptr[colon] == ':' && colon + 1 < v.len && v.len - colon <= 6 &&
	       all_of(str_sub(v, colon + 1, v.len), HC_DIGIT);
}

static unsigned field_length(struct str v, struct http_head *h, struct framing *f)
{
	if (f->length++ || v.len == 0 || v.len > 18 ||
	    str_to_u64(v, 0, UINT64_MAX, &h->length) < 0)
		return 400;
	h->has_length = true;
	return 0;
}

static unsigned field_te(struct str v, struct http_head *h, struct framing *f)
{
	if (f->te++)
		return 400;
	if (h->minor == 0)
		return 400;
	if (!str_ieq(v, STR("chunked")))
		return 501;
	h->chunked = true;
	return 0;
}

/* The fields that decide framing and routing: everything else passes. The
 * first letter saves most of the comparisons. */
static unsigned judge_field(const struct http_field *fd, struct http_head *h, struct framing *f)
{
	struct str v = fd->value;

	switch (fd->name.ptr[0] | 0x20) {
	case 'h':
		if (!str_ieq(fd->name, STR("host")))
			return 0;
		if (f->host++ || !is_host(v))
			return 400;
		h->host = v;
		return 0;
	case 'c':
		if (str_ieq(fd->name, STR("content-length")))
			return field_length(v, h, f);
		if (str_ieq(fd->name, STR("connection")))
			return field_connection(v, f);
		return 0;
	case 't':
		return str_ieq(fd->name, STR("transfer-encoding")) ? field_te(v, h, f) : 0;
	case 'e':
		if (!str_ieq(fd->name, STR("expect")))
			return 0;
		h->expect_continue = str_ieq(v, STR("100-continue"));
		return h->expect_continue ? 0 : 417;
	case 'u':
		if (!str_ieq(fd->name, STR("upgrade")))
			return 0;
		if (f->upgrade++)
			return 400;
		f->websocket = str_ieq(v, STR("websocket"));
		return f->websocket ? 0 : 501;
	default:
		return 0;
	}
}

static unsigned parse_fields(struct str in, struct http_head *h, struct framing *f)
{
	unsigned bad;

	for (;;) {
		struct str line = take_line(&in);

		if (line.len == 0)
			return 0;
		bad = parse_field(line, h);
		if (!bad)
			bad = judge_field(&h->fields[h->n - 1], h, f);
		if (bad)
			return bad;
	}
}

/* ---- request ---- */

static unsigned parse_version(struct str v, unsigned *ret_minor)
{
	if (v.len != 8 || memcmp(v.ptr, "HTTP/", 5) != 0 || !(HC(v.ptr[5]) & HC_DIGIT) ||
	    v.ptr[6] != '.' || !(HC(v.ptr[7]) & HC_DIGIT))
		return 400;
	if (v.ptr[5] != '1' || v.ptr[7] > '1')
		return 505;
	*ret_minor = (unsigned)(v.ptr[7] - '0');
	return 0;
}

static unsigned parse_request_line(struct str line, struct http_head *h)
{
	size_t a = str_chr(line, ' ', 0), b;
	unsigned bad;

	if (a == line.len)
		return 400;
	b = str_chr(line, ' ', a + 1);
	if (b == line.len)
		return 400;
	h->method = str_sub(line, 0, a);
	h->target = str_sub(line, a + 1, b);
	if (!http_is_token(h->method) || a > 32)
		return 400;
	bad = parse_version(str_sub(line, b + 1, line.len), &h->minor);
	if (bad)
		return bad;
	if (str_is(h->method, "CONNECT") || str_is(h->method, "TRACE"))
		return 501;
	/* Origin-form only (RFC 9112 3.2.1). */
	if (!all_of(h->target, HC_TARGET) || h->target.ptr[0] != '/')
		return 400;
	return 0;
}

static unsigned judge_request(struct http_head *h, const struct framing *f)
{
	if (f->host != 1)
		return 400;
	if (f->length && f->te)
		return 400;
	h->keep_alive = h->minor == 1 ? !f->close : f->keep && !f->close;
	h->upgrade_ws = f->websocket && f->conn_upgrade && h->minor == 1;
	return 0;
}

static void clear(struct http_head *h)
{
	/* Not the 100 fields: only the first n of them are ever read. */
	h->method = h->target = h->reason = h->host = STR_NONE;
	h->status = h->minor = 0;
	h->n = 0;
	h->has_length = h->chunked = h->keep_alive = h->expect_continue = h->upgrade_ws = false;
	h->length = 0;
}

enum http_parse http_parse_request(struct http_parser *p, struct str in, struct http_head *ret,
                                   size_t *ret_used, unsigned *ret_status)
{
	struct framing f = { 0 };
	enum http_parse r;
	size_t end;
	unsigned bad;

	r = http_scan(p, in, &end, ret_status);
	if (r != HTTP_PARSE_DONE)
		return r;
	in = str_sub(in, 0, end);
	clear(ret);
	bad = parse_request_line(take_line(&in), ret);
	if (!bad)
		bad = parse_fields(in, ret, &f);
	if (!bad)
		bad = judge_request(ret, &f);
	if (bad) {
		*ret_status = bad;
		return HTTP_PARSE_BAD;
	}
	*ret_used = end;
	return HTTP_PARSE_DONE;
}

/* ---- response ---- */

static unsigned parse_status_line(struct str line, struct http_head *h)
{
	uint64_t status;

	if (line.len < 13 || parse_version(str_sub(line, 0, 8), &h->minor) ||
	    line.ptr[8] != ' ' || line.ptr[12] != ' ' ||
	    str_to_u64(str_sub(line, 9, 12), 100, 599, &status) < 0)
		return 502;
	h->status = (unsigned)status;
	h->reason = str_sub(line, 13, line.len);
	return 0;
}

static unsigned judge_response(struct http_head *h, const struct framing *f, bool head_request)
{
	if (f->length && f->te)
		return 502;
	h->keep_alive = h->minor == 1 ? !f->close : f->keep && !f->close;
	h->upgrade_ws = h->status == 101 && f->websocket && f->conn_upgrade && h->minor == 1;
	/* RFC 9112 6.3: these end with the head, whatever the fields say. */
	if (head_request || h->status < 200 || h->status == 204 || h->status == 304) {
		h->chunked = false;
		h->has_length = true;
		h->length = 0;
	}
	return 0;
}

enum http_parse http_parse_response(struct http_parser *p, struct str in, bool head_request,
                                    struct http_head *ret, size_t *ret_used)
{
	struct framing f = { 0 };
	enum http_parse r;
	unsigned bad;
	size_t end;

	r = http_scan(p, in, &end, &bad);
	if (r != HTTP_PARSE_DONE)
		return r;
	in = str_sub(in, 0, end);
	clear(ret);
	bad = parse_status_line(take_line(&in), ret);
	if (!bad)
		bad = parse_fields(in, ret, &f);
	if (!bad)
		bad = judge_response(ret, &f, head_request);
	if (bad)
		return HTTP_PARSE_BAD;
	*ret_used = end;
	return HTTP_PARSE_DONE;
}

/* ---- looking things up ---- */

struct str http_get(const struct http_head *h, const char *name)
{
	struct str want = str_of(name);

	for (size_t i = 0; i < h->n; i++) {
		if (str_ieq(h->fields[i].name, want))
			return h->fields[i].value;
	}
	return STR_NONE;
}

size_t http_count(const struct http_head *h, const char *name)
{
	struct str want = str_of(name);
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++)
		n += str_ieq(h->fields[i].name, want);
	return n;
}

bool http_is_forwarded(const struct http_head *h)
{
	for (size_t i = 0; i < h->n; i++) {
		struct str name = h->fields[i].name;

		if (str_ieq(str_sub(name, 0, 12), STR("X-Forwarded-")) ||
		    str_ieq(name, STR("Forwarded")) || str_ieq(name, STR("X-Real-IP")) ||
		    str_ieq(name, STR("Via")))
			return true;
	}
	return false;
}

struct str http_cookie(struct str cookie_field, const char *name)
{
	struct str part, want = str_of(name);

	while (str_split(&cookie_field, ';', &part)) {
		size_t eq = str_chr(part, '=', 0);

		if (eq < part.len && str_eq(str_trim(str_sub(part, 0, eq)), want))
			return str_trim(str_sub(part, eq + 1, part.len));
	}
	return STR_NONE;
}
