/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session finds when it starts, as texts: the OCI bundle's config.json,
 * the agent's config.json, hosts and resolv.conf. Pure: values in, text out.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct bundle {
	struct str session, hostname;
	uint32_t userns_base;
	uint64_t memory_bytes;
	uint32_t pids;
	const char *dir;        /* the bundle's folder: root/, volume/home, … */
	const char *socket_dir; /* becomes /run/carrel */
	const char *ca_file;    /* file to bind over the image's, or NULL */
	struct str path;        /* PATH of the image */
	struct str env;         /* JSON object of strings: core's, already checked */
	const char *http_proxy, *https_proxy, *no_proxy;
	const char *pip_index_url, *pip_extra_index_url, *npm_registry;
	struct str seccomp_bpf; /* compiled filter: for crun; empty: JSON instead */
	struct str dns;         /* addresses separated by spaces */
	uint64_t nofile_hard;   /* of this process: more can't be given */
};

/* -EINVAL: env is not an object of strings with keys [A-Z_][A-Z0-9_]*. */
MUST_CHECK int bundle_check_env(struct str env, struct err *err);
/* All in one: -E2BIG when b is too small. */
MUST_CHECK int bundle_config(const struct bundle *p, struct buf *b, struct err *err);
MUST_CHECK int bundle_agent_config(const struct bundle *p, struct buf *b, struct err *err);
void bundle_hosts(const struct bundle *p, struct buf *b);
void bundle_resolv_conf(const struct bundle *p, struct buf *b);
