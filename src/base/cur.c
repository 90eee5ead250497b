/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cur.h"

void cur_fail(struct cur *c)
{
	c->bad_ = true;
	c->at_ = c->end_;
}

struct str cur_bytes(struct cur *c, size_t n)
{
	struct str s;

	if (n > cur_left(c)) {
		cur_fail(c);
		return STR_NONE;
	}
	s = (struct str){ c->at_, n };
	if (n)
		c->at_ += n;
	return s;
}

static uint64_t get_be(struct cur *c, unsigned n)
{
	struct str s = cur_bytes(c, n);
	uint64_t v = 0;

	for (size_t i = 0; i < s.len; i++)
		v = v << 8 | (uint8_t)s.ptr[i];
	return v;
}

static uint64_t get_le(struct cur *c, unsigned n)
{
	struct str s = cur_bytes(c, n);
	uint64_t v = 0;

	for (size_t i = s.len; i > 0; i--)
		v = v << 8 | (uint8_t)s.ptr[i - 1];
	return v;
}

uint8_t cur_u8(struct cur *c)
{
	return (uint8_t)get_be(c, 1);
}

uint16_t cur_u16be(struct cur *c)
{
	return (uint16_t)get_be(c, 2);
}

uint32_t cur_u32be(struct cur *c)
{
	return (uint32_t)get_be(c, 4);
}

uint64_t cur_u64be(struct cur *c)
{
	return get_be(c, 8);
}

uint16_t cur_u16le(struct cur *c)
{
	return (uint16_t)get_le(c, 2);
}

uint32_t cur_u32le(struct cur *c)
{
	return (uint32_t)get_le(c, 4);
}

uint64_t cur_u64le(struct cur *c)
{
	return get_le(c, 8);
}
