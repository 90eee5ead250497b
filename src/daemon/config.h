/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: one table (config-table.c) of key, type, range, default
 * and one line of text. It parses, validates, prints `--config-help`, the
 * example file and the manual page. Defaults < file < KEY=VALUE arguments.
 *
 * The parent reads it once and hands it to the roles as text on a sealed
 * memfd; they parse it with the same code. After config_finish() nothing
 * changes it. Strings live as long as the struct.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#define CONFIG_TYPES_MAX  32
#define CONFIG_IMAGES_MAX 16
#define CONFIG_FILE_MAX   (256 * 1024)

/* [instance_type NAME] */
struct config_instance_type {
	const char *id, *title;
	uint64_t cpu_milli, memory_bytes, pids, price_micro_hour;
};

/* [image NAME] */
struct config_image {
	const char *id, *title, *description;
};

struct config {
	struct arena mem_;

	/* [server] */
	const char *state, *address, *console_url, *session_domain, *trusted_proxies,
	    *log_level, *currency, *time_zone, *seccomp;
	uint64_t port, edges;

	/* [accounts] */
	const char *admin_email;
	uint64_t login_days, sign_in_code_seconds;

	/* [sessions] */
	uint64_t auto_stop_default_s, auto_stop_min_s, auto_stop_max_s, session_max_s, warn_s,
	    grace_s, deleted_kept_s;
	uint64_t storage_default_bytes, storage_min_bytes, storage_max_bytes;
	const char *default_type, *default_image;

	/* [engine] */
	const char *image_dir, *session_dir, *shim, *runtime, *network, *dns, *network_allow,
	    *gpus;
	uint64_t cpu_overcommit_pct, memory_overcommit_pct, cpu_reserve_milli,
	    memory_reserve_bytes;
	uint64_t pool_overcommit_pct, pool_low_bytes, pool_stop_bytes, scratch_bytes;
	uint64_t files_memory_bytes, files_idle_s;
	const char *http_proxy, *https_proxy, *no_proxy, *pip_index_url, *pip_extra_index_url;
	const char *npm_registry, *ca_bundle;

	/* [runtime]: set by the parent for its roles, refused elsewhere */
	uint64_t slot, parent;
	const char *instance, *run_dir;

	struct config_instance_type types[CONFIG_TYPES_MAX];
	size_t ntypes;
	struct config_image images[CONFIG_IMAGES_MAX];
	size_t nimages;
};

enum config_from { CONFIG_FROM_USER, CONFIG_FROM_PARENT };

/* Every value at its default. */
MUST_CHECK int config_init(struct config *c, struct err *err);
void config_fini(struct config *c);
/* Adds what a text says; `name` (a file's) goes into the messages. */
MUST_CHECK int config_parse(struct config *c, struct str text, const char *name,
                            enum config_from from, struct err *err);
MUST_CHECK int config_read(struct config *c, const char *path, struct err *err);
/* One KEY=VALUE argument. */
MUST_CHECK int config_arg(struct config *c, const char *arg, struct err *err);
/* Fills what follows from other values, checks what spans several. */
MUST_CHECK int config_finish(struct config *c, struct err *err);

/* The whole configuration as text that config_parse takes. */
void config_print(const struct config *c, enum config_from from, struct buf *b);
void config_help(struct buf *b);    /* carreld --config-help */
void config_example(struct buf *b); /* carreld --config-example: a commented file */
void config_man(struct buf *b);     /* carreld --config-man: carrel.conf(5) */
