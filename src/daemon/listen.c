/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/listen.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "daemon/port-owner.h"
#include "net/sock.h"

#define BACKLOG  1024
#define RETRY_MS 100
#define RETRIES  30

static int port_taken(uint16_t port, struct err *err)
{
	struct port_owner who;
	char what[280] = "another program";

	if (port_owner_find(port, &who))
		(void)snprintf(what, sizeof(what), "%s (pid %d: %.80s)", who.command,
		               (int)who.pid, who.line);
	return ERR(err, -EADDRINUSE,
	           "port %u is taken by %s: end it, or choose another port with PORT=%u "
	           "(carreld: port=%u)",
	           port, what, port + 1U, port + 1U);
}

/* Roles of a parent that was killed die within milliseconds of it: their
 * listeners may still be there when the next parent starts. */
static bool is_own_leftover(const struct runtime *rt, uint16_t port)
{
	struct port_owner who;

	return port_owner_find(port, &who) && strncmp(who.line, "carreld edge ", 13) == 0 &&
	       strcmp(who.line + 13, rt->state) == 0;
}

static int listen_tcp(const struct config *c, const struct runtime *rt, int *ret,
                      struct err *err)
{
	bool v6 = strchr(c->address, ':') != NULL;
	uint16_t port = (uint16_t)c->port;
	struct addr addr;
	char text[80];
	int r;

	(void)snprintf(text, sizeof(text), v6 ? "tcp:[%s]:%u" : "tcp:%s:%u", c->address, port);
	r = addr_parse(str_of(text), &addr, err);
	if (r < 0)
		return r;
	for (int i = 0;; i++) {
		r = sock_listen(&addr, BACKLOG, 0, ret, err);
		if (r != -EADDRINUSE)
			return r < 0 ? err_wrap(err, r, "listening on %s port %u", c->address,
			                        port)
			             : 0;
		if (i == RETRIES || !is_own_leftover(rt, port))
			return port_taken(port, err);
		(void)poll(NULL, 0, RETRY_MS);
	}
}

static int listen_unix(const struct runtime *rt, const char *name, gid_t gid, int *ret,
                       struct err *err)
{
	char path[96], text[104];
	struct addr addr;
	int r;

	(void)snprintf(path, sizeof(path), "%s/%s", rt->dir, name);
	(void)snprintf(text, sizeof(text), "unix:%s", path);
	r = addr_parse(str_of(text), &addr, err);
	for (int i = 0; r == 0; i++) {
		/* We hold the slot, so who answers there is about to die. */
		r = sock_listen(&addr, BACKLOG, 0660, ret, err);
		if (r != -EADDRINUSE || i == RETRIES)
			break;
		(void)poll(NULL, 0, RETRY_MS);
		r = 0;
	}
	if (r < 0)
		return err_wrap(err, r, "listening on %s", path);
	if (chown(path, 0, gid) < 0)
		return ERR(err, -errno, "chown %s: %m", path);
	return 0;
}

int listeners_open_tcp(const struct config *c, const struct runtime *rt, int *ret,
                       struct err *err)
{
	return listen_tcp(c, rt, ret, err);
}

int listeners_open(const struct config *c, const struct runtime *rt, bool engine_only,
                   struct listeners *ret, struct err *err)
{
	struct listeners l = LISTENERS_NONE;
	int r = 0;

	if (!engine_only)
		r = listen_tcp(c, rt, &l.tcp, err);
	if (r == 0 && !engine_only)
		r = listen_unix(rt, "edge/core.sock", runtime_edge_uid(rt->slot), &l.core, err);
	if (r == 0)
		r = listen_unix(rt, "engine.sock", runtime_core_uid(rt->slot), &l.engine, err);
	if (r < 0) {
		listeners_close(&l);
		return r;
	}
	*ret = l;
	return 0;
}

void listeners_close(struct listeners *l)
{
	own_close(&l->tcp);
	own_close(&l->core);
	own_close(&l->engine);
}
