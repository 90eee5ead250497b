/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes: one ext4 image file each, with a folder home/ in it. All calls
 * block (mkfs, resize) and run on the pool's threads. The file's flock says
 * that it is attached (shim/loop.h): who wants to change it must get it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define VOLUME_PATH_MAX 512

struct volume_stat {
	uint64_t size_bytes, used_bytes, allocated_bytes;
};

struct pool_space {
	uint64_t total_bytes, free_bytes; /* of the file system */
	uint64_t promised_bytes;          /* sum of all volumes' sizes, unfinished ones too */
	uint64_t allocated_bytes;         /* what they take now */
};

void volume_path(const char *dir, const char *id, char ret[VOLUME_PATH_MAX]);
/* The id of a volume's path; "" if it is none. */
void volume_name(const char *path, char ret[41]);
/* Idempotent: one that is there is left alone, whatever its size. -ENOSPC when the
 * pool can't promise so much (volume_admit); one call at a time for an id. */
MUST_CHECK int volume_create(const char *dir, const char *id, uint64_t size_bytes,
                             uint64_t overcommit_pct, struct err *err);
/* Never smaller. -EBUSY while attached, -ENOENT, -ENOSPC. */
MUST_CHECK int volume_grow(const char *dir, const char *id, uint64_t size_bytes,
                           uint64_t overcommit_pct, struct err *err);
MUST_CHECK int volume_stat(const char *dir, const char *id, struct volume_stat *ret,
                           struct err *err);
/* Idempotent; -EBUSY while attached. */
MUST_CHECK int volume_delete(const char *dir, const char *id, struct err *err);

MUST_CHECK int volume_pool(const char *dir, struct pool_space *ret, struct err *err);
/* Pure: what all volumes together may be promised. */
uint64_t volume_limit(const struct pool_space *p, uint64_t overcommit_pct);
/* Pure: may `more` bytes be promised? -ENOSPC with a sentence. */
MUST_CHECK int volume_admit(const struct pool_space *p, uint64_t more, uint64_t overcommit_pct,
                            struct err *err);
/* The empty image that sessions' scratch file systems are copies of. */
MUST_CHECK int volume_scratch(const char *dir, uint64_t size_bytes, char ret[VOLUME_PATH_MAX],
                              struct err *err);
/* Removes what a killed creation left. */
void volume_sweep(const char *dir);
