/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the edge passes on is a proper head again, with the same Host, and with
 * no field that could pose as the edge's, frame the message a second time, or
 * carry the platform's credentials to a session.
 */
#include "base/buf.h"
#include "edge/fields.h"
#include "fuzz.h"

static const char *const never[] = {
	"connection",    "content-length", "transfer-encoding", "te",
	"upgrade",       "expect",         "x-carrel-account",  "x-carrel-name",
	"x-carrel-peer", "forwarded",      "x-forwarded-for",   "keep-alive"
};

static void passed_on(const struct http_head *h, enum fields_to to)
{
	static struct http_head again;
	struct buf b = BUF(HTTP_HEAD_MAX * 3);
	struct http_parser p = { 0 };
	unsigned status;
	size_t used;

	buf_put_z(&b, "GET / HTTP/1.1\r\n");
	if (fields_request(h, to, &b) < 0) {
		buf_fini(&b);
		return;
	}
	buf_put_z(&b, "\r\n");
	if (buf_len(&b) < HTTP_HEAD_MAX) { /* "a:b" grows by a space */
		CHECK(http_parse_request(&p, buf_str(&b), &again, &used, &status) ==
		      HTTP_PARSE_DONE);
		CHECK(used == buf_len(&b) && str_eq(again.host, h->host));
		CHECK(!again.chunked && !again.has_length && !again.upgrade_ws);
		for (size_t i = 0; i < ARRAY_LEN(never); i++)
			CHECK(!http_get(&again, never[i]).ptr);
		for (size_t i = 0; i < again.n; i++)
			CHECK(str_chr(again.fields[i].name, '_', 0) ==
			      again.fields[i].name.len);
		if (to != TO_CORE) {
			CHECK(!http_get(&again, "authorization").ptr);
			for (size_t i = 0; i < again.n; i++) {
				if (!str_ieq(again.fields[i].name, STR("cookie")))
					continue;
				CHECK(to == TO_SESSION);
				CHECK(!http_cookie(again.fields[i].value, "__Host-s").ptr);
				CHECK(!http_cookie(again.fields[i].value, "__Host-t").ptr);
			}
		}
	}
	buf_fini(&b);
}

static void no_token(struct str target)
{
	size_t q = str_chr(target, '?', 0);
	struct str rest = str_sub(target, q + 1, target.len), part;

	while (str_split(&rest, '&', &part))
		CHECK(!str_starts(part, STR("token=")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct http_head h;
	struct buf b = BUF(HTTP_LINE_MAX * 2);
	struct http_parser p = { 0 };
	unsigned status;
	size_t used;

	if (http_parse_request(&p, fuzz_str(data, size), &h, &used, &status) ==
	    HTTP_PARSE_DONE) {
		passed_on(&h, TO_CORE);
		passed_on(&h, TO_SESSION);
		passed_on(&h, TO_PROGRAM);
		(void)fields_strip_token(h.target, &b);
		no_token(buf_str(&b));
	}
	buf_fini(&b);
	return 0;
}
