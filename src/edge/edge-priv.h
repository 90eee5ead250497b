/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share: one edge, its routes, its connections. */
#pragma once

#include "base/json.h"
#include "base/map.h"
#include "edge/edge.h"
#include "edge/fields.h"
#include "edge/site.h"
#include "http/client.h"
#include "http/pipe.h"
#include "http/server.h"
#include "http/wsext.h"
#include "net/ip.h"

#define EDGE_ID_MAX 64
/* Percent-encoded: what is longer is cut. */
#define EDGE_NAME_MAX      640
#define EDGE_WORKSPACE_MAX 800

struct edge {
	struct ev *ev;
	struct http_server *srv;
	const struct edge_cfg *cfg;
	struct site site;
	struct addr core;
	struct ip_nets proxies;
	bool told_of_proxy;    /* the log says that one is not configured */
	struct map routes;     /* key → struct route */
	struct map core_conns; /* id of the client's connection → idle struct upstream */
	struct list core_idle; /* the same, oldest first */
	struct ev_timer sweep;
	struct list turns;   /* routes, the one asked longest ago first */
	size_t nrechecks;    /* of those open in nasks */
	bool rechecks_wait;  /* more are due than may be open at once */
	struct buf fields;   /* a head being written; empty between two */
	char core_hint[320]; /* "Host: …" for our own questions */
	size_t nasks;
	bool ending; /* nobody is waited for any more */
	size_t ntunnels;
	struct ev_timer drain;
	mono_ms drain_until;
	struct http_client *ask_idle[8];
	char shared[PIPE_READ];
};

/* ---- questions to core (ask.c) ---- */

struct ask;
/* status 0: core did not answer in time. body may be NULL. Called from the
 * loop, once, unless cancelled. */
typedef void ask_fn(void *arg, unsigned status, const struct json *body);
/* A POST if there is a body, else a GET. fields: lines with CR LF. NULL: too
 * many questions are open. */
struct ask *ask_core(struct edge *e, struct str target, struct str fields, struct str body,
                     ask_fn *fn, void *arg);
void ask_cancel(struct ask *a); /* NULL is fine */
void ask_close_idle(struct edge *e);

/* ---- routes (route.c) ---- */

/* Something that goes on by the leave of a route and ends when core takes it
 * back: a request in progress, a WebSocket. */
struct live {
	struct list node;
	void (*cut)(struct live *l);
};

/* How somebody comes to a session, and so what core is asked. */
enum route_kind {
	ROUTE_BROWSER, /* the session's own host, by that host's ticket */
	ROUTE_TOKEN,   /* the session's own host, by a program's token */
	ROUTE_PROGRAM, /* /-/s/<id>/ on the console's host, by a program's token */
	/* Files, also while no session runs (files.c): */
	ROUTE_DOWNLOAD,    /* /files/ on the session's own host, by that host's ticket */
	ROUTE_FILES_LOGIN, /* the console's, by the login's cookie */
	ROUTE_FILES_TOKEN, /* the same by a program's token */
};

struct route {
	struct edge *e;
	struct ask *ask;
	struct list waiters, live, idle; /* idle: connections to the agent */
	unsigned status;                 /* core's last answer; 0: none yet */
	mono_ms at;                      /* when it came */
	mono_ms asked;                   /* last; or when nothing was to be asked in its turn */
	struct list turn;                /* in the edge's turns */
	bool recheck;                    /* ask is one */
	char session[EDGE_ID_MAX], account[EDGE_ID_MAX], name[EDGE_NAME_MAX], state[16];
	char workspace[EDGE_WORKSPACE_MAX]; /* its name; "": core said none */
	bool write;                         /* files: may he change them? */
	char slug[32], title[64], why[512]; /* files: core's refusal */
	struct addr agent;
	enum route_kind kind;
	struct str subject; /* label or session id */
	struct str secret;  /* ticket or Authorization, never logged */
	struct str key;
};

struct route_wait {
	struct list node;
	/* status as core's, or 0 if it does not answer, or 429: too many asked */
	void (*fn)(struct route_wait *w, struct route *rt, unsigned status);
};

/* A route known for less than a second, or NULL and fn is called later. */
struct route *route_get(struct edge *e, enum route_kind kind, struct str subject,
                        struct str secret, struct route_wait *w);
/* What is known of it is not to be relied on: the next route_get asks. */
void route_forget(struct edge *e, enum route_kind kind, struct str subject, struct str secret);
/* The agent did not answer: ask again before the next request. */
void route_doubt(struct route *rt);
void route_close_all(struct edge *e);
/* Begins to look after what is kept, every second. */
void route_sweep(struct edge *e);

/* ---- connections behind us (upstream.c) ---- */

struct proxy;
struct upstream {
	struct list node; /* in an idle list */
	struct edge *e;
	struct http_client *c;
	struct proxy *p; /* whose request is on it; NULL: idle */
	mono_ms since;   /* idle */
	uint64_t conn;   /* core: the client's connection it belongs to */
	bool reused;
	struct ev_later gone;
};

/* Idle ones are used only for the same route (session and person), or for the
 * same client connection towards core. rt NULL: core. */
MUST_CHECK int upstream_take(struct edge *e, struct route *rt, uint64_t conn, bool fresh,
                             struct upstream **ret, struct err *err);
/* The request is over: keeps the connection if it can be used again. */
void upstream_done(struct upstream *u, struct route *rt);
void upstream_close(struct upstream *u); /* NULL is fine */
void upstream_sweep(struct list *idle, mono_ms now, mono_ms max_ms);

/* proxy.c: what happens on an upstream's connection */
extern const struct http_client_cfg proxy_client_cfg;
void proxy_core(struct edge *e, struct http_req *r);
void proxy_session(struct edge *e, struct http_req *r, struct str label);
void proxy_program(struct edge *e, struct http_req *r);

void proxy_files(struct edge *e, struct http_req *r, enum route_kind kind, struct str id,
                 struct str secret, struct str target);

/* files.c: /api/v1/workspaces/<id>/files/… */
bool files_is(const struct url *u);
void files_handle(struct edge *e, struct http_req *r);
/* rt is NULL when too many were asked. */
void files_refuse(struct http_req *r, const struct route *rt, unsigned status);
void files_away(struct http_req *r);
/* What came is no JSON: a refusal from below the agent's own, or worse. */
void files_odd(struct http_req *r, unsigned status);
/* The fields of an answer, whatever the agent says; false: it is no JSON. */
bool files_answer(struct http_req *r, const struct http_head *h);

/* tunnel.c: what of a client's offer of extensions is passed on */
struct wsext tunnel_offer(const struct http_req *r);
/* Both handshakes are done. */
void tunnel_start(struct edge *e, struct route *rt, struct http_req *r, struct http_client *c,
                  const struct http_head *h, enum fields_to from);

/* enter.c */
void enter(struct edge *e, struct http_req *r, const char *label);

/* cost.c */
void cost(struct edge *e, struct http_req *r, const char *label);

/* extend.c */
void extend(struct edge *e, struct http_req *r, const char *label);
void stop_from_within(struct edge *e, struct http_req *r, const char *label);

/* refuse.c: answers by status of a route */
void refuse_route(struct edge *e, struct http_req *r, const char *label, unsigned status,
                  bool program);
void refuse_console_away(struct http_req *r);
void refuse_session_away(struct http_req *r);
void refuse_plain(struct http_req *r, unsigned status, const char *slug, const char *title,
                  const char *text);
