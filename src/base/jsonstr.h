/* SPDX-License-Identifier: Apache-2.0 */
/* Between json.c and jsonstr.c: one JSON string. */
#pragma once

#include "base/arena.h"

/* *pos is at the opening quote and is left behind the closing one. The text is
 * a slice of the input, or decoded into the arena if it has escapes. lax: lone
 * surrogates become U+FFFD. -EINVAL: *what says why, *at where; -ENOMEM. */
MUST_CHECK int jsonstr(struct arena *a, const char **pos, const char *end, bool lax,
                       struct str *ret, const char **what, const char **at);
