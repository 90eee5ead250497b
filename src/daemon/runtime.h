/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an instance lives at run time: /run/carrel/<instance>/ and its slot,
 * which decides the uids of its roles and the ranges of its sessions
 * (doc/internals/contracts.md, section 1). A slot belongs to a state directory
 * for as long as sessions of it may run, with or without a parent; the lock on
 * its file belongs to the parent.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define RUNTIME_SLOTS 64
#define RUNTIME_ROOT  "/run/carrel"

struct runtime {
	char state[1024]; /* canonical */
	char instance[9];
	char dir[40]; /* /run/carrel/<instance> */
	unsigned slot;
	int lock_fd; /* of the slot's file; -1 when only looked up */
	int net_fd;  /* see slot-net.h */
};

static inline uid_t runtime_edge_uid(unsigned slot)
{
	return 64000 + 4 * slot;
}
static inline uid_t runtime_core_uid(unsigned slot)
{
	return 64001 + 4 * slot;
}

/* Names only; the state directory must exist. Takes no lock. */
MUST_CHECK int runtime_find(const char *state, struct runtime *ret, struct err *err);
/* Makes the state directory and takes a slot. -EALREADY: another parent runs
 * on this state. */
MUST_CHECK int runtime_take(const char *state, struct runtime *ret, struct err *err);
/* The directories of contracts section 1, with owners and modes. */
MUST_CHECK int runtime_dirs(const struct runtime *rt, struct err *err);
/* At the end: if no session is left, the directory and the slot's file go. */
void runtime_leave(struct runtime *rt);
void runtime_fini(struct runtime *rt);

/* A process by pid and start time, so that a reused pid is not mistaken. */
struct runtime_process {
	pid_t pid;
	uint64_t start; /* proc_start_time() */
};
/* The parent named in the status file, if it runs; -ESRCH otherwise. */
MUST_CHECK int runtime_parent(const struct runtime *rt, struct runtime_process *ret);
/* A line of the status file, "url http://…", into ret; -ENOENT. */
MUST_CHECK int runtime_status(const struct runtime *rt, const char *key, char *ret,
                              size_t size);
