/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/privileges.h"
#include "daemon/role.h"
#include "daemon/runtime.h"
#include "edge/edge.h"
#include "shim/mountapi.h"

#define FILES           65536 /* two for each connection that is passed on */
#define MEMORY          (UINT64_C(4) << 30)
#define ST_NOSYMFOLLOW_ 0x2000 /* as statfs tells of it */

/*
 * A session's agent owns the folder that its socket lies in. A symbolic link in
 * the socket's place would lead edge to another session's, or to core's: so edge
 * lives on a mount of its folder that follows none. That mount is all there is
 * in its mount namespace; nothing of the host's is kept busy by it.
 */
static int enter_root(const char *root, struct err *err)
{
	const unsigned long flags = MS_BIND | MS_REMOUNT | MS_NOSUID | MS_NODEV | MS_NOEXEC |
	                            MS_RDONLY | MS_NOSYMFOLLOW;
	struct statfs fs;
	int r = mount_private_namespace(err);

	if (r < 0)
		return r;
	if (mount(root, root, NULL, MS_BIND, NULL) < 0 ||
	    mount(NULL, root, NULL, flags, NULL) < 0 || statfs(root, &fs) < 0)
		return ERR(err, -errno, "binding %s: %m", root);
	/* An old kernel takes the flag and forgets it. */
	if (!(fs.f_flags & ST_NOSYMFOLLOW_))
		return ERR(err, -EOPNOTSUPP, "not before Linux 5.10");
	if (chdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return ERR(err, -errno, "making %s the root: %m", root);
	return 0;
}

int role_edge(const struct config *c, int listen_fd, struct err *err)
{
	static const char *const nothing[] = { NULL };
	const struct edge_cfg cfg = {
		.console_url = c->console_url,
		.session_domain = c->session_domain,
		.trusted_proxies = c->trusted_proxies,
		.core = "unix:/core.sock",
		.socket_root = "",
	};
	char root[96];
	struct privileges rights = {
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
	struct err why = ERR_NONE;
	int r;

	(void)snprintf(root, sizeof(root), "%s/edge", c->run_dir);
	if (enter_root(root, &why) == 0)
		rights.root = NULL; /* there already */
	else
		log_err(LOG_WARN, "edge_follows_links", &why);
	r = privileges_drop(&rights, err);
	return r < 0 ? r : edge_run(&cfg, listen_fd, err);
}
