/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody opened, saved or ran last: one row a file. */
#pragma once

#include "core/types.h"
#include "store/store.h"

#define RECENTS_KEEP 100U /* of one workspace */

enum recent_what { RECENT_OPENED, RECENT_SAVED, RECENT_RUN };
const char *recent_what_name(enum recent_what w);

/* The later of two stands; to save or run says more than to open. */
int recent_add(struct db *db, const char *account_id, const char *workspace_id, struct str path,
               enum recent_what what, wall_us at, struct err *err) MUST_CHECK;
/* A file or folder is gone, or is called `to` now (to.ptr not NULL). */
int recent_follow(struct db *db, const char *workspace_id, struct str path, struct str to,
                  struct err *err) MUST_CHECK;

struct recent {
	char workspace_id[ID_MAX], workspace_name[NAME_BYTES_MAX + 1], label[LABEL_LEN + 1];
	char session_id[ID_MAX]; /* one that has not ended, or "" */
	struct str path;         /* valid in the callback */
	struct str what;
	wall_us at;
};
typedef void recent_fn(void *arg, const struct recent *r);
/* Newest first; workspace_id STR_NONE: of all. */
int recent_list(struct db *db, struct str account_id, struct str workspace_id, unsigned limit,
                recent_fn *fn, void *arg) MUST_CHECK;
