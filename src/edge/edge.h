/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edge: reads what browsers and programs send, asks core who they are,
 * and passes requests on to core or to a session's agent by unix sockets. It
 * holds no file, no database and no secret that lasts: answers of core are
 * kept for a second. See doc/internals/edge.md.
 *
 * It may run chrooted into the runtime's edge directory, as a uid of its own.
 * System calls it needs once it runs, beside what the C library needs to
 * allocate memory and to end:
 *   epoll_wait epoll_ctl accept4 socket(AF_UNIX) connect read sendmsg sendto
 *   shutdown close getsockopt setsockopt getrandom clock_gettime write
 *   and, before the first request: epoll_create1 signalfd4 rt_sigprocmask.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

struct edge_cfg {
	const char *console_url; /* "http://localhost:8888/": scheme, host, port */
	/* Sessions are at <label>.<session_domain>, same scheme and port;
	 * empty: the console's host. A port in it is refused. */
	const char *session_domain;
	/* Whose X-Forwarded-For is believed, as ip_nets_parse reads it; NULL: nobody's. */
	const char *trusted_proxies;
	const char *core; /* "unix:/core.sock" */
	const char
	    *socket_root;   /* put before the socket paths that core names; "" in the chroot */
	unsigned conns_max; /* 0: 20,000 */
};

/* Until SIGTERM. SIGHUP: the listener is left to another edge; what is open goes
 * on, requests and WebSockets, for EDGE_DRAIN_S at most, then it ends. Takes the
 * listening descriptor. */
#define EDGE_DRAIN_S 3600U
MUST_CHECK int edge_run(const struct edge_cfg *cfg, int listen_fd, struct err *err);
