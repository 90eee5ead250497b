/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 heads (RFC 9112) as values, and the strict parser. It refuses
 * rather than repairs; the list of refusals is in doc/internals/http.md. The
 * parser is fed the buffer from its start each time more has come and never
 * reads a byte twice. Slices point into the caller's bytes.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#define HTTP_FIELDS_MAX 100
#define HTTP_LINE_MAX   8192
#define HTTP_HEAD_MAX   32768

struct http_field {
	struct str name; /* as received; compare with str_ieq */
	struct str value;
};

struct http_head {
	/* Request */
	struct str method, target;
	/* Response */
	unsigned status;
	struct str reason;

	unsigned minor; /* HTTP/1.minor */
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t n;

	/* Filled by the parser from the fields */
	bool has_length, chunked, keep_alive, expect_continue;
	uint64_t length;
	struct str host;
	bool upgrade_ws; /* Connection: upgrade + Upgrade: websocket */
};

enum http_parse {
	HTTP_PARSE_DONE, /* *ret_used bytes of head */
	HTTP_PARSE_MORE, /* so far fine */
	HTTP_PARSE_BAD,  /* *ret_status says which answer: 400, 414, 431, 501, 505 */
};
struct http_parser {     /* zeroed at the start of each message */
	size_t seen_;    /* bytes known to hold no end of head */
	size_t line_;    /* where the present line starts */
	unsigned lines_; /* complete ones before it */
};
enum http_parse http_parse_request(struct http_parser *p, struct str in, struct http_head *ret,
                                   size_t *ret_used, unsigned *ret_status);
enum http_parse http_parse_response(struct http_parser *p, struct str in, bool head_request,
                                    struct http_head *ret, size_t *ret_used);

/* First value of a field, or STR_NONE. */
struct str http_get(const struct http_head *h, const char *name);
size_t http_count(const struct http_head *h, const char *name);
const char *http_reason(unsigned status);
/* A field name token / a field value without CR, LF, NUL and controls. */
bool http_is_token(struct str s);
bool http_is_value(struct str s);
/* Does it say that somebody passed it on, as proxies do? Nobody gains by forging
 * that. */
bool http_is_forwarded(const struct http_head *h);
/* Value of a cookie in a Cookie field, or STR_NONE. */
struct str http_cookie(struct str cookie_field, const char *name);
