/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Budgets carried out. Whenever something changes what an owner's month costs
 * or may cost, the leases of the owner's running sessions are computed anew in
 * one essential job, those that moved by more than a second are written and
 * sent to their shims, and alerts that are due are given. The shim ends the
 * session at its lease, whatever has become of core by then.
 *
 *   start ── job: row, leases of all ── deadlines to the others ── all acknowledged ── start
 */
#pragma once

#include "api/state.h"

/* account_id "": everybody's. Costs nothing while there is no budget. */
void leases_settle(struct core *core, const char *account_id);
/* Settles, and calls `then` when every other session that shares a budget with
 * this one holds what the row says: 0, or -errno (-ENOTCONN: the engine is
 * away). At once if there is no hard budget. */
typedef void leases_fn(struct core *core, int result, void *arg);
void leases_before(struct core *core, const struct session *s, leases_fn *then, void *arg);
/* It answers: it is told what was meant since it was asked to start. */
void leases_ready(struct core *core, struct str session);
/* The engine is there (again): every shim is told. Or is gone: nobody waits. */
void leases_up(struct core *core);
void leases_down(struct core *core);
/* Whoever was not reached, or has become known since, is told. */
void leases_check(struct core *core);
/* Once a second. */
void leases_tick(struct core *core);
/* Budgets were made or removed, or core has just begun. */
void leases_load(struct core *core);
void leases_free_all(struct core *core);

/* In the transaction that starts s: would a hard budget let it run at all?
 * Else the problem is set. */
struct call;
int leases_admit(struct db *db, struct call *c, const struct session *s,
                 struct err *err) MUST_CHECK;
