/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks: cookie or token, fetch metadata, peers on the socket. */
#pragma once

#include "api/call.h"

/* Fills c->who as the route demands. False: a problem is set. */
bool call_authenticate(struct call *c);
/* The token, or else the login's cookie. CSRF is the caller's business. 1, 0, -errno. */
int auth_anybody(struct core *core, const struct http_head *h, const struct now *now,
                 struct actor *ret);
/* A token as in `Authorization: Bearer …` or `token …`. 1 valid, 0 not, -errno not to be
 * read just now. */
int auth_token(struct core *core, struct str field, const struct now *now, struct actor *ret);
/* Fetch metadata, or Origin in its absence, is that of the console. */
bool auth_same_origin(const struct core *core, const struct http_head *h);
/* Is a login or token that was valid still there? For long answers. */
bool auth_still(struct core *core, const struct actor *who, const struct now *now);
