/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An arena: what is made for one request dies with it. Has a maximum; an
 * allocation past it, or out of memory, gives NULL and sets a sticky flag.
 * Nothing in an arena points to something that dies earlier.
 */
#pragma once

#include "base/buf.h"

struct arena {
	struct arena_block *blocks_;
	size_t used_, max_;
	bool failed_;
};

#define ARENA(max) ((struct arena){ .max_ = (size_t)(max) })

void arena_init(struct arena *a, size_t max);
void arena_fini(struct arena *a); /* frees everything; usable again */
bool arena_failed(const struct arena *a);
/* Zeroed, aligned for any type. */
void *arena_alloc(struct arena *a, size_t n) MUST_CHECK;
#define ARENA_NEW(a, type)     ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_NEWS(a, type, n) ((type *)arena_calloc((a), (n), sizeof(type)))
void *arena_calloc(struct arena *a, size_t n, size_t size) MUST_CHECK;
/* A copy; .ptr is also NUL-terminated. STR_NONE on failure. */
struct str arena_str(struct arena *a, struct str s);
char *arena_strz(struct arena *a, struct str s); /* NULL if s holds a NUL */
struct str arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
