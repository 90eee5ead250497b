/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request on its way through the agent: what the route table found, and the
 * ways to answer. Lives in the request's arena, found again by call_of().
 * Whatever must outlive or be freed with the request goes into ctx and is
 * freed in r->on_free, which the handler may set.
 */
#pragma once

#include "agent/agent.h"
#include "agent/route.h"

#define CALL_ARGS_MAX 4
#define CALL_JSON_MAX (4U << 20) /* bodies of small API calls */

struct call {
	struct agent *a;
	struct http_req *r;
	const struct route *route;
	struct str arg[CALL_ARGS_MAX]; /* captures */
	size_t narg;
	bool token; /* authenticated by token, not by cookie */
	void *ctx;  /* the handler's */
	void (*on_json_)(struct call *c, const struct json *body);
};

static inline struct call *call_of(const struct http_req *r)
{
	return r->user;
}

/* Reads the body as JSON and goes on in fn, with body NULL when it is empty.
 * Not JSON: 400 is answered; larger than max: 413. The tree lives as long as
 * the request. */
typedef void call_json_fn(struct call *c, const struct json *body);
void call_read_json(struct call *c, size_t max, call_json_fn *fn);

/* {"message","reason"}; reason may be NULL. agent_json_error takes the
 * request, for callbacks that hold only that. */
void agent_json_error(struct http_req *r, unsigned status, const char *reason, const char *fmt,
                      ...) PRINTF_LIKE(4, 5);
/* An error from below (-errno + sentence) through the one table. */
void call_err(struct call *c, const struct err *err);
/* 200, 201, … with what is in b; 500 when b failed (too large, no memory). */
void call_reply(struct call *c, unsigned status, const struct buf *b);
void call_empty(struct call *c, unsigned status); /* 204 and the like */
/* Location: <base><path>, percent-encoded segment by segment; in a session
 * with the prefix that edge asked for (X-Carrel-Prefix). */
void call_location(struct call *c, const char *path_fmt, ...) PRINTF_LIKE(2, 3);
/* The account that edge says it is; "" stand-alone. */
void call_account(const struct call *c, char ret[AGENT_ACCOUNT_MAX]);
/* The workspace's name: as edge says it is now, else as it was when the session began. */
struct str call_workspace(struct call *c);
/* agent_touch by that account. */
void call_touch(const struct call *c, enum activity what);
/* The base URL as the client must see it, ends with '/'. */
struct str call_base(struct call *c);
