/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Core's line to the engine (doc/internals/contracts.md, section 3): typed
 * requests with answers, and events. It connects by itself, again and again;
 * while it is away, calls fail at once with -ENOTCONN and what they were about
 * stays in the store, for the reconciler.
 */
#pragma once

#include "ev/ev.h"
#include "proto/wire.h"

struct link;

/* m: the answer, NULL when there is none (err says why). Exactly once, never
 * from within link_call. WIRE_ERROR is given as err too. */
typedef void link_fn(struct link *l, const struct wire_msg *m, const struct err *err,
                     void *arg);

struct link_cfg {
	const char *addr;
	/* Connected; nothing else was sent yet. */
	void (*on_up)(struct link *l, void *arg);
	void (*on_down)(struct link *l, void *arg);
	void (*on_event)(struct link *l, const struct wire_msg *m, void *arg);
	void *arg;
};

MUST_CHECK int link_new(struct ev *ev, const struct link_cfg *cfg, struct link **ret,
                        struct err *err);
/* From now on it connects. */
void link_go(struct link *l);
/* No more connections; pending calls are told. */
void link_close(struct link *l);
void link_free(struct link *l); /* closes; frees at the turn's end */
bool link_up(const struct link *l);
/* For what somebody waits for: while the engine is away for no longer than
 * LINK_PATIENCE_MS (a planned restart), it waits with him, and it is sent again
 * if the engine went before it answered. Only for verbs that may be sent twice. */
#define LINK_PATIENCE_MS 3000U
bool link_soon(const struct link *l); /* up, or away for less than that */
void link_call_patiently(struct link *l, struct wire_msg *m, link_fn *fn, void *arg);
/* fn may be NULL. m->seq is set here. */
void link_call(struct link *l, struct wire_msg *m, link_fn *fn, void *arg);
