/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers agree with libc's; parts of a split join to the whole; a cursor
 * never leaves its slice. */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/cur.h"
#include "fuzz.h"

static void number(struct str s)
{
	char text[64];
	uint64_t u;
	int64_t i;
	char *end;

	if (s.len >= sizeof(text))
		return;
	if (s.len)
		memcpy(text, s.ptr, s.len);
	text[s.len] = 0;
	if (str_to_u64(s, 0, UINT64_MAX, &u) == 0) {
		errno = 0;
		CHECK(strtoull(text, &end, 10) == u && errno == 0 && end == text + s.len);
	}
	if (str_to_i64(s, INT64_MIN, INT64_MAX, &i) == 0) {
		errno = 0;
		CHECK(strtoll(text, &end, 10) == i && errno == 0 && end == text + s.len);
	}
}

static void split(struct str s)
{
	struct buf b = BUF(s.len + 1);
	struct str rest = s, part;
	bool first = true;

	while (str_split(&rest, ',', &part)) {
		if (!first)
			buf_put_c(&b, ',');
		first = false;
		CHECK(str_find(part, STR(",")) == part.len);
		buf_put_str(&b, part);
	}
	CHECK(buf_error(&b) == 0 && str_eq(buf_str(&b), s));
	buf_fini(&b);
}

static void cursor(struct str s)
{
	struct cur c = cur_of(s);
	size_t read = 0;

	while (!cur_bad(&c) && cur_left(&c)) {
		uint8_t n = cur_u8(&c);
		struct str part = cur_bytes(&c, n);

		if (!cur_bad(&c)) {
			read += 1U + n;
			CHECK(part.len == n);
		}
		CHECK(read <= s.len);
	}
	CHECK(cur_bad(&c) || (cur_done(&c) && read == s.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = fuzz_str(data, size);

	number(s);
	split(s);
	cursor(s);
	CHECK(str_trim(s).len <= s.len);
	CHECK(str_ieq(s, s) && str_eq_secret(s, s) && str_cmp(s, s) == 0);
	return 0;
}
