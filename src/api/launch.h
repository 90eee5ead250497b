/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's verbs that carry out what the store says is meant. */
#pragma once

#include "api/link.h"
#include "api/state.h"

/* Volume, then container, for a session that is `starting`. Idempotent. */
void launch(struct core *core, struct str session);
/* Asks the engine to end it; the end comes as an event. */
void launch_stop(struct core *core, struct str session, uint32_t epoch, const char *reason);
/* Sends the session's deadline as the row has it. done may be NULL. */
struct call;
void launch_deadline(struct core *core, const struct session *s, struct call *then);
/* The same, and the engine's answer goes to done. */
void launch_deadline_to(struct core *core, const struct session *s, link_fn *done, void *arg);
/* Starts what is queued and may start now; deletes volumes nobody uses. */
void launch_kick(struct core *core);
