/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server-sent events (HTML standard, 9.2): each reader follows the event
 * table from where it is; a slow one waits at its place, and costs nothing
 * but that. What is not in the table (load, activity) is sent to those who
 * keep up, without an id.
 */
#pragma once

#include "api/call.h"
#include "api/live.h"

/* Takes the call over. Last-Event-ID says where to go on. */
void sse_begin(struct call *c);
/* Something of this account was committed. */
void sse_wake(struct core *core, const char *account_id);
/* A session's load or activity has changed, though not its row. */
void sse_session_now(struct core *core, const struct live *l);
/* The same for what has no row: an event of its own, with this JSON. */
void sse_tell(struct core *core, const char *account_id, const char *event, struct str data);
bool sse_has_reader(struct core *core, const char *account_id);
/* Every 5 s: signs of life, and an end to readers whose sign-in has ended. */
void sse_tick(struct core *core);
void sse_close_all(struct core *core);
