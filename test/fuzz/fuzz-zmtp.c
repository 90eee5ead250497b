/* SPDX-License-Identifier: Apache-2.0 */
/* However the bytes are cut, the same comes out: events, parts, answers, and
 * the same error. */
#include "fuzz.h"

#include "base/buf.h"
#include "proto/zmtp.h"

static int talk(struct str in, size_t piece, bool sub, struct buf *log, struct buf *out)
{
	struct zmtp z;
	int r = 0;

	zmtp_init(&z, sub ? ZMTP_SUB : ZMTP_DEALER, STR("id"), 300);
	zmtp_start(&z, out);
	while (r >= 0 && in.len) {
		struct str some = str_sub(in, 0, piece);

		in = str_sub(in, some.len, in.len);
		while (r >= 0) {
			r = zmtp_feed(&z, &some, out, NULL);
			if (r == ZMTP_MORE)
				break;
			buf_printf(log, "%d:", r);
			for (size_t i = 0; r == ZMTP_MESSAGE && i < zmtp_parts(&z); i++) {
				uint64_t dropped;

				buf_put_str(log, zmtp_part(&z, i, &dropped));
				buf_printf(log, "<%llu>", (unsigned long long)dropped);
			}
		}
		CHECK(r < 0 || some.len == 0);
	}
	zmtp_fini(&z);
	return r < 0 ? r : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf log[3] = { BUF(1U << 22), BUF(1U << 22), BUF(1U << 22) };
	struct buf out[3] = { BUF(1U << 22), BUF(1U << 22), BUF(1U << 22) };
	const size_t pieces[3] = { SIZE_MAX, 1, size ? data[0] % 17U + 2 : 2 };
	int r[3];

	if (size > 1 << 16)
		return 0;
	for (int i = 0; i < 3; i++)
		r[i] = talk(fuzz_str(data, size), pieces[i], size && data[0] & 1, &log[i],
		            &out[i]);
	for (int i = 1; i < 3; i++) {
		CHECK(r[i] == r[0]);
		CHECK(str_eq(buf_str(&log[i]), buf_str(&log[0])));
		CHECK(str_eq(buf_str(&out[i]), buf_str(&out[0])));
	}
	for (int i = 0; i < 3; i++) {
		buf_fini(&log[i]);
		buf_fini(&out[i]);
	}
	return 0;
}
