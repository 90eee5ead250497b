/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an answer was made from: the state of every file and folder that was
 * looked at, also of those that were not there. While nothing of it has
 * changed, an answer that was kept is still right; asking costs one stat a
 * path.
 */
#pragma once

#include "base/arena.h"
#include "base/time.h"

struct witness {
	struct arena m_;
	struct witness_path *first_, **last_;
	wall_us began_;
	bool racy_;
};

void witness_init(struct witness *w, wall_us now);
void witness_fini(struct witness *w);
/* Call before the path is read. w may be NULL: nobody keeps the answer. */
void witness_add(struct witness *w, const char *path);
/* False if something was touched so shortly before it was read that a further
 * change might not show (file times are as coarse as the kernel's tick), or
 * there was no memory: the answer must not be kept. */
bool witness_good(const struct witness *w);
/* Is everything as it was? */
bool witness_same(const struct witness *w);
