/* SPDX-License-Identifier: Apache-2.0 */
/* files get: files-get.c copies one file, files-tree.c a folder of them. */
#pragma once

#include <limits.h>

#include "cli/files.h"

struct tree;

struct get {
	struct cli *c;
	struct files_at at;
	const char *to;      /* "-": standard output */
	char part[PATH_MAX]; /* beside it */
	struct str changed;  /* the version that is copied */
	uint64_t size, have;
	int fd;
	bool passing;      /* what is wrong is wrong with this file alone */
	struct tree *tree; /* NULL: one file */
};

/* The whole file, from where it was left off. g->at, to, changed and size are set, fd is -1. */
int files_get_one(struct get *g);
/* The folder `path` of the workspace, as `to`. */
int files_get_tree(struct cli *c, const char *id, struct str path, const char *to);
/* Whether a refusal, theirs or of the local file system, is of one name alone. */
bool files_is_refusal(long status);
bool files_is_refusal_here(int errnum);
void files_tree_came(struct tree *t, size_t bytes);
