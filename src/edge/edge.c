/* SPDX-License-Identifier: Apache-2.0 */
/* Which of our hosts a request is for, and what browsers may do there. */
#include "edge/edge.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "edge/edge-priv.h"
#include "edge/page.h"
#include "http/ws.h"

#define ROUTES_MAX    20000U
#define DRAIN_TICK_MS 250U

static void refuse_host(struct edge *e, struct http_req *r)
{
	char text[SITE_HOST_MAX + 64];

	(void)snprintf(text, sizeof(text), "Nothing is served under this name. Use %s/.",
	               e->site.origin);
	refuse_plain(r, 421, "unknown-host", "Unknown host", text);
}

static void refuse_404(struct http_req *r)
{
	refuse_plain(r, 404, "not-found", "Not found", "There is nothing at this address.");
}

static bool is_safe(struct str method)
{
	return str_is(method, "GET") || str_is(method, "HEAD") || str_is(method, "OPTIONS");
}

/*
 * May this request act with the cookies of this host? Other origins may link
 * here, and nothing else: no post, no fetch, no WebSocket. Programs send none
 * of these fields, but they have no cookie of a browser either.
 */
static bool is_own_origin(const struct edge *e, const struct http_req *r)
{
	struct str site = http_get(&r->head, "Sec-Fetch-Site");
	struct str origin = http_get(&r->head, "Origin");

	if (origin.ptr && !site_is_origin(&e->site, origin, r->head.host) &&
	    (r->head.upgrade_ws || !is_safe(r->head.method)))
		return false;
	if (!site.ptr || str_is(site, "same-origin") || str_is(site, "none"))
		return true;
	return is_safe(r->head.method) && !r->head.upgrade_ws &&
	       str_is(http_get(&r->head, "Sec-Fetch-Mode"), "navigate");
}

static void on_session_host(struct edge *e, struct http_req *r, const char *label)
{
	if (r->url.n && str_is(r->url.seg[0], ".carrel")) {
		if (r->url.n == 2 && str_is(r->url.seg[1], "enter") && !r->url.trailing_slash)
			enter(e, r, label);
		else if (r->url.n == 2 && str_is(r->url.seg[1], "extend") &&
		         !r->url.trailing_slash)
			extend(e, r, label);
		else if (r->url.n == 2 && str_is(r->url.seg[1], "stop") &&
		         !r->url.trailing_slash)
			stop_from_within(e, r, label);
		else if (r->url.n == 2 && str_is(r->url.seg[1], "cost") &&
		         !r->url.trailing_slash)
			cost(e, r, label);
		else
			refuse_404(r);
	} else if (!is_own_origin(e, r)) {
		refuse_plain(r, 403, "other-origin", "Refused",
		             "Another site's page may not do this in a session.");
	} else {
		proxy_session(e, r, str_of(label));
	}
}

/* The program address carries what users wrote on the console's own origin:
 * never to a browser, which would run it there. */
static void on_program(struct edge *e, struct http_req *r)
{
	if (http_count(&r->head, "Sec-Fetch-Site") || http_count(&r->head, "Sec-Fetch-Mode") ||
	    http_count(&r->head, "Sec-Fetch-Dest"))
		refuse_plain(r, 403, "not-for-browsers", "Not for browsers",
		             "This address is for programs with a token. Open the session from "
		             "the console.");
	else if (r->url.n < 3)
		refuse_404(r);
	else
		proxy_program(e, r);
}

static bool has_escaped_slash(struct str path)
{
	for (size_t i = str_chr(path, '%', 0); i + 2 < path.len;
	     i = str_chr(path, '%', i + 1)) {
		if (path.ptr[i + 1] == '2' && (path.ptr[i + 2] | 0x20) == 'f')
			return true;
	}
	return false;
}

/* "/-/s/<id>" must stand there unescaped: it is cut off by length. */
static bool is_plain_prefix(const struct url *u)
{
	return str_starts(u->path, STR("/-/s/")) &&
	       (u->n < 3 || str_starts(str_sub(u->path, 5, u->path.len), u->seg[2]));
}

static void on_console_host(struct edge *e, struct http_req *r)
{
	const struct url *u = &r->url;
	bool program = u->n >= 2 && str_is(u->seg[0], "-") && str_is(u->seg[1], "s");
	bool hidden =
	    program ? !is_plain_prefix(u)
	            : u->n && (str_is(u->seg[0], "internal") || str_is(u->seg[0], ".carrel"));

	if (hidden)
		refuse_404(r);
	else if (program)
		on_program(e, r);
	else if (has_escaped_slash(u->path))
		refuse_plain(r, 400, "escaped-slash", "Bad request",
		             "An escaped slash is not allowed in this address.");
	else if (files_is(u))
		files_handle(e, r);
	else
		proxy_core(e, r);
}

