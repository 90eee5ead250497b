/* SPDX-License-Identifier: Apache-2.0 */
/* A search (up to the first line break) over a text (the rest): any bytes are
 * one, pieces put together are the text, and a snippet is short. */
#include "fuzz.h"

#include "base/buf.h"
#include "core/query.h"

static void on_piece(void *arg, struct str text, bool match)
{
	CHECK(text.len > 0);
	buf_put_str(arg, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = fuzz_str(data, size);
	size_t cut = str_chr(in, '\n', 0);
	struct str text = str_sub(in, cut + (cut < in.len), in.len);
	struct buf b = BUF(1U << 20);
	struct query q;

	query_parse(str_sub(in, 0, cut), &q);
	CHECK(q.n <= QUERY_TERMS_MAX && query_wanted(&q) <= q.n);
	query_mark(&q, text, on_piece, &b);
	CHECK(str_eq(buf_str(&b), text));
	buf_clear(&b);
	(void)query_snippet(&q, text, on_piece, &b);
	CHECK(buf_len(&b) <= SNIPPET_BYTES_MAX + 16);
	(void)query_matches(&q, text);
	buf_fini(&b);
	return 0;
}
