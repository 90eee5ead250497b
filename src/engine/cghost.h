/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where this host keeps cgroups, and where ours go: on v1 and hybrid hosts
 * below our own cgroup of each hierarchy; on v2 at the root of the mount,
 * beside systemd's slices, as other container engines have it: below a
 * service, systemd could not start that service again while sessions run
 * (doc/decisions/0010). A folder `carrel-<instance>` holds one folder a
 * session. Limits and statistics are the shim's business.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "proto/shimconf.h"

struct cghost {
	size_t n;
	struct shim_cgroup base[SHIM_CGROUPS_MAX]; /* paths of `carrel-<instance>` */
};

/* Pure: from the texts of /proc/self/mountinfo and /proc/self/cgroup.
 * -ENOENT: no cgroups at all. */
MUST_CHECK int cghost_parse(struct str mountinfo, struct str self, const char *instance,
                            struct cghost *ret, struct err *err);
/* Reads, makes the base folders, turns controllers on (v2). */
MUST_CHECK int cghost_open(const char *instance, struct cghost *ret, struct err *err);
/* The session's own groups. */
void cghost_session(const struct cghost *h, const char *key, struct shim_conf *c);
/* A folder of ours for processes of the host's own, which together have this
 * much memory. Only where such a process needs a limit. */
MUST_CHECK int cghost_share(const struct cghost *h, const char *name, uint64_t memory_bytes,
                            struct cghost *ret, struct err *err);
/* Ends what is left in them and removes them. */
void cghost_remove(const struct cghost *h, const char *key);
/* Ends and removes groups for which wanted() is false. */
void cghost_sweep(const struct cghost *h, bool (*wanted)(const char *key, void *arg),
                  void *arg);
/* Removes the base folders; they stay while a session has one. */
void cghost_close(const struct cghost *h);
