/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Core without its parent, for tests and benchmarks: no privileges are
 * dropped, the engine is whoever answers on the given address.
 *
 *   core-alone DB_DIR LISTEN_SOCKET ENGINE_ADDR [key=seconds…]
 */
#include <stdio.h>

#include "api/core.h"
#include "base/log.h"
#include "net/sock.h"

/* As if the configuration file had other types: a price, or fewer of them. */
static struct instance_type types[8];

static int set(struct core_cfg *cfg, struct str arg)
{
	size_t eq = str_chr(arg, '=', 0);
	struct str key = str_sub(arg, 0, eq);
	uint64_t v;

	if (str_is(key, "time_zone")) {
		cfg->time_zone = arg.ptr + eq + 1;
		return 0;
	}
	if (str_to_u64(str_sub(arg, eq + 1, arg.len), 0, 1ULL << 50, &v) < 0)
		return -1;
	if (str_is(key, "auto_stop_min"))
		cfg->deadlines.auto_stop_min_s = (uint32_t)v;
	else if (str_is(key, "session_max"))
		cfg->deadlines.max_s = (uint32_t)v;
	else if (str_is(key, "warn"))
		cfg->deadlines.warn_s = (uint32_t)v;
	else if (str_is(key, "cpu_overcommit"))
		cfg->capacity.cpu_overcommit = (uint32_t)v;
	else if (str_is(key, "memory_overcommit"))
		cfg->capacity.memory_overcommit = (uint32_t)v;
	else if (str_is(key, "memory_reserve"))
		cfg->capacity.memory_reserve = v;
	else if (str_is(key, "deleted_kept"))
		cfg->deleted_kept_s = (uint32_t)v;
	else if (str_is(key, "minute"))
		cfg->minute_s = (uint32_t)v;
	else if (str_is(key, "code_ttl"))
		cfg->code_ttl_s = (uint32_t)v;
	else if (str_is(key, "small_price"))
		types[1].price_per_hour = (money_micro)v;
	else if (str_is(key, "ntypes") && v <= cfg->ntypes)
		cfg->ntypes = (size_t)v;
	else
		return -1;
	return 0;
}

int main(int argc, char **argv)
{
	struct err err = ERR_NONE;
	struct core_cfg cfg;
	struct addr a;
	char addr[256];
	int fd = -1, r;

	log_init("core", LOG_INFO);
	core_cfg_default(&cfg);
	cfg.edge_uid = 0;
	CHECK(cfg.ntypes <= ARRAY_LEN(types));
	memcpy(types, cfg.types, cfg.ntypes * sizeof(*types));
	cfg.types = types;
	if (argc < 4) {
		(void)fprintf(
		    stderr,
		    "usage: core-alone DB_DIR LISTEN_SOCKET ENGINE_ADDR [key=value…]\n");
		return 2;
	}
	cfg.db_dir = argv[1];
	cfg.engine_addr = argv[3];
	for (int i = 4; i < argc; i++) {
		if (set(&cfg, str_of(argv[i])) < 0) {
			(void)fprintf(stderr, "core-alone: %s is not known\n", argv[i]);
			return 2;
		}
	}
	(void)snprintf(addr, sizeof(addr), "unix:%s", argv[2]);
	r = addr_parse(str_of(addr), &a, &err);
	if (r == 0)
		r = sock_listen(&a, 512, 0600, &fd, &err);
	if (r == 0)
		r = core_run(&cfg, fd, &err);
	if (r < 0)
		log_err(LOG_ERROR, "core_ends", &err);
	return r < 0;
}
