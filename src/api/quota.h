/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quotas, asked in the transaction that makes or enlarges something: all of
 * them run one after the other on the store's thread, so that two hundred at
 * once can't pass what one may not.
 */
#pragma once

#include "api/call.h"
#include "core/plan.h"

struct quota {
	struct plan plan;
	struct plan_use use;
};

/* What of a workspace was asked for; the rest is chosen. */
struct quota_asked {
	bool type, storage, auto_stop;
};
/* A new one: auto-stop and type that were not asked for become what the plan
 * allows; what was asked for, and the storage, must fit. */
int quota_workspace(struct db *db, struct call *c, const struct quota_asked *asked,
                    struct workspace *w, struct err *err) MUST_CHECK;
/* A change from `have` to `want`: only what differs is asked about, so that a
 * workspace from before a smaller plan can still be renamed. */
int quota_change(struct db *db, struct call *c, const struct quota_asked *asked,
                 const struct workspace *have, const struct workspace *want,
                 struct err *err) MUST_CHECK;

/* A deleted one comes back: its storage must fit, nothing else is asked. */
int quota_restore(struct db *db, struct call *c, uint64_t bytes, struct err *err) MUST_CHECK;
/* Deleted workspaces are kept in what their owner's plan leaves: the oldest go
 * when it is needed. After each change that takes storage, or deletes. */
int quota_let_go(struct db *db, struct call *c, struct err *err) MUST_CHECK;

int quota_load(struct db *db, const char *account_id, struct quota *ret,
               struct err *err) MUST_CHECK;
/* 0 for PLAN_FINE; else the problem that says limit, use and way out, as
 * call_problem(). */
int quota_refuse(struct call *c, const struct quota *q, enum plan_limit l,
                 const struct plan_want *want) MUST_CHECK;
