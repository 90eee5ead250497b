/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outputs of cells into a notebook on disk, while no page does it. Only
 * `outputs` and `execution_count` of a code cell are touched, and only while
 * its source is the one that was run; everything else goes through as a save
 * of the notebook would write it. Whoever else writes the file meanwhile wins:
 * it is read again.
 */
#pragma once

#include "agent/agent.h"
#include "base/json.h"
#include "base/sha256.h"

struct runsave_cell {
	struct str id;       /* of the cell */
	const uint8_t *code; /* SHA256_LEN: of the source that was run */
	bool has_count;      /* else null */
	uint64_t count;      /* its execution_count */
	bool found;          /* result: the cell is there, with that source */
	/* If set, the cell is only changed while its outputs are these. */
	struct json *(*before)(struct runsave_cell *c);
	/* An array of outputs in browser form; NULL: they can't be made. */
	struct json *(*outputs)(struct runsave_cell *c);
};

struct runsave_file { /* which version of which file */
	uint64_t dev, ino, size;
	int64_t mtime_ns;
};

struct runsave_done {
	struct runsave_file file; /* as it is now */
	bool wrote;
	wall_us mtime;
	char hash[65]; /* SHA-256 of what was written */
	char read[65]; /* and of what was there before */
};

/* -ENOENT: no such file. */
MUST_CHECK int runsave_look(const struct agent *a, struct str path, struct runsave_file *ret);
static inline bool runsave_same(const struct runsave_file *x, const struct runsave_file *y)
{
	return x->dev == y->dev && x->ino == y->ino && x->size == y->size &&
	       x->mtime_ns == y->mtime_ns;
}
struct nb;
/* The execution_count that the cell has in this notebook; false: it has none, or
 * is not there with that source. */
bool runsave_count(const struct nb *nb, const struct runsave_cell *c, uint64_t *ret);
/* -EAGAIN: somebody else wrote it each time. */
MUST_CHECK int runsave_write(struct agent *a, struct str path,
                             struct runsave_cell *const *cells, size_t n,
                             struct runsave_done *ret, struct err *err);
