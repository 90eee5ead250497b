/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sse.h"

#include <errno.h>
#include <stdio.h>

#include "test.h"

static struct buf told = BUF(100000);
static int stop_after;

static bool on_event(void *arg, struct str event, struct str data, struct str id)
{
	buf_printf(&told, "<%.*s|%.*s|%.*s>", STR_ARG(event), STR_ARG(data), STR_ARG(id));
	return --stop_after != 0;
}

static const struct {
	const char *in, *out;
} streams[] = {
	{ "data: a\n\n", "<message|a|>" },
	{ "event: session\nid: 7\ndata: {\"a\":1}\n\ndata:x\n\n",
	  "<session|{\"a\":1}|7><message|x|7>" },
	{ ": comment\n\ndata: a\r\ndata\r\ndata:  b\r\n\r\n", "<message|a\n\n b|>" },
	{ "event: e\n\ndata: a\rdata: b\r\r", "<message|a\nb|>" },
	{ "retry: 10\nunknown: x\ndata: a\n\n", "<message|a|>" },
	{ "data: unfinished\n", "" },
	{ "data: \n\n", "<message||>" },
};

static void whole_or_in_pieces_it_is_the_same(void)
{
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		struct str in = str_of(streams[i].in);

		for (size_t cut = 0; cut <= in.len; cut++) {
			struct sse s;

			sse_init(&s, on_event, NULL);
			stop_after = -1;
			T_EQ(sse_feed(&s, str_sub(in, 0, cut)), 0);
			T_EQ(sse_feed(&s, str_sub(in, cut, in.len)), 0);
			sse_fini(&s);
			T_STREQ(buf_cstr(&told), streams[i].out);
			buf_clear(&told);
		}
	}
	buf_fini(&told);
}

static void the_reader_ends_it(void)
{
	struct sse s;

	sse_init(&s, on_event, NULL);
	stop_after = 1;
	T_EQ(sse_feed(&s, STR("data: a\n\ndata: b\n\n")), -ECANCELED);
	T_STREQ(buf_cstr(&told), "<message|a|>");
	sse_fini(&s);
	buf_fini(&told);
}

static void an_endless_line_is_refused(void)
{
	static char many[65536];
	struct sse s;
	int r = 0;

	memset(many, 'x', sizeof(many));
	sse_init(&s, on_event, NULL);
	for (int i = 0; i < 20 && r == 0; i++)
		r = sse_feed(&s, (struct str){ many, sizeof(many) });
	T_EQ(r, -E2BIG);
	sse_fini(&s);
	sse_init(&s, on_event, NULL);
	for (r = 0; r == 0;) {
		r = sse_feed(&s, STR("data: "));
		if (r == 0)
			r = sse_feed(&s, (struct str){ many, sizeof(many) });
		if (r == 0)
			r = sse_feed(&s, STR("\n"));
	}
	T_EQ(r, -E2BIG);
	sse_fini(&s);
}

TEST_MAIN({ "whole or in pieces, it is the same", whole_or_in_pieces_it_is_the_same },
          { "the reader ends it", the_reader_ends_it },
          { "an endless line is refused", an_endless_line_is_refused })
