/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/slug.h"

#include <stdio.h>

#include "base/encode.h"
#include "base/sha256.h"

#define STEM_MAX (128 - 21 - 5) /* ending, "-" and four digits */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

void workspace_slug(struct str name, struct buf *ret)
{
	struct buf plain = BUF(4096);
	uint8_t d[SHA256_LEN];
	struct str s = name, data = name;
	size_t n = 0;
	bool dash = false;

	if (data.len && data.ptr[0] == '/')
		data = str_sub(data, 1, data.len);
	sha256(data, d);
	if (pct_get(&plain, name) == 0 && !buf_error(&plain))
		s = buf_str(&plain);
	for (size_t i = 0; i < s.len && n < STEM_MAX; i++) {
		char c = s.ptr[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c | 0x20);
		if (is_word(c)) {
			if (dash && n < STEM_MAX) {
				buf_put_c(ret, '-');
				n++;
			}
			dash = false;
			if (n < STEM_MAX) {
				buf_put_c(ret, c);
				n++;
			}
		} else if (c == '-' || (c == ' ' && n > 0)) {
			dash = true;
		}
	}
	if (dash && n < STEM_MAX)
		buf_put_c(ret, '-');
	buf_printf(ret, "-%02x%02x", d[0], d[1]);
	buf_fini(&plain);
}
