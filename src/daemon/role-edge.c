/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "daemon/privileges.h"
#include "daemon/role.h"
#include "daemon/runtime.h"
#include "edge/edge.h"

#define FILES  65536 /* two for each connection that is passed on */
#define MEMORY (UINT64_C(4) << 30)

int role_edge(const struct config *c, int listen_fd, struct err *err)
{
	static const char *const nothing[] = { NULL };
	const struct edge_cfg cfg = {
		.console_url = c->console_url,
		.session_domain = c->session_domain,
		.core = "unix:/core.sock",
		.socket_root = "",
	};
	char root[96];
	const struct privileges rights = {
		.role = "edge",
		.parent = (pid_t)c->parent,
		.uid = runtime_edge_uid((unsigned)c->slot),
		.root = root,
		.folders = nothing,
		.files = FILES,
		.memory = MEMORY,
		.procs = 0,
		.calls = syscalls_edge,
		.mode = role_syscalls(c),
	};
	int r;

	(void)snprintf(root, sizeof(root), "%s/edge", c->run_dir);
	r = privileges_drop(&rights, err);
	return r < 0 ? r : edge_run(&cfg, listen_fd, err);
}
