/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shim keeps its session's clocks, and core tells it when they change. One
 * that could not be reached then (the engine was away, the shim being
 * replaced) would keep the old ones for ever: each round of the reconciler
 * tells it again until it has said yes to what the row says.
 */
#pragma once

#include "api/link.h"
#include "api/live.h"

/* s: the row of a session that the engine says is running. */
void told_check(struct live *l, const struct session *s);
/* Whoever tells a shim its clocks, tells it through this: what it was told last
 * is known only if no way leads past. done and arg become ours, which call them. */
void told_begin(struct core *core, const struct session *s, link_fn **done, void **arg);
