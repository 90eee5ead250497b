/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON string: below json.c, and for printers that work on source text. */
#pragma once

#include "base/arena.h"

struct jsonstr {
	const char *p;   /* at the opening quote; left behind the closing one */
	const char *end; /* of the input */
	bool lax;        /* lone surrogates become U+FFFD */
	size_t keep;     /* not 0: strings with escapes longer than this stay as they are */
	const char *why, *at; /* after -EINVAL: what is wrong, and where */
};

/* *ret is a slice of the input, or decoded into the arena if the string has
 * escapes, or STR_NONE if it was checked and kept. -EINVAL, -ENOMEM. */
MUST_CHECK int jsonstr(struct arena *a, struct jsonstr *s, struct str *ret);
/* s begins with the backslash of an escape in a string that was checked:
 * decodes it (lone surrogates become U+FFFD) and returns how long it is. */
size_t jsonstr_escape(struct str s, char ret[4], size_t *ret_len);
