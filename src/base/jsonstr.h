/* SPDX-License-Identifier: Apache-2.0 */
/* Between json.c and jsonstr.c: one JSON string. */
#pragma once

#include "base/arena.h"

struct jsonstr {
	const char *p;        /* at the opening quote; left behind the closing one */
	const char *end;      /* of the input */
	bool lax;             /* lone surrogates become U+FFFD */
	const char *why, *at; /* after -EINVAL: what is wrong, and where */
};

/* *ret is a slice of the input, or decoded into the arena if the string has
 * escapes. -EINVAL, -ENOMEM. */
MUST_CHECK int jsonstr(struct arena *a, struct jsonstr *s, struct str *ret);
