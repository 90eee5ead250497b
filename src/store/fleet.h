/* SPDX-License-Identifier: Apache-2.0 */
/* The sessions of all owners, for administrators. */
#pragma once

#include "core/types.h"
#include "store/store.h"

typedef void fleet_fn(void *arg, const struct session *s, const struct account *owner,
                      int64_t seq);

/* Empty: all. */
struct fleet_filter {
	struct str state;   /* a state's name, or "live" for those that have not ended */
	struct str account; /* an id */
	struct str text;    /* in the workspace's name, the owner's name or address, an id */
};

/* Newest first; of the owner only id, e-mail and name are set. */
int fleet_list(struct db *db, const struct fleet_filter *f, int64_t before, unsigned limit,
               fleet_fn *fn, void *arg) MUST_CHECK;
