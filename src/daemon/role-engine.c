/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/privileges.h"
#include "daemon/role.h"
#include "daemon/runtime.h"
#include "engine/engine.h"

int role_engine(const struct config *c, int listen_fd, struct err *err)
{
	const struct privileges rights = {
		.role = "engine",
		.parent = (pid_t)c->parent,
		.caps = privileges_engine_caps(),
		.effective = privileges_engine_caps(),
	};
	const struct engine_cfg cfg = {
		.state = c->state,
		.run_dir = c->run_dir,
		.instance = c->instance,
		.slot = (unsigned)c->slot,
		.edge_gid = runtime_edge_uid((unsigned)c->slot),
		.core_uid = runtime_core_uid((unsigned)c->slot),
		.image_dir = c->image_dir,
		.session_dir = c->session_dir,
		.shim = c->shim,
		.runtime = c->runtime,
		.network = c->network,
		.dns = c->dns,
		.network_allow = c->network_allow,
		.gpus = c->gpus,
		.pool_overcommit_pct = c->pool_overcommit_pct,
		.pool_low_bytes = c->pool_low_bytes,
		.pool_stop_bytes = c->pool_stop_bytes,
		.scratch_bytes = c->scratch_bytes,
		.files_memory_bytes = c->files_memory_bytes,
		.files_idle_s = c->files_idle_s,
		.http_proxy = c->http_proxy,
		.https_proxy = c->https_proxy,
		.no_proxy = c->no_proxy,
		.pip_index_url = c->pip_index_url,
		.pip_extra_index_url = c->pip_extra_index_url,
		.npm_registry = c->npm_registry,
		.ca_bundle = c->ca_bundle,
	};
	int r = privileges_drop(&rights, err);

	return r < 0 ? r : engine_run(&cfg, listen_fd, err);
}
