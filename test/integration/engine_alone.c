/* SPDX-License-Identifier: Apache-2.0 */
/* The engine by itself, for its own tests: engine-alone SOCKET KEY=VALUE… */
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "base/log.h"
#include "engine/engine.h"
#include "net/sock.h"

static const char *value(int argc, char **argv, const char *key, const char *otherwise)
{
	for (int i = 2; i < argc; i++) {
		struct str s = str_of(argv[i]);
		size_t eq = str_chr(s, '=', 0);

		if (str_is(str_sub(s, 0, eq), key))
			return argv[i] + eq + (eq < s.len);
	}
	return otherwise;
}

static uint64_t number(int argc, char **argv, const char *key, uint64_t otherwise)
{
	uint64_t v = otherwise;

	(void)!str_to_u64(str_of(value(argc, argv, key, "")), 0, UINT64_MAX, &v);
	return v;
}

int main(int argc, char **argv)
{
#define V(k, d) value(argc, argv, k, d)
#define N(k, d) number(argc, argv, k, d)
	struct engine_cfg cfg = {
		.state = V("state", ""),
		.run_dir = V("run_dir", ""),
		.instance = V("instance", ""),
		.slot = (unsigned)N("slot", 0),
		.edge_gid = (gid_t)N("edge_gid", 0),
		.core_uid = 0,
		.image_dir = V("image_dir", ""),
		.session_dir = V("session_dir", ""),
		.shim = V("shim", ""),
		.runtime = V("runtime", "crun"),
		.network = V("network", "10.86.0.0/16"),
		.dns = V("dns", ""),
		.network_allow = V("network_allow", ""),
		.gpus = V("gpus", ""),
		.pool_overcommit_pct = N("pool_overcommit", 100),
		.pool_low_bytes = N("pool_low", 0),
		.pool_stop_bytes = N("pool_stop", 0),
		.scratch_bytes = N("scratch", 256ULL << 20),
		.files_memory_bytes = N("files_memory", 1ULL << 30),
		.files_idle_s = N("files_idle", 60),
		.http_proxy = "",
		.https_proxy = "",
		.no_proxy = "",
		.pip_index_url = "",
		.pip_extra_index_url = "",
		.npm_registry = "",
		.ca_bundle = V("ca_bundle", "/etc/ssl/certs/ca-certificates.crt"),
	};
	struct err err = ERR_NONE;
	char address[200];
	struct addr a;
	int fd = -1, r;

	log_init("engine-alone", LOG_INFO);
	if (argc < 3)
		return 2;
	(void)snprintf(address, sizeof(address), "unix:%s", argv[1]);
	r = addr_parse(str_of(address), &a, &err);
	if (r == 0)
		r = sock_listen(&a, 16, 0600, &fd, &err);
	if (r == 0)
		r = engine_run(&cfg, fd, &err);
	if (r < 0)
		log_err(LOG_ERROR, "engine_alone", &err);
	return r < 0;
}
