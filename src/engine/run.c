/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as a process: the local engine, its socket, a loop. */
#include <signal.h>

#include "base/log.h"
#include "engine/local.h"
#include "engine/server.h"

static void on_terminate(struct ev *ev, int signo, void *arg)
{
	ev_stop(ev);
}

int engine_run(const struct engine_cfg *cfg, int listen_fd, struct err *err)
{
	struct server *server = NULL;
	struct local *local = NULL;
	struct ev *ev = NULL;
	int r;

	(void)signal(SIGPIPE, SIG_IGN);
	r = ev_new(&ev, err);
	if (r == 0)
		r = ev_signal(ev, SIGTERM, on_terminate, NULL, err);
	if (r == 0)
		r = local_new(ev, cfg, &local, err);
	if (r == 0)
		r = server_new(ev, &local->base, listen_fd, cfg->core_uid, &server, err);
	if (r == 0) {
		log_event(LOG_INFO, "engine_ready", LI("slot", cfg->slot));
		r = ev_run(ev, err);
	}
	server_free(server);
	local_free(local);
	ev_free(ev);
	return r;
}
