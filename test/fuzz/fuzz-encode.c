/* SPDX-License-Identifier: Apache-2.0 */
/* Base64, percent-encoding and hex read back what they wrote, and what they
 * accept they would have written; UTF-8 gives one answer however it is cut. */
#include "base/encode.h"
#include "fuzz.h"

static void base64(struct str s)
{
	struct buf raw = BUF(s.len), again = BUF(s.len * 4 + 16), lax = BUF(s.len);

	if (base64_get(&raw, s, false) == 0) {
		base64_put(&again, buf_str(&raw), 0);
		CHECK(str_eq(buf_str(&again), s));
		CHECK(base64_get(&lax, s, true) == 0);
		CHECK(str_eq(buf_str(&lax), buf_str(&raw)));
	}
	buf_clear(&again);
	buf_clear(&raw);
	base64_put(&again, s, 1 + s.len % 77);
	CHECK(base64_get(&raw, buf_str(&again), true) == 0 && str_eq(buf_str(&raw), s));
	buf_fini(&raw);
	buf_fini(&again);
	buf_fini(&lax);
}

static void percent(struct str s)
{
	struct buf raw = BUF(s.len), text = BUF(s.len * 3), again = BUF(s.len);

	if (pct_get(&raw, s) == 0) {
		pct_put(&text, buf_str(&raw), "/");
		CHECK(buf_error(&text) == 0);
		CHECK(pct_get(&again, buf_str(&text)) == 0);
		CHECK(str_eq(buf_str(&again), buf_str(&raw)));
	}
	buf_fini(&raw);
	buf_fini(&text);
	buf_fini(&again);
}

static void hex(struct str s)
{
	struct buf text = BUF(s.len * 2);
	char *raw = malloc(s.len + 1);

	CHECK(raw);
	hex_put(&text, s);
	CHECK(hex_get(buf_str(&text), raw, s.len) == 0);
	CHECK(str_eq((struct str){ raw, s.len }, s));
	if (hex_get(s, raw, s.len / 2) == 0)
		CHECK(s.len % 2 == 0);
	free(raw);
	buf_fini(&text);
}

static void utf8(struct str s)
{
	uint32_t whole = 0, bytes = 0;
	size_t border = utf8_whole(s);
	bool ok = utf8_feed(&whole, s), same = true;

	for (size_t i = 0; i < s.len && same; i++)
		same = utf8_feed(&bytes, str_sub(s, i, i + 1));
	CHECK(ok == same && (!ok || whole == bytes));
	CHECK(utf8_valid(s) == (ok && whole == 0));
	CHECK(border <= s.len && s.len - border < 4);
	if (ok)
		CHECK(utf8_valid(str_sub(s, 0, border)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = fuzz_str(data, size);

	base64(s);
	percent(s);
	hex(s);
	utf8(s);
	return 0;
}
