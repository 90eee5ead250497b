/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `carrel-agent files`: the agent of a workspace whose session is stopped
 * (doc/internals/files.md). No kernel, no terminal, no child process; uid 1000
 * of its user namespace from the first instruction, a root that holds the home
 * and, read-only, the image, and descriptor 3, the socket that edge asks on. It
 * keeps nothing that its death could lose.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "agent/run.h"
#include "base/log.h"

#define LISTEN_FD 3
#define HOME      "/home/carrel"

static void on_sigterm(struct ev *ev, int signo, void *arg)
{
	(void)signo;
	(void)arg;
	ev_stop(ev);
}

/* Whoever starts it by hand, as root say, gets nothing served. */
static int check(struct err *err)
{
	struct stat st;

	if (geteuid() == 0 || getuid() == 0)
		return ERR(err, -EPERM, "files are not served as root");
	if (fstat(LISTEN_FD, &st) < 0 || !S_ISSOCK(st.st_mode))
		return ERR(err, -EBADF,
		           "descriptor 3 is no socket: carrel-shim --files starts "
		           "this program");
	return 0;
}

int files_mode_main(void)
{
	struct agent_cfg cfg = {
		.session = true,
		.files = true,
		.base_url = "/",
		.token = "",
		.session_id = "",
		.workspace = "",
		.user = "carrel",
		.root = HOME,
		.home = HOME,
		.image_root = "/image",
		.path = "/usr/bin:/bin",
		.python = "python3",
		.env = (char *const[]){ NULL },
		.uid = geteuid(),
		.gid = getegid(),
		.data_dir = HOME "/.local/share/jupyter",
		.config_dir = HOME "/.jupyter",
		.user_settings_dir = HOME "/.jupyter/lab/user-settings",
		.workspaces_dir = HOME "/.jupyter/lab/workspaces",
		.delete_to_trash = true,
	};
	struct agent *a = xcalloc(1, sizeof(*a));
	struct err err = ERR_NONE;
	int r;

	log_init("carrel-agent", LOG_INFO);
	(void)signal(SIGPIPE, SIG_IGN);
	a->root_fd = -1;
	r = check(&err);
	if (r == 0)
		r = agent_start(a, &cfg, &err);
	if (r == 0)
		r = ev_signal(a->ev, SIGTERM, on_sigterm, NULL, &err);
	if (r == 0)
		r = fcntl(LISTEN_FD, F_SETFD, FD_CLOEXEC) < 0 ||
		            fcntl(LISTEN_FD, F_SETFL, O_RDWR | O_NONBLOCK) < 0
		        ? ERR(&err, -errno, "descriptor 3: %m")
		        : agent_run(a, LISTEN_FD, &err);
	if (r < 0)
		log_err(LOG_ERROR, "files", &err);
	if (a->cfg)
		agent_fini(a);
	free(a);
	return r < 0 ? 1 : 0;
}
