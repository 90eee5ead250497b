/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash map from byte strings to pointers; seeded (SipHash-2-4 with a key
 * from the kernel), so that hostile keys can't pile up. Keys are copied,
 * values are the caller's. Bounded: -E2BIG past the maximum. A zeroed map is
 * empty, and map_fini is safe on it.
 */
#pragma once

#include "base/str.h"

struct map {
	struct map_slot *slots_;
	size_t cap_, n_, used_, max_; /* used_ counts tombstones too */
	uint64_t key_[2];
};

void map_init(struct map *m, size_t max);
void map_fini(struct map *m);
void *map_get(const struct map *m, struct str key);
/* *old (may be NULL) gets the value that was there before, or NULL. */
MUST_CHECK int map_set(struct map *m, struct str key, void *value, void **old);
void *map_del(struct map *m, struct str key); /* the value, or NULL */
size_t map_count(const struct map *m);
/* Iterates in no order: start with *at = 0; false at the end. The map must
 * not change meanwhile, but for map_del of the current key. */
bool map_next(const struct map *m, size_t *at, struct str *key, void **value);
