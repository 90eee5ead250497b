/* SPDX-License-Identifier: Apache-2.0 */
#include "http/head.h"

#include <stdlib.h>

#include "test.h"

/* Each case is fed whole, one byte at a time, and split at every point: the
 * same verdict and the same head each time. */
struct result {
	enum http_parse verdict;
	unsigned status;
	size_t used;
	struct http_head h;
};

static struct result feed(struct str all, size_t first, size_t step)
{
	struct result r = { .verdict = HTTP_PARSE_MORE };
	struct http_parser p = { 0 };

	for (size_t n = first;; n += step) {
		if (n > all.len)
			n = all.len;
		r.verdict =
		    http_parse_request(&p, str_sub(all, 0, n), &r.h, &r.used, &r.status);
		if (r.verdict != HTTP_PARSE_MORE || n == all.len)
			return r;
	}
}

static void same(const struct result *a, const struct result *b)
{
	T_EQ(a->verdict, b->verdict);
	if (a->verdict == HTTP_PARSE_BAD)
		T_EQ(a->status, b->status);
	if (a->verdict != HTTP_PARSE_DONE)
		return;
	T_EQ(a->used, b->used);
	T_STR(a->h.method, b->h.method);
	T_STR(a->h.target, b->h.target);
	T_EQ(a->h.n, b->h.n);
	T_EQ(a->h.length, b->h.length);
	for (size_t i = 0; i < a->h.n; i++) {
		T_STR(a->h.fields[i].name, b->h.fields[i].name);
		T_STR(a->h.fields[i].value, b->h.fields[i].value);
	}
}

static struct result all_ways(struct str s)
{
	struct result whole = feed(s, s.len, 1), r = feed(s, 1, 1);

	same(&whole, &r);
	for (size_t i = 1; i < s.len && i < 600; i++) {
		r = feed(s, i, s.len);
		same(&whole, &r);
	}
	return whole;
}

#define H "Host: a\r\n"

