/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core role: API, rules, store, timers, console files, in one process and
 * on one loop (plus the store's writer and two threads for passwords).
 */
#pragma once

#include "base/err.h"
#include "core/capacity.h"
#include "core/deadline.h"
#include "core/types.h"

struct core_image_text {
	const char *name; /* the engine's name of the image */
	const char *title, *description;
};

/* Filled by the daemon from the configuration; never changes afterwards and
 * outlives core_run. */
struct core_cfg {
	const char *db_dir;         /* STATE/db */
	const char *engine_addr;    /* "unix:/run/carrel/<instance>/engine.sock" */
	const char *console_origin; /* "http://localhost:8888", no slash at the end */
	const char *session_scheme; /* "http" or "https" */
	const char *session_host;   /* "localhost:8888": a session is at <label>.<this> */
	const char *currency;       /* three letters */
	const char *time_zone;      /* of the books' months and days */
	const char *admin_email;    /* made at the first start */
	uint32_t login_days, code_ttl_s, grace_s;
	uint32_t deleted_kept_s; /* how long a deleted workspace can be brought back */
	struct deadline_rules deadlines;
	uint32_t minute_s; /* how often calendars and activity are looked at: 60, tests less */
	struct capacity_rules capacity;
	uint64_t storage_default_bytes, storage_min_bytes, storage_max_bytes;
	uint64_t pool_low_bytes; /* less free on the host: kept volumes go */
	const char *default_type, *default_image;
	const struct instance_type *types; /* what the catalogue begins with */
	size_t ntypes;
	const struct core_image_text *images;
	size_t nimages;
	uid_t edge_uid; /* who may use /internal/ besides root and ourselves */
};

/* Serves on the listening descriptor until SIGTERM or SIGINT. Takes it over. */
MUST_CHECK int core_run(const struct core_cfg *cfg, int listen_fd, struct err *err);
/* Every value at what is shipped, but for the paths and names of a host. */
void core_cfg_default(struct core_cfg *cfg);
