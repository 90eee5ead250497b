/* SPDX-License-Identifier: Apache-2.0 */
#include "http/body.h"

#include <stdlib.h>

#include "base/buf.h"
#include "test.h"

/* Fed `step` bytes at a time: the content so far, the last step, what is left
 * over. */
static enum http_body_step feed(enum http_body_kind kind, uint64_t len, struct str s,
                                size_t step, struct buf *content, size_t *used)
{
	enum http_body_step r = HTTP_BODY_MORE;
	struct http_body b;
	size_t given = 0;

	*used = 0;
	buf_clear(content);
	http_body_init(&b, kind, len);
	while (given < s.len && r == HTTP_BODY_MORE) {
		struct str in = str_sub(s, given, given + step), piece;

		given += in.len;
		do {
			size_t had = in.len;

			r = http_body_next(&b, &in, &piece);
			*used += had - in.len;
			buf_put_str(content, piece);
		} while (r == HTTP_BODY_DATA);
	}
	return r;
}

static const struct {
	struct str in, content;
	enum http_body_step end;
	size_t rest;
} chunked[] = {
	{ STR("0\r\n\r\n"), STR(""), HTTP_BODY_END, 0 },
	{ STR("5\r\nhello\r\n0\r\n\r\nGET"), STR("hello"), HTTP_BODY_END, 3 },
	{ STR("2\r\nhe\r\n3\r\nllo\r\n00\r\n\r\n"), STR("hello"), HTTP_BODY_END, 0 },
	{ STR("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"), STR("01234567890123456789"),
	  HTTP_BODY_END, 0 },
	{ STR("00000005;ext=\"a b\";x\r\nhello\r\n0;last\r\n\r\n"), STR("hello"), HTTP_BODY_END,
	  0 },
	{ STR("0\r\nA: b\r\nC:\r\n\r\nx"), STR(""), HTTP_BODY_END, 1 },
	{ STR("5\r\nhel"), STR("hel"), HTTP_BODY_MORE, 0 },
	{ STR("5"), STR(""), HTTP_BODY_MORE, 0 },
	{ STR("000000005\r\n"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR("\r\n"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR(";x\r\n"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR("+5\r\n"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR("-5\r\n"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR("0x5\r\n"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR("5_0\r\n"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR(" 5\r\n"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR("5 \r\n"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR("5\n"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR("5\r\rhello"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR("5;a\nb\r\n"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR("5;a\0b\r\n"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR("5\r\nhello0\r\n\r\n"), STR("hello"), HTTP_BODY_BAD, 0 },
	{ STR("5\r\nhello\n0\r\n\r\n"), STR("hello"), HTTP_BODY_BAD, 0 },
	{ STR("5\r\nhello\r0"), STR("hello"), HTTP_BODY_BAD, 0 },
	{ STR("0\r\n\n"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR("0\r\n\rX"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR("0\r\n: a\r\n\r\n"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR("0\r\nA b: c\r\n\r\n"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR("0\r\nA\r\n\r\n"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR("0\r\n A: b\r\n\r\n"), STR(""), HTTP_BODY_BAD, 0 },
	{ STR("0\r\nA: b\n\r\n"), STR(""), HTTP_BODY_BAD, 0 },
};

static void chunks(void)
{
	struct buf content = BUF(1000);
	size_t used;

	for (size_t i = 0; i < ARRAY_LEN(chunked); i++) {
		for (size_t step = 1; step <= chunked[i].in.len; step++) {
			enum http_body_step r =
			    feed(HTTP_BODY_CHUNKED, 0, chunked[i].in, step, &content, &used);

			if (r != chunked[i].end)
				printf("# case %zu, step %zu\n", i, step);
			T_EQ(r, chunked[i].end);
			T_STR(buf_str(&content), chunked[i].content);
			if (r == HTTP_BODY_END)
				T_EQ(used, chunked[i].in.len - chunked[i].rest);
		}
	}
	buf_fini(&content);
}

static void bounded(const char *unit, size_t n, const char *end, enum http_body_step want)
{
	struct buf in = BUF(100000), content = BUF(100000);
	size_t used;

	buf_put_z(&in, strstr(unit, ":") ? "0\r\n" : "1;");
	for (size_t i = 0; i < n; i++)
		buf_put_z(&in, unit);
	buf_put_z(&in, end);
	T_EQ(feed(HTTP_BODY_CHUNKED, 0, buf_str(&in), 1, &content, &used), want);
	T_EQ(feed(HTTP_BODY_CHUNKED, 0, buf_str(&in), buf_len(&in), &content, &used), want);
	buf_fini(&in);
	buf_fini(&content);
}

static void maxima(void)
{
	bounded("x", 255, "\r\na\r\n0\r\n\r\n", HTTP_BODY_END);
	bounded("x", 256, "\r\na\r\n0\r\n\r\n", HTTP_BODY_BAD);
	bounded("A: b\r\n", 8, "\r\n", HTTP_BODY_END);
	bounded("A: b\r\n", 9, "\r\n", HTTP_BODY_BAD);
	bounded("A:bbbbbbbbbbbbbbbbbbbb", 1000, "\r\n\r\n", HTTP_BODY_BAD);
}

static void lengths(void)
{
	struct buf content = BUF(1000);
	struct http_body b;
	size_t used;

	for (size_t step = 1; step < 9; step++) {
		T_EQ(feed(HTTP_BODY_LENGTH, 5, STR("hellorest"), step, &content, &used),
		     HTTP_BODY_END);
		T_STR(buf_str(&content), STR("hello"));
		T_EQ(used, 5);
		T_EQ(feed(HTTP_BODY_CLOSE, 0, STR("hellorest"), step, &content, &used),
		     HTTP_BODY_MORE);
		T_STR(buf_str(&content), STR("hellorest"));
	}
	http_body_init(&b, HTTP_BODY_LENGTH, 5);
	T_OK(!http_body_eof(&b));
	http_body_init(&b, HTTP_BODY_LENGTH, 0);
	T_OK(http_body_eof(&b));
	http_body_init(&b, HTTP_BODY_CHUNKED, 0);
	T_OK(!http_body_eof(&b));
	http_body_init(&b, HTTP_BODY_CLOSE, 0);
	T_OK(http_body_eof(&b));
	buf_fini(&content);
}

static void heads(void)
{
	char h[HTTP_CHUNK_HEAD_MAX];

	T_STR(((struct str){ h, http_chunk_head(h, 0) }), STR("0\r\n"));
	T_STR(((struct str){ h, http_chunk_head(h, 10) }), STR("a\r\n"));
	T_STR(((struct str){ h, http_chunk_head(h, 0x1f4) }), STR("1f4\r\n"));
	T_STR(((struct str){ h, http_chunk_head(h, SIZE_MAX) }), STR("ffffffffffffffff\r\n"));
}

TEST_MAIN({ "chunks, however they are split", chunks },
          { "extensions and trailers have maxima", maxima },
          { "bodies by length and to the end", lengths }, { "chunk heads are written", heads })
