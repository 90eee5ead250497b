/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue of messages for a browser that does not read: first in memory, then
 * in an unlinked file on the session's disk, at most file_max of it. When that
 * is full too, the oldest output is dropped and counted; what is not output
 * (status, replies) is kept as long as there is room for it.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define KSPOOL_MEMORY (64U << 10)
#define KSPOOL_KEPT   (1U << 20)

struct kspool {
	const char *dir; /* for the file */
	uint64_t file_max;
	struct buf mem_;  /* the newest */
	struct buf kept_; /* the oldest: what survived a dropping */
	int fd_;
	uint64_t r_, w_; /* the file's part in between */
	uint64_t punched_;
	uint64_t dropped; /* bytes of output, since the last kspool_forgive */
	bool lost;        /* something that is not output had to go */
};

void kspool_init(struct kspool *s, const char *dir, uint64_t file_max);
void kspool_fini(struct kspool *s);
void kspool_clear(struct kspool *s); /* as it was after kspool_init */
bool kspool_empty(const struct kspool *s);
/* One record of several slices; output: may be dropped later. */
void kspool_put(struct kspool *s, const struct str *part, size_t n, bool output);
/* The oldest record into *b (cleared first); false: there is none. A dropping
 * took place before it if *ret_after_drop. */
bool kspool_take(struct kspool *s, struct buf *b, bool *ret_after_drop);
uint64_t kspool_bytes(const struct kspool *s);
/* Records that were taken and are on their way, each with a mark that is not
 * less than that of the one before. */
void kspool_mark(struct kspool *s, const struct str *part, size_t n, bool output,
                 uint64_t mark);
/* They did not all arrive: those with a mark past `arrived` become the oldest of
 * *s again, in their order. Empties *marked. */
void kspool_put_back(struct kspool *s, struct kspool *marked, uint64_t arrived);

/* Over an exec (agent/handover.h); into one that was kspool_init'ed. */
struct hand_out;
struct hand_in;
void kspool_save(const struct kspool *s, struct hand_out *out);
MUST_CHECK int kspool_load(struct kspool *s, struct hand_in *in, struct err *err);
