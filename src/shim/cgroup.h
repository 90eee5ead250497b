/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's cgroups: one folder per hierarchy on v1 and hybrid hosts, one
 * in all on v2. The engine says where (shim.conf); here they are made,
 * limited, joined, read, emptied and removed. The paths are plain folders to
 * this module, so its test runs against a fake tree.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "proto/shimconf.h"

struct cgroup_stats {
	uint64_t cpu_ns;
	uint64_t memory_bytes; /* without cache that can be dropped at once */
	uint64_t memory_peak_bytes;
	uint32_t pids;
	uint32_t oom_kills;
};

/* Makes the folders and writes the limits. -errno with a sentence. */
MUST_CHECK int cgroups_make(const struct shim_conf *c, struct err *err);
/* Moves a process in. On v1 that takes 3 ms a hierarchy, mostly waiting. */
MUST_CHECK int cgroups_join(const struct shim_conf *c, pid_t pid, struct err *err);
/* What can't be read stays 0. */
void cgroups_stats(const struct shim_conf *c, struct cgroup_stats *ret);

typedef void cgroup_pid_fn(pid_t pid, void *arg);
/* Calls fn for each process; returns their number. */
size_t cgroups_each(const struct shim_conf *c, cgroup_pid_fn *fn, void *arg);
bool cgroups_empty(const struct shim_conf *c);
void cgroups_freeze(const struct shim_conf *c, bool frozen);
/* SIGKILL to all that are in it now; call until it is empty. */
void cgroups_kill(const struct shim_conf *c);
/* SIGTERM to all but one: to those that are surely still in it. */
void cgroups_term(const struct shim_conf *c, pid_t but);
/* -EBUSY while something lives in it; 0 when nothing is left. */
MUST_CHECK int cgroups_remove(const struct shim_conf *c);
