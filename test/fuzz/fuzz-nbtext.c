/* SPDX-License-Identifier: Apache-2.0 */
/* A notebook's text is the same however its bytes come, and bounded. */
#include "fuzz.h"

#include "agent/doctext.h"
#include "proto/docmsg.h"

static void feed(struct doctext *t, struct str s, size_t piece)
{
	struct nbtext n;

	doctext_init(t);
	nbtext_init(&n, t);
	for (size_t i = 0; i < s.len; i += piece)
		nbtext_feed(&n, str_sub(s, i, i + piece));
	nbtext_fini(&n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = fuzz_str(data, size);
	struct doctext whole, bytes;

	feed(&whole, in, in.len ? in.len : 1);
	feed(&bytes, in, 1);
	CHECK(buf_len(&whole.text) <= DOC_TEXT_MAX && !buf_error(&whole.text));
	CHECK(str_eq(buf_str(&whole.text), buf_str(&bytes.text)));
	CHECK(str_eq(buf_str(&whole.heads), buf_str(&bytes.heads)));
	doctext_fini(&whole);
	doctext_fini(&bytes);
	return 0;
}
