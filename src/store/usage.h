/* SPDX-License-Identifier: Apache-2.0 */
/* Usage as it is looked at: charges as lines, and their sums by day,
 * workspace, type or account. A charge is of the period in which it begins. */
#pragma once

#include "core/charge.h"
#include "store/store.h"

struct usage_of {
	struct str account_id; /* "": everybody's */
	wall_us from, to;      /* of their beginnings, [from, to) */
};

/* Newest first; names are "" where there is nothing to name. */
typedef void usage_fn(void *arg, const struct charge *c, const char *workspace_name,
                      const char *email);
int usage_list(struct db *db, const struct usage_of *of, int64_t before, unsigned limit,
               usage_fn *fn, void *arg) MUST_CHECK;

struct usage_sum {
	money_micro amount;
	uint64_t ns;      /* of compute */
	uint64_t free_ns; /* of that, free */
	int64_t lines;
};
int usage_sum(struct db *db, const struct usage_of *of, struct usage_sum *ret) MUST_CHECK;

enum usage_group { USAGE_BY_WORKSPACE, USAGE_BY_TYPE, USAGE_BY_ACCOUNT };
/* name: the workspace's or the account's e-mail, else the key again. The
 * largest amount first. */
typedef void usage_group_fn(void *arg, const char *key, const char *name,
                            const struct usage_sum *s);
int usage_groups(struct db *db, const struct usage_of *of, enum usage_group by,
                 usage_group_fn *fn, void *arg) MUST_CHECK;
/* The sums of every charge by its beginning, oldest first: whoever wants days
 * knows where they end. */
typedef void usage_moment_fn(void *arg, wall_us from, const struct usage_sum *s);
int usage_moments(struct db *db, const struct usage_of *of, usage_moment_fn *fn,
                  void *arg) MUST_CHECK;
