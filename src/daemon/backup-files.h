/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a backup: copied with their sums, listed in MANIFEST. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define BACKUP_MANIFEST_MAX (64U << 20)

/* Copies a plain file with one name, synced; its sum as hex, its size. Never
 * follows a link. Under its name it is whole, however this ends; that the name
 * stays takes backup_sync(). -ENOENT: it is not there. */
MUST_CHECK int backup_copy(int from_dir, const char *from, int to_dir, const char *to,
                           char ret_sum[65], uint64_t *ret_size, struct err *err);
/* The same by renaming, where the two are of one file system. */
MUST_CHECK int backup_move(int from_dir, const char *from, int to_dir, const char *to,
                           struct err *err);
MUST_CHECK int backup_sync(int dir, const char *sub, struct err *err);
/* Takes a store's file away, and what SQLite may have left beside it. */
void backup_drop_store(int dir, const char *name);
/* A line of MANIFEST. */
void backup_line(struct buf *manifest, const char *sum, uint64_t size, const char *name);
/* Calls fn for each plain file in a folder whose name begins with nothing
 * odd; a missing folder is empty. */
typedef int backup_each_fn(const char *name, void *arg, struct err *err);
MUST_CHECK int backup_each(int dir, const char *sub, backup_each_fn *fn, void *arg,
                           struct err *err);
/* Reads DIR/MANIFEST and every file that it names: all there and unchanged? */
MUST_CHECK int backup_verify(int dir, struct buf *ret_manifest, struct err *err);
/* The value of "key value" among the manifest's first lines; STR_NONE. */
struct str backup_get(struct str manifest, const char *key);
