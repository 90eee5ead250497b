/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is accepted must read back the same when it is written anew: no room
 * for smuggling. Feeding byte by byte gives the same verdict.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "fuzz.h"
#include "http/head.h"

struct parsed {
	enum http_parse verdict;
	unsigned status;
	size_t used;
	struct http_head h;
};

static void parse(struct str s, bool response, size_t step, struct parsed *p)
{
	struct http_parser st = { 0 };

	p->verdict = HTTP_PARSE_MORE;
	p->status = 0;
	for (size_t n = step > s.len ? s.len : step;; n = n + step > s.len ? s.len : n + step) {
		struct str part = str_sub(s, 0, n);

		p->verdict = response
		                 ? http_parse_response(&st, part, false, &p->h, &p->used)
		                 : http_parse_request(&st, part, &p->h, &p->used, &p->status);
		if (p->verdict != HTTP_PARSE_MORE || n == s.len)
			return;
	}
}

static void same(const struct parsed *a, const struct parsed *b)
{
	CHECK(a->verdict == b->verdict);
	CHECK(a->verdict != HTTP_PARSE_BAD || a->status == b->status);
	if (a->verdict != HTTP_PARSE_DONE)
		return;
	CHECK(str_eq(a->h.method, b->h.method) && str_eq(a->h.target, b->h.target));
	CHECK(str_eq(a->h.host, b->h.host) && str_eq(a->h.reason, b->h.reason));
	CHECK(a->h.n == b->h.n && a->h.length == b->h.length && a->h.status == b->h.status);
	CHECK(a->h.chunked == b->h.chunked && a->h.has_length == b->h.has_length);
	CHECK(a->h.keep_alive == b->h.keep_alive && a->h.upgrade_ws == b->h.upgrade_ws);
	for (size_t i = 0; i < a->h.n; i++) {
		CHECK(str_eq(a->h.fields[i].name, b->h.fields[i].name));
		CHECK(str_eq(a->h.fields[i].value, b->h.fields[i].value));
	}
}

static void rewrite(const struct http_head *h, bool response, struct buf *b)
{
	if (response)
		buf_printf(b, "HTTP/1.%u %u %.*s\r\n", h->minor, h->status, STR_ARG(h->reason));
	else
		buf_printf(b, "%.*s %.*s HTTP/1.%u\r\n", STR_ARG(h->method), STR_ARG(h->target),
		           h->minor);
	for (size_t i = 0; i < h->n; i++)
		buf_printf(b, "%.*s: %.*s\r\n", STR_ARG(h->fields[i].name),
		           STR_ARG(h->fields[i].value));
	buf_put_z(b, "\r\n");
}

static void sane(const struct http_head *h, bool response)
{
	CHECK(h->n <= HTTP_FIELDS_MAX);
	CHECK(response || !(h->chunked && h->has_length));
	CHECK(response ||
	      (h->host.len && h->target.ptr[0] == '/' && h->target.len <= HTTP_LINE_MAX));
	CHECK(response || str_chr(h->target, ' ', 0) == h->target.len);
	for (size_t i = 0; i < h->n; i++)
		CHECK(http_is_token(h->fields[i].name) && http_is_value(h->fields[i].value));
}

static void one(struct str s, bool response)
{
	static struct parsed whole, bytes, again;
	struct buf b = BUF(HTTP_HEAD_MAX * 4);

	parse(s, response, s.len, &whole);
	parse(s, response, 1, &bytes);
	same(&whole, &bytes);
	if (whole.verdict == HTTP_PARSE_DONE) {
		CHECK(whole.used <= s.len && whole.used <= HTTP_HEAD_MAX);
		CHECK(str_ends(str_sub(s, 0, whole.used), STR("\r\n\r\n")));
		sane(&whole.h, response);
		rewrite(&whole.h, response, &b);
		CHECK(!buf_error(&b));
		/* ": " instead of ":" may make it longer than is allowed. */
		if (buf_len(&b) <= HTTP_HEAD_MAX) {
			parse(buf_str(&b), response, buf_len(&b), &again);
			CHECK(again.used == buf_len(&b));
			same(&whole, &again);
		}
	}
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	one(fuzz_str(data, size), false);
	one(fuzz_str(data, size), true);
	return 0;
}
