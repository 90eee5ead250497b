/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two small text files of a running session, `key = value` by line:
 *
 * shim.conf, written once by the engine: all that a shim needs to know.
 * state, rewritten by the shim: what another shim needs to adopt the session,
 * should this one be killed.
 *
 * Both are written and read by root only, but read strictly all the same:
 * unknown, missing and repeated keys are errors. The clocks of calendar and
 * budget may be missing, in files of before they were there.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define SHIM_PATH_MAX    512
#define SHIM_CGROUPS_MAX 8
#define SHIM_FILE_MAX    16384

struct shim_cgroup {
	uint32_t version;         /* 1 or 2 */
	char controllers[64];     /* "memory", "cpu,cpuacct"; v2: those it has */
	char path[SHIM_PATH_MAX]; /* of the session's own cgroup, absolute */
};

struct shim_conf {
	char session[40];
	uint32_t epoch;
	char dir[SHIM_PATH_MAX];        /* runtime folder with the bundle */
	char socket_dir[SHIM_PATH_MAX]; /* the container's /run/carrel */
	char journal_dir[SHIM_PATH_MAX];
	char log[SHIM_PATH_MAX];     /* file that keeps the session's log */
	char runtime[SHIM_PATH_MAX]; /* OCI runtime, absolute */
	char runtime_root[SHIM_PATH_MAX];
	char image[SHIM_PATH_MAX];   /* root file system, read-only */
	char volume[SHIM_PATH_MAX];  /* ext4 image file with home/ in it */
	char scratch[SHIM_PATH_MAX]; /* empty ext4 image file to copy */
	char files[SHIM_PATH_MAX];   /* becomes /opt/carrel, read-only */
	uint32_t userns_base;
	uint32_t cpu_milli;
	uint64_t memory_bytes;
	uint32_t pids;
	char ifname[16];        /* host side; "" = no network */
	uint32_t host_ip;       /* host byte order; the session's is the next one */
	uint32_t mtu;           /* 0: as it comes */
	uint32_t idle_seconds;  /* 0: no auto-stop */
	uint32_t max_seconds;   /* 0: no maximum */
	uint32_t ready_seconds; /* the agent must answer within this */
	uint64_t calendar_at_boot_ns, lease_until_boot_ns; /* 0: none */
	size_t ncgroups;
	struct shim_cgroup cgroup[SHIM_CGROUPS_MAX];
};

struct shim_state {
	char phase[16];      /* "created": maybe not yet started; "running", "ready" */
	int64_t pid;         /* the container's PID 1, seen from the host */
	uint64_t start_time; /* field 22 of /proc/PID/stat */
	char boot_id[37];
	uint64_t since_boot_ns;
	uint32_t idle_seconds;
	uint64_t max_at_boot_ns, extend_until_boot_ns;     /* 0: none */
	uint64_t calendar_at_boot_ns, lease_until_boot_ns; /* 0: none */
	char stop_reason[32];                              /* not empty: it was asked to stop */
};

void shim_conf_put(struct buf *b, const struct shim_conf *c);
MUST_CHECK int shim_conf_get(struct str text, struct shim_conf *ret, struct err *err);
void shim_state_put(struct buf *b, const struct shim_state *s);
MUST_CHECK int shim_state_get(struct str text, struct shim_state *ret, struct err *err);
