/* SPDX-License-Identifier: Apache-2.0 */
/*
 * There is one way to write a frame: what the reader accepts, written again
 * with the same mask, is the same bytes. Splits change nothing.
 */
#include "base/buf.h"
#include "fuzz.h"
#include "http/wsframe.h"

struct result {
	enum wsf_step last;
	struct buf rewritten, events;
	size_t used;
};

static void on_step(struct wsf_reader *rd, enum wsf_step step, struct str piece,
                    struct result *r)
{
	char head[WSF_HEAD_MAX], *to;

	buf_put_c(&r->events, step == WSF_DATA ? '.' : (char)('A' + (int)step));
	if (step == WSF_HEAD)
		buf_put(
		    &r->rewritten, head,
		    wsf_head(head, rd->fin, rd->op, rd->len, rd->client ? NULL : rd->mask_));
	if (step != WSF_DATA)
		return;
	to = buf_reserve(&r->rewritten, piece.len);
	CHECK(to);
	wsf_unmask(rd, piece, to);
	if (!rd->client)
		wsf_mask(to, piece.len, rd->mask_, rd->len - rd->left_ - piece.len);
	buf_commit(&r->rewritten, piece.len);
}

static void read_all(struct str s, bool client, size_t split, struct result *r)
{
	struct wsf_reader rd;
	size_t given = 0;

	*r = (struct result){ .last = WSF_MORE };
	buf_init(&r->rewritten, 1 << 24);
	buf_init(&r->events, 1 << 24);
	wsf_init(&rd, client);
	while (given < s.len) {
		size_t n = s.len - given < split ? s.len - given : split;
		struct str in = str_sub(s, given, given + n), piece;

		given += n;
		do {
			size_t had = in.len;

			r->last = wsf_next(&rd, &in, &piece);
			r->used += had - in.len;
			if (r->last == WSF_BAD)
				return;
			on_step(&rd, r->last, piece, r);
		} while (r->last != WSF_MORE);
		CHECK(in.len == 0);
	}
}

static void one(struct str s, bool client)
{
	struct result whole, bytes;

	read_all(s, client, s.len ? s.len : 1, &whole);
	read_all(s, client, 1, &bytes);
	CHECK(whole.used == bytes.used && (whole.last == WSF_BAD) == (bytes.last == WSF_BAD));
	CHECK(str_eq(buf_str(&whole.rewritten), buf_str(&bytes.rewritten)));
	CHECK(buf_len(&whole.rewritten) <= s.len &&
	      str_eq(buf_str(&whole.rewritten), str_sub(s, 0, buf_len(&whole.rewritten))));
	buf_fini(&whole.rewritten);
	buf_fini(&whole.events);
	buf_fini(&bytes.rewritten);
	buf_fini(&bytes.events);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	one(fuzz_str(data, size), false);
	one(fuzz_str(data, size), true);
	return 0;
}
