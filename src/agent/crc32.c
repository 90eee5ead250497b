/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/crc32.h"

void crc32_init(struct crc32_table *t)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? c >> 1 ^ 0xEDB88320U : c >> 1;
		t->t[0][i] = c;
	}
	for (uint32_t i = 0; i < 256; i++)
		for (int k = 1; k < 4; k++)
			t->t[k][i] = t->t[k - 1][i] >> 8 ^ t->t[0][t->t[k - 1][i] & 0xFF];
}

uint32_t crc32_add(const struct crc32_table *t, uint32_t crc, struct str s)
{
	const unsigned char *p = (const unsigned char *)s.ptr;
	size_t n = s.len;

	crc = ~crc;
	for (; n >= 4; n -= 4, p += 4) {
		crc ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		       (uint32_t)p[3] << 24;
		crc = t->t[3][crc & 0xFF] ^ t->t[2][crc >> 8 & 0xFF] ^
		      t->t[1][crc >> 16 & 0xFF] ^ t->t[0][crc >> 24];
	}
	for (; n; n--, p++)
		crc = crc >> 8 ^ t->t[0][(crc ^ *p) & 0xFF];
	return ~crc;
}
