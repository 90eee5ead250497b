/* SPDX-License-Identifier: Apache-2.0 */
/* What is done to a store that nobody has open. */
#pragma once

#include "base/err.h"
#include "base/str.h"

/* See schema_back. `dir` is the folder of carrel.db. -EWOULDBLOCK: core runs. */
MUST_CHECK int store_downgrade(const char *dir, unsigned to, struct err *err);
/* A copy of carrel.db as `name` beside it. -EWOULDBLOCK: core runs. */
MUST_CHECK int store_copy(const char *dir, const char *name, struct err *err);
/* Is that file a whole store that this release can use? *ret: its schema. */
MUST_CHECK int store_check(const char *path, unsigned *ret, struct err *err);

/* How many journal records a store has of a run; 0 if none. */
struct store_runs;
MUST_CHECK int store_runs_open(const char *path, struct store_runs **ret, struct err *err);
int64_t store_runs_count(struct store_runs *s, struct str session, uint32_t epoch);
void store_runs_close(struct store_runs *s); /* NULL is fine */
