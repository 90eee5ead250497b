/* SPDX-License-Identifier: Apache-2.0 */
/* The journals as the engine sees them: read and moved, never written. */
#pragma once

#include <stdbool.h>

#include "proto/journal.h"

typedef void journals_fn(const struct journal_rec *r, void *arg);

/* Calls fn for each record of each journal in `dir` that is not yet
 * acknowledged, in order within a file. */
void journals_each(const char *dir, journals_fn *fn, void *arg);
/* One run. -ENOENT: it has no journal, not even an acknowledged one. */
MUST_CHECK int journals_run(const char *dir, const char *key, journals_fn *fn, void *arg);
bool journals_exist(const char *dir, const char *key);
/* Is its last record a start? */
bool journals_is_running(const char *dir, const char *key);
/* Moves a finished run to done/. -EBUSY while it runs; -ENOENT is fine. */
MUST_CHECK int journals_ack(const char *dir, const char *key, struct err *err);

/* "s_01-3" → session "s_01", epoch 3. */
MUST_CHECK int journals_split_key(struct str key, struct str *session, uint32_t *epoch);
/* Calls fn with the key of each unacknowledged run. */
void journals_keys(const char *dir, void (*fn)(const char *key, void *arg), void *arg);
