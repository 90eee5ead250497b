/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "agent/auth.h"
#include "agent/contents.h"
#include "agent/dispatch.h"
#include "agent/docs.h"
#include "agent/kernels.h"
#include "agent/lab.h"
#include "agent/reexec.h"
#include "agent/run.h"
#include "agent/runs.h"
#include "agent/shimlink.h"
#include "agent/terms.h"
#include "base/file.h"
#include "base/log.h"

#define OUT_MAX (4U << 20)

int agent_start(struct agent *a, const struct agent_cfg *cfg, struct err *err)
{
	struct http_server_cfg http = { .handler = agent_handle,
		                        .arg = a,
		                        .out_max = OUT_MAX,
		                        .conns_max = 1000,
		                        .slash_ok = true };
	int r;

	*a = (struct agent){ .cfg = cfg, .root_fd = -1 };
	a->started_at = a->last_api_at = time_wall_us();
	a->activity.at[ACT_START] = time_boot_ns();
	a->activity.wall = a->started_at;
	a->root_fd = open(cfg->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (a->root_fd < 0)
		return ERR(err, -errno, "the folder %s can't be opened: %m", cfg->root);
	r = ev_new(&a->ev, err);
	if (r < 0)
		return r;
	events_init(&a->events);
	r = auth_init(a);
	if (r == 0)
		r = uploads_init(a);
	if (r == 0)
		r = lab_init(a, err);
	if (r == 0)
		r = kernels_init(a, err);
	if (r == 0)
		r = terms_init(a, err);
	if (r == 0)
		r = http_server_new(a->ev, &http, &a->server, err);
	return r;
}

int agent_run(struct agent *a, int listen_fd, struct err *err)
{
	int r = listen_fd < 0 ? 0 : http_server_listen(a->server, listen_fd, err);

	return r < 0 ? r : ev_run(a->ev, err);
}

void agent_fini(struct agent *a)
{
	char parent[PATH_MAX];
	const char *slash;

	reexec_fini(a);
	docs_fini(a);
	if (a->shim)
		shimlink_fini(a);
	if (a->server)
		http_server_free(a->server);
	if (a->terms)
		terms_fini(a);
	if (a->kernels)
		kernels_fini(a);
	lab_fini(a);
	uploads_fini(a);
	events_fini(&a->events);
	auth_fini(a);
	wsd_pool_fini(&a->deflate);
	free(a->cpu);
	if (a->ev)
		ev_free(a->ev);
	own_close(&a->root_fd);
	slash = a->cfg && a->cfg->runtime_dir ? strrchr(a->cfg->runtime_dir, '/') : NULL;
	if (slash && (size_t)(slash - a->cfg->runtime_dir) < sizeof(parent)) {
		autoclose int fd = -1;

		(void)snprintf(parent, sizeof(parent), "%.*s/",
		               (int)(slash - a->cfg->runtime_dir), a->cfg->runtime_dir);
		fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			(void)(file_remove_tree(fd, slash + 1, NULL) == 0);
	}
}

int agent_runtime_dir(char *ret, size_t n, struct err *err)
{
	(void)snprintf(ret, n, "/tmp/.carrel-XXXXXX");
	if (!mkdtemp(ret))
		return ERR(err, -errno,
		           "no folder for the kernels' sockets can be made in /tmp: %m");
	return 0;
}

void agent_touch(struct agent *a, enum activity what)
{
	a->activity.at[what] = time_boot_ns();
	a->activity.what = what;
	a->activity.wall = time_wall_us();
	agent_evidence_changed(a);
}

void agent_touch_by(struct agent *a, const char *account, enum activity what)
{
	struct agent_user *u = a->activity.user;
	size_t i = 0;

	agent_touch(a, what);
	if (!account[0])
		return;
	/* To the front; of too many the one that was longest away is forgotten. */
	while (i + 1 < AGENT_USERS_MAX && u[i].account[0] && strcmp(u[i].account, account) != 0)
		i++;
	memmove(&u[1], &u[0], i * sizeof(*u));
	u[0] = (struct agent_user){ .what = what, .at = a->activity.wall };
	(void)snprintf(u[0].account, sizeof(u[0].account), "%s", account);
}

void agent_evidence_changed(struct agent *a)
{
	docs_kernels_changed(a);
	if (a->shim)
		shimlink_changed(a);
}

void agent_oom_query(struct agent *a, oom_fn *fn, void *arg)
{
	shimlink_oom_query(a, fn, arg);
}

static void on_terms(struct agent *a)
{
	log_event(LOG_INFO, "stopped", LI("kernels", kernels_count(a)));
	ev_stop(a->ev);
}

static void on_kernels(struct agent *a)
{
	terms_stop_all(a, 1000, on_terms);
}

void agent_stop(struct agent *a, const char *reason, unsigned grace_seconds)
{
	if (a->stopping)
		return;
	a->stopping = true;
	log_event(LOG_INFO, "stopping", LZ("reason", reason), LI("grace_s", grace_seconds));
	runs_flush_all(a);
	kernels_stop_all(a, grace_seconds ? grace_seconds * 1000 : 500, on_kernels);
}