static const struct {
	struct str in;
	unsigned status; /* 0: accepted */
} heads[] = {
	{ STR("GET / HTTP/1.1\r\n" H "\r\n"), 0 },
	{ STR("GET / HTTP/1.0\r\n" H "\r\n"), 0 },
	{ STR("OPTIONS /a?b=c&&d HTTP/1.1\r\n" H "\r\n"), 0 },
	{ STR("X-Y!z /a HTTP/1.1\r\n" H "\r\n"), 0 },
	{ STR("GET / HTTP/1.1\r\n" H "X:\r\n\r\n"), 0 },
	{ STR("GET / HTTP/1.1\r\n" H "X: \t a\tb \t\r\n\r\n"), 0 },
	{ STR("GET / HTTP/1.1\r\n" H "X: \xc3\xa9\r\n\r\n"), 0 },
	{ STR("GET / HTTP/1.1\r\nHost: a.b:80\r\n\r\n"), 0 },
	{ STR("GET / HTTP/1.1\r\nHost: [::1]:8888\r\n\r\n"), 0 },
	{ STR("POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n"), 0 },
	{ STR("POST / HTTP/1.1\r\n" H "Content-Length: 999999999999999999\r\n\r\n"), 0 },
	{ STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: Chunked\r\n\r\n"), 0 },
	{ STR("POST / HTTP/1.1\r\n" H "Expect: 100-continue\r\n\r\n"), 0 },
	/* 1: line ends */
	{ STR("GET / HTTP/1.1\nHost: a\n\n"), 400 },
	{ STR("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\nHost: a\r\n\n"), 400 },
	{ STR("GET / HTTP/1.1\r\nHost: a\r\rX: b\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"), 400 },
	{ STR("GET /\rX HTTP/1.1\r\n" H "\r\n"), 400 },
	{ STR("\r\nGET / HTTP/1.1\r\n" H "\r\n"), 400 },
	{ STR("\nGET / HTTP/1.1\r\n" H "\r\n"), 400 },
	/* 2: request line */
	{ STR("GET  / HTTP/1.1\r\n" H "\r\n"), 400 },
	{ STR("GET /  HTTP/1.1\r\n" H "\r\n"), 400 },
	{ STR(" GET / HTTP/1.1\r\n" H "\r\n"), 400 },
	{ STR("GET / HTTP/1.1 \r\n" H "\r\n"), 400 },
	{ STR("GET\t/ HTTP/1.1\r\n" H "\r\n"), 400 },
	{ STR("GET /\r\n" H "\r\n"), 400 },
	{ STR("GET\r\n" H "\r\n"), 400 },
	{ STR("G(T / HTTP/1.1\r\n" H "\r\n"), 400 },
	{ STR("GET / http/1.1\r\n" H "\r\n"), 400 },
	{ STR("GET / HTTP/1.\r\n" H "\r\n"), 400 },
	{ STR("GET / HTTP/11.1\r\n" H "\r\n"), 400 },
	{ STR("GET / HTTP/1.10\r\n" H "\r\n"), 400 },
	{ STR("GET / HTTP/1.1x\r\n" H "\r\n"), 400 },
	{ STR("GET / HTTP/1.2\r\n" H "\r\n"), 505 },
	{ STR("GET / HTTP/2.0\r\n" H "\r\n"), 505 },
	{ STR("GET / HTTP/0.9\r\n" H "\r\n"), 505 },
	{ STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505 },
	/* 3: field names */
	{ STR("GET / HTTP/1.1\r\n" H "X : a\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\n" H "X\t: a\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\n" H ": a\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\n" H "X a\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\n" H "X\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\n X: a\r\n" H "\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\n" H "X: a\r\n b\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\n" H "X: a\r\n\tb\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\n" H "X\xc3\xa9: a\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\n" H "X(: a\r\n\r\n"), 400 },
	/* 4: field values */
	{ STR("GET / HTTP/1.1\r\n" H "X: a\0b\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\n" H "X: a\x01"
	      "b\r\n\r\n"),
	  400 },
	{ STR("GET / HTTP/1.1\r\n" H "X: a\x0b"
	      "b\r\n\r\n"),
	  400 },
	{ STR("GET / HTTP/1.1\r\n" H "X: a\x7f\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\n" H "Connection: \xc3\xa9\r\n\r\n"), 400 },
	/* 5: Host */
	{ STR("GET / HTTP/1.1\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.0\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\nHost: a:\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\nHost: a:1b\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\nHost: :80\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n"), 400 },
	/* 6: Content-Length */
	{ STR("POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"), 400 },
	{ STR("POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\n"), 400 },
	{ STR("POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n"), 400 },
	{ STR("POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\n"), 400 },
	{ STR("POST / HTTP/1.1\r\n" H "Content-Length: -5\r\n\r\n"), 400 },
	{ STR("POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\n"), 400 },
	{ STR("POST / HTTP/1.1\r\n" H "Content-Length: 5 5\r\n\r\n"), 400 },
	{ STR("POST / HTTP/1.1\r\n" H "Content-Length: 5a\r\n\r\n"), 400 },
	{ STR("POST / HTTP/1.1\r\n" H "Content-Length: 1000000000000000000\r\n\r\n"), 400 },
	{ STR("POST / HTTP/1.1\r\n" H "Content-Length: \x0b"
	      "5\r\n\r\n"),
	  400 },
	/* 7: Transfer-Encoding */
	{ STR("POST / HTTP/1.1\r\n" H
	      "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"),
	  400 },
	{ STR("POST / HTTP/1.1\r\n" H
	      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
	  400 },
	{ STR("POST / HTTP/1.1\r\n" H
	      "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
	  400 },
	{ STR("POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\n\r\n"), 400 },
	{ STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501 },
	{ STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n"), 501 },
	{ STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n"), 501 },
	{ STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n\r\n"), 501 },
	{ STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: \"chunked\"\r\n\r\n"), 501 },
	{ STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked;q=1\r\n\r\n"), 501 },
	{ STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n\r\n"), 501 },
	{ STR("POST / HTTP/1.1\r\n" H "Transfer-Encoding : chunked\r\n\r\n"), 400 },
	/* 12: Expect, Upgrade, methods */
	{ STR("POST / HTTP/1.1\r\n" H "Expect: 200-ok\r\n\r\n"), 417 },
	{ STR("GET / HTTP/1.1\r\n" H "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"), 501 },
	{ STR("GET / HTTP/1.1\r\n" H "Upgrade: websocket, h2c\r\n\r\n"), 501 },
	{ STR("CONNECT a:80 HTTP/1.1\r\n" H "\r\n"), 501 },
	{ STR("TRACE / HTTP/1.1\r\n" H "\r\n"), 501 },
	/* 13: targets */
	{ STR("GET http://a/ HTTP/1.1\r\n" H "\r\n"), 400 },
	{ STR("GET a HTTP/1.1\r\n" H "\r\n"), 400 },
	{ STR("OPTIONS * HTTP/1.1\r\n" H "\r\n"), 400 },
	{ STR("GET /a#b HTTP/1.1\r\n" H "\r\n"), 400 },
	{ STR("GET /a\\b HTTP/1.1\r\n" H "\r\n"), 400 },
	{ STR("GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n"), 400 },
	{ STR("GET /a\"b HTTP/1.1\r\n" H "\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\n" H "Connection: a b\r\n\r\n"), 400 },
	{ STR("GET / HTTP/1.1\r\n" H "Connection: a,,b\r\n\r\n"), 400 },
	{ STR("\x16\x03\x01\x02\x00\x01"), 400 },
};

static void refusals(void)
{
	for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
		struct result r = all_ways(heads[i].in);
		unsigned got = r.verdict == HTTP_PARSE_BAD ? r.status : 0;

		if (got != heads[i].status || (got == 0 && r.verdict != HTTP_PARSE_DONE))
			printf("# case %zu: %.*s\n", i, (int)heads[i].in.len, heads[i].in.ptr);
		T_EQ(got, heads[i].status);
		T_OK(got || r.verdict == HTTP_PARSE_DONE);
	}
}

static size_t put_z(char *to, const char *z)
{
	memcpy(to, z, strlen(z));
	return strlen(z);
}

/* A head whose field lines have `line` bytes. */
static struct str long_head(size_t target, size_t fields, size_t line, char *out)
{
	size_t n = 0;

	n += put_z(out + n, "GET /");
	memset(out + n, 'a', target);
	n += target;
	n += put_z(out + n, " HTTP/1.1\r\nHost: a\r\n");
	for (size_t i = 0; i < fields; i++) {
		out[n++] = 'X';
		out[n++] = ':';
		memset(out + n, 'v', line);
		n += line;
		out[n++] = '\r';
		out[n++] = '\n';
	}
	out[n++] = '\r';
	out[n++] = '\n';
	return (struct str){ out, n };
}

static void limits(void)
{
	char *p = malloc(200000);
	struct result r;

	T_OK(p);
	r = all_ways(long_head(8192 - 14, 0, 0, p)); /* "GET /" + " HTTP/1.1" are 14 */
	T_EQ(r.verdict, HTTP_PARSE_DONE);
	r = all_ways(long_head(8192 - 13, 0, 0, p));
	T_EQ(r.status, 414);
	r = all_ways(long_head(1, 99, 1, p));
	T_EQ(r.verdict, HTTP_PARSE_DONE);
	T_EQ(r.h.n, 100);
	r = all_ways(long_head(1, 100, 1, p));
	T_EQ(r.status, 431);
	r = all_ways(long_head(1, 1, 32000, p));
	T_EQ(r.verdict, HTTP_PARSE_DONE);
	r = all_ways(long_head(1, 1, 33000, p));
	T_EQ(r.status, 431);
	r = all_ways(long_head(1, 60, 1000, p));
	T_EQ(r.status, 431);
	free(p);
}

static void meaning(void)
{
	struct result r =
	    all_ways(STR("POST /a%20b?c=d HTTP/1.1\r\nHost: x:1\r\nConnection: close, Foo\r\n"
	                 "Content-Length: 12\r\nCookie: a=1; __Host-s=abc; b=2\r\n\r\nrest"));

	T_EQ(r.verdict, HTTP_PARSE_DONE);
	T_STR(r.h.method, STR("POST"));
	T_STR(r.h.target, STR("/a%20b?c=d"));
	T_STR(r.h.host, STR("x:1"));
	T_OK(!r.h.keep_alive && r.h.has_length && !r.h.chunked && r.h.length == 12);
	T_STR(http_get(&r.h, "content-LENGTH"), STR("12"));
	T_OK(!http_get(&r.h, "nope").ptr);
	T_EQ(http_count(&r.h, "cookie"), 1);
	T_STR(http_cookie(http_get(&r.h, "cookie"), "__Host-s"), STR("abc"));
	T_STR(http_cookie(http_get(&r.h, "cookie"), "b"), STR("2"));
	T_OK(!http_cookie(http_get(&r.h, "cookie"), "s").ptr);

	r = all_ways(STR("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\n"
	                 "Upgrade: WebSocket\r\n\r\n"));
	T_OK(r.h.upgrade_ws && r.h.keep_alive);
	r = all_ways(STR("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n"));
	T_OK(!r.h.upgrade_ws);
	r = all_ways(STR("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"));
	T_OK(r.h.keep_alive);
	r = all_ways(STR("GET / HTTP/1.0\r\nHost: a\r\n\r\n"));
	T_OK(!r.h.keep_alive);
}

static void responses(void)
{
	static const struct {
		struct str in;
		bool head, ok, has_length, chunked;
		unsigned status;
	} c[] = {
		{ STR("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"), false, true, true, false,
		  200 },
		{ STR("HTTP/1.1 200 \r\n\r\n"), false, true, false, false, 200 },
		{ STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), false, true,
		  false, true, 200 },
		{ STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), true, true,
		  true, false, 200 },
		{ STR("HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\n"), false, true, true, false,
		  204 },
		{ STR("HTTP/1.1 304 No\r\nContent-Length: 3\r\n\r\n"), false, true, true, false,
		  304 },
		{ STR("HTTP/1.1 100 Go\r\n\r\n"), false, true, true, false, 100 },
		{ STR("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n"),
		  false, false, false, false, 0 },
		{ STR("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: "
		      "chunked\r\n\r\n"),
		  false, false, false, false, 0 },
		{ STR("HTTP/1.1 20 OK\r\n\r\n"), false, false, false, false, 0 },
		{ STR("HTTP/1.1 099 OK\r\n\r\n"), false, false, false, false, 0 },
		{ STR("HTTP/1.1 600 OK\r\n\r\n"), false, false, false, false, 0 },
		{ STR("HTTP/1.1  200 OK\r\n\r\n"), false, false, false, false, 0 },
		{ STR("HTTP/1.1 200 O\nK\r\n\r\n"), false, false, false, false, 0 },
		{ STR("HTTP/2 200 OK\r\n\r\n"), false, false, false, false, 0 },
		{ STR("ICY 200 OK\r\n\r\n"), false, false, false, false, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		for (size_t step = 1; step <= c[i].in.len; step++) {
			struct http_parser p = { 0 };
			enum http_parse v = HTTP_PARSE_MORE;
			struct http_head h;
			size_t used;

			for (size_t n = step; v == HTTP_PARSE_MORE && n < c[i].in.len + step;
			     n += step)
				v = http_parse_response(&p, str_sub(c[i].in, 0, n), c[i].head,
				                        &h, &used);
			T_EQ(v, c[i].ok ? HTTP_PARSE_DONE : HTTP_PARSE_BAD);
			if (!c[i].ok)
				continue;
			T_EQ(used, c[i].in.len);
			T_EQ(h.status, c[i].status);
			T_EQ(h.has_length, c[i].has_length);
			T_EQ(h.chunked, c[i].chunked);
		}
	}
}

static void words(void)
{
	T_OK(http_is_token(STR("X-A_b!#$%&'*+.^`|~9")));
	T_OK(!http_is_token(STR("")) && !http_is_token(STR("a b")) &&
	     !http_is_token(STR("a:")));
	T_OK(http_is_value(STR("")) && http_is_value(STR("a\tb \xff")));
	T_OK(!http_is_value(STR("a\r")) && !http_is_value(STR("a\0")) &&
	     !http_is_value(STR("\x7f")));
	T_STREQ(http_reason(421), "Misdirected Request");
	T_STREQ(http_reason(299), "Unknown");
}

static bool forwarded(const char *field)
{
	struct buf in = BUF(1000);
	struct http_parser p = { 0 };
	struct http_head h;
	unsigned status;
	size_t used;
	bool yes;

	buf_printf(&in, "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n", field);
	T_EQ(http_parse_request(&p, buf_str(&in), &h, &used, &status), HTTP_PARSE_DONE);
	yes = http_is_forwarded(&h);
	buf_fini(&in);
	return yes;
}

static void proxies(void)
{
	static const char *const yes[] = {
		"X-Forwarded-For: a", "x-forwarded-host: a", "X-Forwarded-Proto: https",
		"Forwarded: for=a",   "X-Real-IP: a",        "via: 1.1 a"
	};
	static const char *const no[] = { "X-Forwarded: a", "Forwarded-For: a", "X-Real: a",
		                          "Viaduct: a", "Connection: close" };

	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		T_OK(forwarded(yes[i]));
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		T_OK(!forwarded(no[i]));
}

TEST_MAIN({ "heads are accepted and refused by the book, however they are split", refusals },
          { "lines, fields and heads have maxima", limits },
          { "a head's meaning is found", meaning },
          { "answers are parsed as strictly", responses },
          { "names and values are told from others", words },
          { "what a proxy passed on says so", proxies })
