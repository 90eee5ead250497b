/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's listening sockets. */
#pragma once

#include "daemon/config.h"
#include "daemon/runtime.h"

struct listeners {
	int tcp, core, engine;
};
#define LISTENERS_NONE ((struct listeners){ -1, -1, -1 })

/* The TCP port (-EADDRINUSE with a sentence that says who has it) and the
 * unix sockets of core and engine with owner and mode. */
MUST_CHECK int listeners_open(const struct config *c, const struct runtime *rt,
                              bool engine_only, struct listeners *ret, struct err *err);
/* The TCP port alone. */
MUST_CHECK int listeners_open_tcp(const struct config *c, const struct runtime *rt, int *ret,
                                  struct err *err);
void listeners_close(struct listeners *l);
