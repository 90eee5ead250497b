/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 by RFC 3629 4. The state between bytes is 0 on a character border,
 * else how many continuation bytes are due and the range of the next one:
 * only the first continuation byte ever has a range narrower than 80..BF.
 */
#include "base/encode.h"

#define STATE(due, lo, hi) ((uint32_t)(due) << 16 | (uint32_t)(lo) << 8 | (uint32_t)(hi))
#define HIGH_BITS          0x8080808080808080U

/* The state after a lead byte; UINT32_MAX if no character starts with it. */
static uint32_t lead(unsigned char c)
{
	if (c < 0x80)
		return 0;
	if (c < 0xc2)
		return UINT32_MAX;
	if (c < 0xe0)
		return STATE(1, 0x80, 0xbf);
	if (c == 0xe0)
		return STATE(2, 0xa0, 0xbf);
	if (c == 0xed)
		return STATE(2, 0x80, 0x9f);
	if (c < 0xf0)
		return STATE(2, 0x80, 0xbf);
	if (c == 0xf0)
		return STATE(3, 0x90, 0xbf);
	if (c < 0xf4)
		return STATE(3, 0x80, 0xbf);
	if (c == 0xf4)
		return STATE(3, 0x80, 0x8f);
	return UINT32_MAX;
}

static bool step(uint32_t *state, unsigned char c)
{
	uint32_t due = *state >> 16;

	if (due == 0) {
		*state = lead(c);
		return *state != UINT32_MAX;
	}
	if (c < (*state >> 8 & 0xff) || c > (*state & 0xff)) {
		*state = UINT32_MAX;
		return false;
	}
	*state = due == 1 ? 0 : STATE(due - 1, 0x80, 0xbf);
	return true;
}

bool utf8_feed(uint32_t *state, struct str s)
{
	uint32_t st = *state;
	size_t i = 0;

	if (st == UINT32_MAX)
		return false;
	while (i < s.len) {
		uint64_t word;

		if (st == 0 && s.len - i >= sizeof(word)) {
			memcpy(&word, s.ptr + i, sizeof(word));
			if (!(word & HIGH_BITS)) {
				i += sizeof(word);
				continue;
			}
		}
		if (!step(&st, (unsigned char)s.ptr[i++])) {
			*state = st;
			return false;
		}
	}
	*state = st;
	return true;
}

bool utf8_valid(struct str s)
{
	uint32_t state = 0;

	return utf8_feed(&state, s) && state == 0;
}

size_t utf8_whole(struct str s)
{
	/* The last lead byte is among the last three bytes, or nothing is cut. */
	for (size_t back = 1; back <= 3 && back <= s.len; back++) {
		unsigned char c = (unsigned char)s.ptr[s.len - back];
		uint32_t state;

		if ((c & 0xc0) == 0x80)
			continue;
		state = lead(c);
		if (state != UINT32_MAX && (state >> 16) >= back)
			return s.len - back;
		return s.len;
	}
	return s.len;
}

void utf8_mend(char *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint32_t state = 0;
		size_t end = i;

		while (end < n && step(&state, (unsigned char)p[end])) {
			end++;
			if (state == 0)
				break;
		}
		if (end > i && state == 0)
			i = end;
		else
			p[i++] = '?';
	}
}

void utf8_put(struct buf *b, uint32_t c)
{
	if (c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		c = 0xfffd;
	if (c < 0x80) {
		buf_put_c(b, (char)c);
	} else if (c < 0x800) {
		buf_put_c(b, (char)(0xc0 | c >> 6));
		buf_put_c(b, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		buf_put_c(b, (char)(0xe0 | c >> 12));
		buf_put_c(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_put_c(b, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_put_c(b, (char)(0xf0 | c >> 18));
		buf_put_c(b, (char)(0x80 | (c >> 12 & 0x3f)));
		buf_put_c(b, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_put_c(b, (char)(0x80 | (c & 0x3f)));
	}
}
