/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "http/server.h"

/* The server's handler: finds the route, asks auth, calls the part. arg is the
 * struct agent. */
void agent_handle(struct http_req *r, void *arg);
