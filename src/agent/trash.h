/* SPDX-License-Identifier: Apache-2.0 */
/* Where deleted files lie (trash.c), for deleting and for bringing back (untrash.c). */
#pragma once

#include "agent/place.h"

/* A trash: the folder that holds files/ and info/. Paths in it are absolute in
 * the home's, relative to its own parent elsewhere. */
struct bin {
	int files, info;
	size_t above; /* length of that parent's path; 0 for the home's */
};
#define BIN_NONE ((struct bin){ -1, -1, 0 })

/* The trash that `p` goes to, and what stands in it as the place it came from.
 * -EXDEV: it can't have one. */
MUST_CHECK int bin_of(const struct agent *a, struct arena *m, const struct place *p,
                      struct bin *ret, struct str *ret_original);
void bin_fini(struct bin *b);