static void handle(struct http_req *r, void *arg)
{
	char label[SITE_LABEL_MAX + 1];
	struct edge *e = arg;
	enum site_kind kind = site_host(&e->site, r->head.host, label);

	if (kind == SITE_UNKNOWN)
		refuse_host(e, r);
	else if (r->head.upgrade_ws && !ws_is_handshake(r))
		refuse_plain(r, 400, "bad-handshake", "Bad request",
		             "The WebSocket handshake is not whole (RFC 6455 4.1).");
	else if (kind == SITE_CONSOLE)
		on_console_host(e, r);
	else
		on_session_host(e, r, label);
}

static void on_term(struct ev *ev, int signo, void *arg)
{
	(void)signo;
	(void)arg;
	ev_stop(ev);
}

static void on_drained(struct ev_timer *t)
{
	struct edge *e = CONTAINER_OF(t, struct edge, drain);

	if ((http_server_conns(e->srv) == 0 && e->ntunnels == 0) ||
	    ev_now_ms(e->ev) >= e->drain_until)
		ev_stop(e->ev);
	else
		ev_timer_start(e->ev, t, DRAIN_TICK_MS, on_drained);
}

static void on_hup(struct ev *ev, int signo, void *arg)
{
	struct edge *e = arg;

	(void)signo;
	if (ev_timer_armed(&e->drain))
		return;
	http_server_drain(e->srv, false);
	e->drain_until = ev_now_ms(ev) + 1000ULL * EDGE_DRAIN_S;
	log_event(LOG_INFO, "edge_drains", LI("connections", http_server_conns(e->srv)),
	          LI("websockets", e->ntunnels));
	ev_timer_start(ev, &e->drain, DRAIN_TICK_MS, on_drained);
}

static int start(struct edge *e, int listen_fd, struct err *err)
{
	const struct http_server_cfg cfg = {
		.handler = handle,
		.arg = e,
		.conns_max = e->cfg->conns_max ? e->cfg->conns_max : 20000,
		.out_max = 1U << 20,
		.slash_ok = true,
		.raw_query = true,
	};
	int r;

	r = site_init(&e->site, e->cfg->console_url, e->cfg->session_domain, err);
	if (r == 0)
		r = addr_parse(str_of(e->cfg->core), &e->core, err);
	if (r == 0)
		r = ip_nets_parse(str_of(e->cfg->trusted_proxies), &e->proxies, err);
	if (r == 0)
		r = ev_new(&e->ev, err);
	if (r == 0)
		r = ev_signal(e->ev, SIGTERM, on_term, NULL, err);
	if (r == 0)
		r = ev_signal(e->ev, SIGINT, on_term, NULL, err);
	if (r == 0)
		r = ev_signal(e->ev, SIGHUP, on_hup, e, err);
	if (r == 0)
		r = http_server_new(e->ev, &cfg, &e->srv, err);
	if (r < 0) {
		(void)close(listen_fd);
		return r;
	}
	route_sweep(e);
	return http_server_listen(e->srv, listen_fd, err);
}

/* Requests let go of their routes before the routes go. */
static void end(struct edge *e)
{
	e->ending = true;
	ev_timer_stop(&e->drain);
	http_server_free(e->srv);
	if (e->ev && ev_turn(e->ev, 0, NULL) == 0)
		route_close_all(e);
	ev_free(e->ev);
}

int edge_run(const struct edge_cfg *cfg, int listen_fd, struct err *err)
{
	struct edge *e = xcalloc(1, sizeof(*e));
	int r;

	e->cfg = cfg;
	map_init(&e->routes, ROUTES_MAX);
	map_init(&e->core_conns, 4096);
	e->core_idle = LIST_INIT(e->core_idle);
	e->turns = LIST_INIT(e->turns);
	buf_init(&e->fields, (size_t)HTTP_HEAD_MAX * 2);
	r = start(e, listen_fd, err);
	if (r == 0) {
		page_init(e->site.tls);
		(void)snprintf(e->core_hint, sizeof(e->core_hint), "Host: %s\r\n",
		               e->site.console);
		r = ev_run(e->ev, err);
	}
	end(e);
	map_fini(&e->routes);
	map_fini(&e->core_conns);
	buf_fini(&e->fields);
	free(e);
	return r;
}
