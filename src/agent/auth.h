/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is asking. In a session the socket's peer check (session.c) has already
 * decided and everybody here is the user. Stand-alone (`serve`), the rules of
 * jupyter_server: a token in a header or the query, or the signed login
 * cookie; XSRF for cookies; foreign origins refused.
 */
#pragma once

#include "agent/call.h"

struct auth {
	uint8_t key[32]; /* signs login cookies; new in each process */
};

enum auth_result {
	AUTH_OK,
	AUTH_NONE,   /* nobody: 403, or the login form */
	AUTH_ORIGIN, /* a foreign page sent this: 404, WebSocket 403 */
	AUTH_XSRF,   /* 403 */
	AUTH_HOST,   /* a Host that is not this server: 403 */
};

int auth_init(struct agent *a);
void auth_fini(struct agent *a);
/* Decides by the route's flags; may add Set-Cookie fields to the answer. */
enum auth_result auth_check(struct call *c);
/* Makes sure the browser holds an _xsrf cookie; its value. For pages. */
struct str auth_xsrf_cookie(struct call *c);

extern const struct route auth_routes[];
