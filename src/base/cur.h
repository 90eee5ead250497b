/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reader over a slice. Reading past the end sets a sticky failure and
 * yields zeros and empty slices: read ten fields, check once.
 */
#pragma once

#include "base/str.h"

struct cur {
	const char *at_;
	const char *end_;
	bool bad_;
};

static inline struct cur cur_of(struct str s)
{
	return (struct cur){ s.ptr, s.ptr ? s.ptr + s.len : s.ptr, false };
}
static inline bool cur_bad(const struct cur *c)
{
	return c->bad_;
}
static inline size_t cur_left(const struct cur *c)
{
	return c->bad_ ? 0 : (size_t)(c->end_ - c->at_);
}
/* True if nothing failed and nothing is left. */
static inline bool cur_done(const struct cur *c)
{
	return !c->bad_ && c->at_ == c->end_;
}
void cur_fail(struct cur *c);
struct str cur_bytes(struct cur *c, size_t n);
uint8_t cur_u8(struct cur *c);
uint16_t cur_u16be(struct cur *c);
uint32_t cur_u32be(struct cur *c);
uint64_t cur_u64be(struct cur *c);
uint16_t cur_u16le(struct cur *c);
uint32_t cur_u32le(struct cur *c);
uint64_t cur_u64le(struct cur *c);
