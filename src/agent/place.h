/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths of the contents API: relative to the root, '/' between parts, never
 * with "." or "..". Whatever a path names is reached by openat2 beneath the
 * root, so no link and no race leads outside. A place is a parent folder held
 * open plus a name in it: what all changes work on.
 */
#pragma once

#include <limits.h>

#include "agent/agent.h"

struct place {
	int dir; /* O_PATH folder, owned */
	char name[NAME_MAX + 1];
};
#define PLACE_NONE ((struct place){ .dir = -1 })

/* A path from outside, cleaned: no slash at the ends, no empty part. -ENOENT
 * when it could not name anything (NUL, "..", a part that is too long). */
MUST_CHECK int place_clean(struct arena *a, struct str in, struct str *ret);
/* Any part that begins with a dot. */
bool place_hidden(struct str path);
/* Last part, and what stands before it ("" at the root). */
struct str place_name(struct str path);
struct str place_parent(struct str path);
struct str place_child(struct arena *a, struct str parent, struct str name);

/* path "" is the root itself. -errno. */
MUST_CHECK int place_open(const struct agent *a, struct str path, int flags);
MUST_CHECK int place_of(const struct agent *a, struct str path, struct place *ret);
void place_fini(struct place *p);
/* What was made, renamed or removed in its folder stays so after a power cut. */
MUST_CHECK int place_sync(const struct place *p);
/* Follows links (that stay beneath the root) to the file itself, so that a
 * save through a link changes the file and keeps the link. */
MUST_CHECK int place_resolve(const struct agent *a, struct str path, struct place *ret);
/* May the user write it? By effective ids: in a session those of fsuid. */
bool place_writable(int dirfd, const char *name);
