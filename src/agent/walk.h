/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All of a tree, one entry after the other, a folder before what is in it. By
 * open folders only, never through a link, never onto another disk. Whoever
 * walks stops when he likes and goes on in a later turn.
 */
#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include "base/buf.h"

#define WALK_DEPTH 64

struct walk {
	struct {
		DIR *d;
		size_t path_len;
	} level[WALK_DEPTH];
	unsigned depth;
	dev_t dev;
	bool hidden; /* names that begin with a dot, too */
	struct buf path;
};

struct walk_entry {
	struct str path; /* relative to the top, until the next call */
	const char *name;
	struct stat st;
	unsigned depth; /* 1: in the top folder */
};

/* Takes fd, a folder opened for reading, whatever comes. */
MUST_CHECK int walk_init(struct walk *w, int fd, bool hidden);
/* False: that was all. What can't be looked at is left out. */
bool walk_next(struct walk *w, struct walk_entry *ret);
void walk_fini(struct walk *w);
