/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of a kernel's runs on disk, in one unlinked file, so that the
 * agent's memory does not grow with what a cell prints. A part is what one run
 * has in it: its records in order, as extents of the file. Space that nothing
 * uses any more is given back by copying what is left into a new file.
 *
 * Parts belong to the caller; runlog_fini forgets them all.
 */
#pragma once

#include "base/buf.h"
#include "base/list.h"

#define RUNLOG_RECORD_MAX (192U << 20)

struct runlog {
	const char *dir; /* for the file */
	int fd_;
	uint64_t end_;
	uint64_t live; /* bytes of all parts */
	struct list parts_;
};

struct runlog_extent {
	uint64_t at, len;
};

struct runlog_part {
	struct list node_; /* in runlog.parts_ */
	struct runlog_extent *extents_;
	size_t n_, cap_;
	uint64_t bytes;
};

void runlog_init(struct runlog *l, const char *dir);
void runlog_fini(struct runlog *l);
/* Appends a record; -ENOSPC and the like leave everything as it was. */
MUST_CHECK int runlog_add(struct runlog *l, struct runlog_part *p, unsigned type,
                          struct str content);
/* Calls fn for each record, oldest first, until it returns other than 0; that
 * is returned. The slice is valid during the call. */
typedef int runlog_fn(void *arg, unsigned type, struct str content);
MUST_CHECK int runlog_each(const struct runlog *l, const struct runlog_part *p, runlog_fn *fn,
                           void *arg);
/* One record takes the place of all. On failure the old ones stay. */
MUST_CHECK int runlog_replace(struct runlog *l, struct runlog_part *p, unsigned type,
                              struct str content);
struct hand_out;
struct hand_in;
struct err;
/* Over an exec (agent/handover.h): the file, then each part by itself. */
void runlog_save(const struct runlog *l, struct hand_out *out);
MUST_CHECK int runlog_load(struct runlog *l, struct hand_in *in, struct err *err);
void runlog_save_part(const struct runlog_part *p, struct hand_out *out);
MUST_CHECK int runlog_load_part(struct runlog *l, struct runlog_part *ret, struct hand_in *in,
                                struct err *err);
void runlog_drop(struct runlog *l, struct runlog_part *p); /* zeroed: safe */
/* The same, and the file stays as it is. */
void runlog_forget(struct runlog *l, struct runlog_part *p);
