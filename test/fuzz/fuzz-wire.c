/* SPDX-License-Identifier: Apache-2.0 */
/* A frame that is accepted is written again byte for byte, or without zeros at
 * its end that may be left out; no shorter part of it is a frame. */
#include "fuzz.h"

#include "proto/wire.h"

static bool is_shorter(struct str now, struct str was)
{
	if (now.len + 16 != was.len && now.len + 24 != was.len) /* late clocks; of stats */
		return false;
	for (size_t i = now.len; i < was.len; i++)
		if (was.ptr[i])
			return false;
	return str_eq(str_sub(now, 4, now.len), str_sub(was, 4, now.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = fuzz_str(data, size);
	struct buf b = BUF(2U << 20), text = BUF(1U << 20);
	struct wire_msg m, part;
	size_t used, none;

	if (wire_get(in, &m, &used, NULL) == WIRE_GET_DONE) {
		CHECK(used >= WIRE_HEAD && used <= size);
		CHECK(wire_put(&b, &m, NULL) == 0);
		CHECK(buf_len(&b) == used ? str_eq(buf_str(&b), str_sub(in, 0, used))
		                          : is_shorter(buf_str(&b), str_sub(in, 0, used)));
		CHECK(wire_get(str_sub(in, 0, used - 1), &part, &none, NULL) == WIRE_GET_MORE);
		wire_dump(&text, &m);
		CHECK(!buf_error(&text));
	}
	buf_fini(&b);
	buf_fini(&text);
	return 0;
}
