/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine's verbs behind a listening socket. The connection that asks for
 * events is core's; a new one replaces the old. Others (an operator's
 * `carreld stop-all`) ask their verbs beside it. A core that does not read what it asked
 * for is cut; it connects anew and gets everything again.
 */
#pragma once

#include "engine/engine.h"

struct server;

/* Takes the listener. Peers must be root or `uid`. */
MUST_CHECK int server_new(struct ev *ev, struct engine *e, int listen_fd, uid_t uid,
                          struct server **ret, struct err *err);
void server_free(struct server *s);
