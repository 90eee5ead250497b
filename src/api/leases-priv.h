/* SPDX-License-Identifier: Apache-2.0 */
/* A settling of leases on its way: leases.c makes it and acts on what came of
 * it, leases-tx.c carries it out on the store's thread. */
#pragma once

#include "api/leases.h"

struct lease_moved {
	char id[ID_MAX];
	boot_ns lease;
};
struct lease_told {
	char id[ID_MAX]; /* of an account */
};

struct lease_job {
	struct store_job job;
	struct core *core;
	struct now now;
	char account_id[ID_MAX], session_id[ID_MAX];
	leases_fn *then;
	void *arg;

	bool any, site_hard, shared; /* shared: one for everybody, see leases_settle() */
	money_micro site_left, site_burn;
	struct lease_moved *moved;
	struct lease_told *told;
	size_t nmoved, ntold, room_moved, room_told;
};

/* The job's run function. */
int lease_run(struct db *db, struct store_job *j, struct err *err) MUST_CHECK;
