/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token buckets by key, in a table of fixed size: login attempts by account
 * and by address. A full table forgets the bucket that is closest to full,
 * so that a flood of keys costs no memory.
 */
#pragma once

#include "base/str.h"
#include "base/time.h"

#define LIMIT_SLOTS 1024

struct limit_slot {
	uint64_t key; /* 0: empty */
	uint64_t at_ms;
	uint32_t milli; /* tokens left, in thousandths */
};
struct limit {
	uint32_t burst, per_minute;
	uint64_t seed;
	struct limit_slot slots[LIMIT_SLOTS];
};

void limit_init(struct limit *l, uint32_t burst, uint32_t per_minute, uint64_t seed);
/* Takes one token. False: none left, *ret_wait_s until there is one. */
bool limit_take(struct limit *l, struct str key, mono_ms now, unsigned *ret_wait_s);
/* Gives one back: only failures count. */
void limit_refund(struct limit *l, struct str key, mono_ms now);
