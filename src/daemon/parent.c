/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "daemon/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/log.h"
#include "base/proc.h"
#include "daemon/handover.h"
#include "daemon/listen.h"
#include "daemon/privileges.h"
#include "daemon/roles.h"
#include "daemon/runtime.h"

#define CONFIG_TEXT_MAX (512 * 1024)

struct parent {
	const struct config *config;
	struct ev *ev;
	struct runtime rt;
	struct listeners listeners;
	struct roles roles;
	struct handover from; /* the program that we come after */
	bool engine_only;
};

/* The configuration as the roles read it: text that nobody can change. */
static int seal_config(const struct parent *p, int *ret, struct err *err)
{
	struct config c = *p->config; /* a shallow copy, printed and forgotten */
	struct buf b = BUF(CONFIG_TEXT_MAX);
	autoclose int fd = memfd_create("carrel-config", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	c.state = p->rt.state;
	c.slot = p->rt.slot;
	c.parent = (uint64_t)getpid();
	c.instance = p->rt.instance;
	c.run_dir = p->rt.dir;
	config_print(&c, CONFIG_FROM_PARENT, &b);
	if (fd < 0)
		r = ERR(err, -errno, "memfd: %m");
	else if (buf_error(&b) < 0)
		r = ERR(err, buf_error(&b), "the configuration is too large");
	else
		r = file_write_all(fd, buf_str(&b), err);
	buf_fini(&b);
	if (r == 0 && fcntl(fd, F_ADD_SEALS,
	                    F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		r = ERR(err, -errno, "sealing the configuration: %m");
	if (r == 0)
		*ret = steal_fd(&fd);
	return r;
}

/* sd_notify(3) in a few lines: a datagram to the socket that systemd names. */
static void notify(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	autoclose int fd = -1;
	size_t len;

	if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof(sun.sun_path))
		return;
	len = strlen(path);
	memcpy(sun.sun_path, path, len);
	if (path[0] == '@')
		sun.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&sun,
		             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

static void write_status(struct roles *roles)
{
	struct parent *p = CONTAINER_OF(roles, struct parent, roles);
	struct buf b = BUF(65536);
	struct err err = ERR_NONE;
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/status", p->rt.dir);
	buf_printf(&b,
	           "version " CARREL_VERSION "\nstate %s\nurl %s\nport %llu\nparent %d %llu\n",
	           p->rt.state, p->config->console_url, (unsigned long long)p->config->port,
	           (int)getpid(), (unsigned long long)proc_start_time(getpid()));
	for (size_t i = 0; i < roles->n; i++)
		if (roles->role[i].pid)
			buf_printf(&b, "%s %d %llu\n", roles->role[i].name,
			           (int)roles->role[i].pid,
			           (unsigned long long)proc_start_time(roles->role[i].pid));
	list_for_each (it, &roles->leaving) {
		const struct leaving *l = LIST_ENTRY(it, struct leaving, node);

		buf_printf(&b, "leaving %s %d %llu\n", l->name, (int)l->pid,
		           (unsigned long long)proc_start_time(l->pid));
	}
	if (file_write_atomic(AT_FDCWD, path, buf_str(&b), 0644, &err) < 0)
		log_err(LOG_WARN, "status_file", &err);
	buf_fini(&b);
}

static void on_stopped(struct roles *roles)
{
	ev_stop(roles->ev);
}

static void on_signal(struct ev *ev, int signo, void *arg)
{
	struct parent *p = arg;

	log_event(LOG_INFO, "stopping", LI("signal", signo));
	notify("STOPPING=1");
	roles_stop(&p->roles);
}

/* --- planned restarts --- */

static void describe(const struct parent *p, struct handover *h)
{
	*h = (struct handover){ .slot = p->rt.slot,
		                .lock_fd = p->rt.lock_fd,
		                .net_fd = p->rt.net_fd,
		                .listeners = p->listeners };
	(void)snprintf(h->state, sizeof(h->state), "%s", p->rt.state);
	handover_address(p->config, h->address);
	for (size_t i = 0; i < p->roles.n; i++) {
		if (!p->roles.role[i].pid)
			continue;
		(void)snprintf(h->child[h->nchildren].name, sizeof(h->child[0].name), "%s",
		               p->roles.role[i].name);
		h->child[h->nchildren++].pid = p->roles.role[i].pid;
	}
	list_for_each (it, &p->roles.leaving) {
		const struct leaving *l = LIST_ENTRY(it, struct leaving, node);

		if (h->nchildren == ARRAY_LEN(h->child))
			return; /* it dies with us, as it would in an hour */
		(void)snprintf(h->child[h->nchildren].name, sizeof(h->child[0].name), "%s",
		               l->name);
		h->child[h->nchildren].leaving = true;
		h->child[h->nchildren++].pid = l->pid;
	}
}

static void on_restart(struct ev *ev, int signo, void *arg)
{
	struct parent *p = arg;
	struct err err = ERR_NONE;
	struct handover h;

	if (signo != RESTART_ALL) {
		roles_restart(&p->roles, signo == RESTART_EDGE   ? "edge"
		                         : signo == RESTART_CORE ? "core"
		                                                 : "engine");
		return;
	}
	log_event(LOG_INFO, "parent_restart", LI("pid", getpid()));
	describe(p, &h);
	if (handover_exec(&h, &err) < 0)
		log_err(LOG_ERROR, "parent_restart", &err);
}

static unsigned edges(const struct config *c)
{
	cpu_set_t set;
	int n;

	if (c->edges > 0)
		return (unsigned)c->edges;
	n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
	return n < 1 ? 1 : n > 8 ? 8 : (unsigned)n;
}

/* Slot, lock and listeners are there; only a changed address needs a new one. */
static int take_over(struct parent *p, struct err *err)
{
	char address[256];
	int r = runtime_find(p->config->state, &p->rt, err);

	p->rt.slot = p->from.slot;
	p->rt.lock_fd = p->from.lock_fd;
	p->rt.net_fd = p->from.net_fd;
	p->listeners = p->from.listeners;
	if (r == 0 && strcmp(p->rt.state, p->from.state) != 0)
		return ERR(err, -EINVAL,
		           "The state directory is now %s. Stop Carrel, and start it anew.",
		           p->rt.state);
	handover_address(p->config, address);
	if (r == 0 && strcmp(address, p->from.address) != 0) {
		own_close(&p->listeners.tcp);
		r = listeners_open_tcp(p->config, &p->rt, &p->listeners.tcp, err);
	}
	return r;
}

static int prepare(struct parent *p, struct err *err)
{
	const int restarts[] = { RESTART_ALL, RESTART_EDGE, RESTART_CORE, RESTART_ENGINE };
	int r;

	r = p->from.taken ? take_over(p, err) : runtime_take(p->config->state, &p->rt, err);
	if (r == 0)
		r = runtime_dirs(&p->rt, err);
	if (r == 0 && !p->from.taken)
		r = listeners_open(p->config, &p->rt, p->engine_only, &p->listeners, err);
	if (r == 0)
		r = seal_config(p, &p->roles.config_fd, err);
	if (r == 0)
		r = ev_new(&p->ev, err);
	if (r < 0)
		return r;
	r = ev_signal(p->ev, SIGTERM, on_signal, p, err);
	if (r == 0)
		r = ev_signal(p->ev, SIGINT, on_signal, p, err);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(restarts); i++)
		r = ev_signal(p->ev, restarts[i], on_restart, p, err);
	return r;
}

/* What is left is what restarting a role takes: its own signals to them. The
 * bounding set stays that of the engine, which is executed from here. */
static int give_up_rights(struct err *err)
{
	const struct privileges rights = {
		.role = "parent",
		.caps = privileges_engine_caps(),
		.effective = UINT64_C(1) << CAP_KILL,
	};

	return privileges_drop(&rights, err);
}

static int run(struct parent *p, struct err *err)
{
	int r = prepare(p, err);

	if (r == 0)
		r = give_up_rights(err);
	if (r < 0)
		return r;
	p->roles.ev = p->ev;
	p->roles.state = p->rt.state;
	p->roles.on_change = write_status;
	p->roles.on_stopped = on_stopped;
	roles_init(&p->roles);
	for (unsigned i = 0; !p->engine_only && i < edges(p->config); i++)
		roles_add(&p->roles, "edge", p->listeners.tcp);
	if (!p->engine_only)
		roles_add(&p->roles, "core", p->listeners.core);
	roles_add(&p->roles, "engine", p->listeners.engine);
	for (size_t i = 0; i < p->from.nchildren; i++)
		roles_adopt(&p->roles, p->from.child[i].name, p->from.child[i].pid,
		            p->from.child[i].leaving);
	r = roles_start(&p->roles, err);
	if (r < 0)
		return r;
	log_event(LOG_INFO, "running", LZ("url", p->config->console_url),
	          LZ("state", p->rt.state), LI("slot", p->rt.slot));
	if (p->from.taken) /* they are of the program before */
		roles_restart(&p->roles, NULL);
	notify("READY=1");
	return ev_run(p->ev, err);
}

static int run_and_clean(const struct config *c, bool engine_only, struct err *err)
{
	struct parent *p = xcalloc(1, sizeof(*p));
	int r;

	*p = (struct parent){ .config = c,
		              .rt = { .lock_fd = -1, .net_fd = -1 },
		              .listeners = LISTENERS_NONE,
		              .roles = { .config_fd = -1 },
		              .engine_only = engine_only };
	/* What the starter left open is no business of ours, nor of the sessions. */
	r = handover_take(&p->from, err);
	if (r == 0)
		r = run(p, err);

	runtime_leave(&p->rt);
	listeners_close(&p->listeners);
	own_close(&p->roles.config_fd);
	runtime_fini(&p->rt);
	ev_free(p->ev);
	free(p);
	return r;
}

int parent_run(const struct config *c, struct err *err)
{
	return run_and_clean(c, false, err);
}

int parent_run_engine(const struct config *c, struct err *err)
{
	return run_and_clean(c, true, err);
}
