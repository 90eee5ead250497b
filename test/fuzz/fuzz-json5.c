/* SPDX-License-Identifier: Apache-2.0 */
/* What is accepted is strict JSON afterwards, and converting that again
 * changes nothing. */
#include "fuzz.h"

#include "agent/json5.h"
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str in = fuzz_str(data, size);
	struct json_limits lim = { .depth = JSON5_DEPTH_MAX,
		                   .values = 1000000,
		                   .lax_dup = true };
	struct buf once = BUF(1U << 22), twice = BUF(1U << 22);
	struct arena a = ARENA(1U << 28);
	struct err err = ERR_NONE;
	struct json *j;

	if (json5_to_json(in, &once, &err) < 0) {
		CHECK(err.code < 0 && err.msg[0]);
	} else {
		CHECK(json_parse(&a, buf_str(&once), &lim, &j, NULL) == 0);
		CHECK(json5_to_json(buf_str(&once), &twice, NULL) == 0);
		CHECK(str_eq(buf_str(&once), buf_str(&twice)));
	}
	arena_fini(&a);
	buf_fini(&once);
	buf_fini(&twice);
	return 0;
}
