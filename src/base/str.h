/* SPDX-License-Identifier: Apache-2.0 */
/* A borrowed slice of bytes, passed by value, without a NUL. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"

struct str {
	const char *ptr;
	size_t len;
};

#define STR(lit) ((struct str){ (lit), sizeof(lit) - 1 })
#define STR_NONE ((struct str){ NULL, 0 })
/* For printf("%.*s", STR_ARG(s)). */
#define STR_ARG(s) (int)(s).len, (s).ptr

static inline struct str str_of(const char *c)
{
	return (struct str){ c, c ? strlen(c) : 0 };
}
static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}
static inline bool str_is(struct str a, const char *lit)
{
	return str_eq(a, str_of(lit));
}
static inline struct str str_sub(struct str s, size_t from, size_t to)
{
	if (to > s.len)
		to = s.len;
	if (from > to)
		from = to;
	/* NULL has length 0, always: no other way out for an analyser to follow. */
	return s.ptr ? (struct str){ s.ptr + from, to - from } : STR_NONE;
}
bool str_ieq(struct str a, struct str b); /* ASCII case folded */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
int str_cmp(struct str a, struct str b); /* like memcmp, shorter first */
/* Index of the first c at or after `from`, or s.len. */
size_t str_chr(struct str s, char c, size_t from);
size_t str_find(struct str s, struct str needle); /* or s.len */
struct str str_trim(struct str s);                /* SP and HTAB only */
/* Takes the part before the first `sep` off *s; false when *s is used up.
 * n separators make n + 1 parts, empty ones included ("" is one part); *s is
 * STR_NONE after the last. */
bool str_split(struct str *s, char sep, struct str *part);

/* The only number parser: 1*DIGIT, no sign (i64: one '-' in front), no space,
 * within [min, max].
 * -EINVAL on anything else, -ERANGE outside; *ret is untouched on failure. */
MUST_CHECK int str_to_u64(struct str s, uint64_t min, uint64_t max, uint64_t *ret);
MUST_CHECK int str_to_i64(struct str s, int64_t min, int64_t max, int64_t *ret);

/* A NUL-terminated copy for the edge of libc; NULL if `s` holds a NUL.
 * The caller frees it. */
char *str_dup_z(struct str s) MUST_CHECK;
/* Constant time in the length of `a`; false when the lengths differ. */
bool str_eq_secret(struct str a, struct str b);
