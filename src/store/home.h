/* SPDX-License-Identifier: Apache-2.0 */
/* What Home asks for beside the lists that there are. */
#pragma once

#include "core/types.h"
#include "store/store.h"

/* Several readings that see the same moment; the loop's reader only. */
int store_read_begin(struct db *db) MUST_CHECK;
void store_read_end(struct db *db);

typedef void home_session_fn(void *arg, const struct session *s);
typedef void home_workspace_fn(void *arg, const struct workspace_view *v, int64_t seq);
/* Sessions of the account that have not ended, newest first. */
int home_running(struct db *db, struct str account_id, unsigned limit, home_session_fn *fn,
                 void *arg) MUST_CHECK;
/* Workspaces, last used first. */
int home_workspaces(struct db *db, struct str account_id, unsigned limit, home_workspace_fn *fn,
                    void *arg) MUST_CHECK;
/* How many there are, and ever were. */
int home_counts(struct db *db, struct str account_id, int64_t *ret_now,
                int64_t *ret_ever) MUST_CHECK;
