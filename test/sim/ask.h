/* SPDX-License-Identifier: Apache-2.0 */
/* A client of core's API: one request on a connection of its own. */
#pragma once

#include "base/json.h"
#include "world.h"

struct ask;
/* status 0: no answer came (core died); body is an object or NULL. */
typedef void ask_fn(void *arg, unsigned status, const struct json *body);

void ask_init(const char *core_socket);
/* token, body, key may be NULL. fn is called exactly once, later. */
void ask(const char *method, const char *path, const char *token, const char *body,
         const char *key, ask_fn *fn, void *arg);
/* Reads what has come; true: something did. */
bool asks_run(void);
unsigned asks_open(void);
extern uint64_t asks_answered, asks_lost;
