/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "api/core.h"
#include "base/tz.h"
#include "daemon/privileges.h"
#include "daemon/role.h"
#include "daemon/runtime.h"
#include "shim/mountapi.h"

#define FILES    65536
#define THREADS  32
#define MEMORY   (UINT64_C(8) << 30)
#define PATH_LEN 1100

/* May everybody pass through the directories above `path`? */
static bool is_reachable(const char *path)
{
	char part[PATH_LEN];
	struct stat st;

	for (size_t i = 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		(void)snprintf(part, sizeof(part), "%.*s", (int)i, path);
		if (stat(part, &st) < 0 || !(st.st_mode & S_IXOTH))
			return false;
	}
	return true;
}

/*
 * Where core finds its database. A state directory below one that only its
 * owner may enter (a clone in /root) is out of reach for core's uid: then the
 * folder is bound into the runtime directory, in a mount namespace of core's own.
 */
static int place_db(const struct config *c, char *ret, size_t size, struct err *err)
{
	char db[PATH_LEN];
	int r;

	(void)snprintf(db, sizeof(db), "%s/db", c->state);
	if (is_reachable(db)) {
		(void)snprintf(ret, size, "%s", db);
		return 0;
	}
	(void)snprintf(ret, size, "%s/db", c->run_dir);
	if (mkdir(ret, 0711) < 0 && errno != EEXIST)
		return ERR(err, -errno, "mkdir %s: %m", ret);
	r = mount_private_namespace(err);
	if (r < 0)
		return r;
	if (mount(db, ret, NULL, MS_BIND, NULL) < 0)
		return ERR(err, -errno, "binding %s to %s: %m", db, ret);
	return 0;
}

static void fill_catalogue(const struct config *c, struct instance_type *types,
                           struct core_image_text *images)
{
	for (size_t i = 0; i < c->ntypes; i++) {
		const struct config_instance_type *from = &c->types[i];

		types[i] = (struct instance_type){
			.cpu_milli = (uint32_t)from->cpu_milli,
			.memory_bytes = from->memory_bytes,
			.pids = (uint32_t)from->pids,
			.price_per_hour = (money_micro)from->price_micro_hour,
		};
		(void)snprintf(types[i].id, sizeof(types[i].id), "%s", from->id);
		(void)snprintf(types[i].name, sizeof(types[i].name), "%s", from->title);
	}
	for (size_t i = 0; i < c->nimages; i++)
		images[i] = (struct core_image_text){ .name = c->images[i].id,
			                              .title = c->images[i].title,
			                              .description = c->images[i].description };
}

static void fill_rules(const struct config *c, struct core_cfg *cfg)
{
	cfg->currency = c->currency;
	cfg->time_zone = c->time_zone;
	cfg->admin_email = c->admin_email;
	cfg->login_days = (uint32_t)c->login_days;
	cfg->code_ttl_s = (uint32_t)c->sign_in_code_seconds;
	cfg->grace_s = (uint32_t)c->grace_s;
	cfg->deleted_kept_s = (uint32_t)c->deleted_kept_s;
	cfg->deadlines = (struct deadline_rules){
		.auto_stop_min_s = (uint32_t)c->auto_stop_min_s,
		.auto_stop_max_s = (uint32_t)c->auto_stop_max_s,
		.auto_stop_default_s = (uint32_t)c->auto_stop_default_s,
		.max_s = (uint32_t)c->session_max_s,
		.warn_s = (uint32_t)c->warn_s,
	};
	cfg->storage_default_bytes = c->storage_default_bytes;
	cfg->storage_min_bytes = c->storage_min_bytes;
	cfg->storage_max_bytes = c->storage_max_bytes;
	cfg->pool_low_bytes = c->pool_low_bytes;
	cfg->default_type = c->default_type;
	cfg->capacity = (struct capacity_rules){
		.cpu_overcommit = (uint32_t)c->cpu_overcommit_pct,
		.memory_overcommit = (uint32_t)c->memory_overcommit_pct,
		.cpu_reserve_milli = c->cpu_reserve_milli,
		.memory_reserve = c->memory_reserve_bytes,
	};
	cfg->default_image = c->default_image;
}

int role_core(const struct config *c, int listen_fd, struct err *err)
{
	static struct instance_type types[CONFIG_TYPES_MAX];
	static struct core_image_text images[CONFIG_IMAGES_MAX];
	/* Without zone files, times are UTC only. */
	const bool zones = access(TZ_FOLDER, R_OK | X_OK) == 0;
	const char *const readable[] = { "/dev/urandom", "/proc/sys/kernel/random/boot_id",
		                         zones ? TZ_FOLDER : NULL, NULL };
	char db[PATH_LEN], engine[96], session_host[320];
	const char *const folders[] = { db, NULL };
	const struct privileges rights = {
		.role = "core",
		.parent = (pid_t)c->parent,
		.uid = runtime_core_uid((unsigned)c->slot),
		.folders = folders,
		.readable = readable,
		.files = FILES,
		.memory = MEMORY,
		.procs = THREADS,
		.calls = syscalls_core,
		.mode = role_syscalls(c),
	};
	const char *host = strstr(c->console_url, "://") + 3, *port = strchr(host, ':');
	struct core_cfg cfg;
	int r;

	core_cfg_default(&cfg);
	fill_catalogue(c, types, images);
	fill_rules(c, &cfg);
	(void)snprintf(engine, sizeof(engine), "unix:%s/engine.sock", c->run_dir);
	(void)snprintf(session_host, sizeof(session_host), "%s%s", c->session_domain,
	               port ? port : "");
	cfg.db_dir = db;
	cfg.engine_addr = engine;
	cfg.console_origin = c->console_url;
	cfg.session_scheme = strncmp(c->console_url, "https:", 6) == 0 ? "https" : "http";
	cfg.session_host = session_host;
	cfg.types = types;
	cfg.ntypes = c->ntypes;
	cfg.images = images;
	cfg.nimages = c->nimages;
	cfg.edge_uid = runtime_edge_uid((unsigned)c->slot);

	r = place_db(c, db, sizeof(db), err);
	if (r == 0)
		r = privileges_drop(&rights, err);
	return r < 0 ? r : core_run(&cfg, listen_fd, err);
}
