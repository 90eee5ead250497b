/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping what is and what is meant the same: at every connection to the
 * engine and every 30 s (core/reconcile.h has the rules). */
#pragma once

#include "api/link.h"
#include "api/state.h"

/* Callbacks of the link; arg is the core. */
void keep_on_up(struct link *l, void *arg);
void keep_on_down(struct link *l, void *arg);
void keep_on_event(struct link *l, const struct wire_msg *m, void *arg);
/* Asks the engine for its list, and acts on the answer. */
void keep_now(struct core *core);
/* The same in a second: something may have ended without a word. */
void keep_soon(struct core *core);
/* Asks it for its images, and puts them into the store. The link is up. */
void keep_images(struct core *core);
/* What the host has, as it just said. */
void keep_facts(struct core *core, const struct wire_host_facts_ok *f);
/* At start: connects to the engine, and loads the live sessions of the store. */
void keep_load(struct core *core);
