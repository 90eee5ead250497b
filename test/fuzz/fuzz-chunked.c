/* SPDX-License-Identifier: Apache-2.0 */
/* A chunked body gives the same content and the same end however it is split,
 * and content written as chunks reads back. */
#include "base/buf.h"
#include "fuzz.h"
#include "http/body.h"

struct result {
	enum http_body_step last;
	size_t used;
	struct buf content;
};

static void decode(struct str s, size_t step, struct result *r)
{
	struct http_body b;
	size_t given = 0;

	http_body_init(&b, HTTP_BODY_CHUNKED, 0);
	buf_init(&r->content, 1 << 24);
	r->last = HTTP_BODY_MORE;
	r->used = 0;
	while (given < s.len) {
		size_t n = s.len - given < step ? s.len - given : step;
		struct str in = str_sub(s, given, given + n), piece;

		given += n;
		do {
			size_t had = in.len;

			r->last = http_body_next(&b, &in, &piece);
			CHECK(in.len <= had && piece.len <= had - in.len);
			r->used += had - in.len;
			buf_put_str(&r->content, piece);
		} while (r->last == HTTP_BODY_DATA);
		if (r->last != HTTP_BODY_MORE)
			return;
		CHECK(in.len == 0);
	}
}

static void round_trip(struct str s)
{
	struct buf b = BUF(1 << 24);
	struct result r;

	for (size_t at = 0, n = 1; at < s.len; at += n, n = n * 2 + 1) {
		struct str part = str_sub(s, at, at + n);
		char head[HTTP_CHUNK_HEAD_MAX];

		buf_put(&b, head, http_chunk_head(head, part.len));
		buf_put_str(&b, part);
		buf_put_z(&b, "\r\n");
	}
	buf_put_z(&b, "0\r\n\r\n");
	decode(buf_str(&b), buf_len(&b), &r);
	CHECK(r.last == HTTP_BODY_END && r.used == buf_len(&b));
	CHECK(str_eq(buf_str(&r.content), s));
	buf_fini(&r.content);
	buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = fuzz_str(data, size);
	struct result whole, bytes, some;

	decode(s, size ? size : 1, &whole);
	decode(s, 1, &bytes);
	decode(s, 7, &some);
	CHECK(whole.last == bytes.last && whole.used == bytes.used);
	CHECK(whole.last == some.last && whole.used == some.used);
	CHECK(str_eq(buf_str(&whole.content), buf_str(&bytes.content)));
	CHECK(str_eq(buf_str(&whole.content), buf_str(&some.content)));
	buf_fini(&whole.content);
	buf_fini(&bytes.content);
	buf_fini(&some.content);
	round_trip(s);
	return 0;
}
