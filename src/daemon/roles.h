/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent's children. A role is a fresh execution of this program with the
 * configuration on descriptor 3 and its listener on 4. One that ends is started
 * again: at once when it had run for a while, else with a delay that grows to
 * one second. When told to stop, roles end in the order of the table.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "ev/ev.h"

#define ROLES_MAX 66 /* 64 edges, core, engine */

struct roles;

struct role {
	const char *name; /* "edge", "core", "engine" */
	int listen_fd;
	pid_t pid; /* 0: does not run */
	unsigned delay_ms;
	mono_ms started_ms;
	struct roles *all_;
	struct ev_child child_;
	struct ev_timer again_, late_;
};

typedef void roles_fn(struct roles *r);

struct roles {
	struct ev *ev;
	const char *state; /* shown in ps */
	int config_fd;
	struct role role[ROLES_MAX];
	size_t n;
	bool stopping;
	const char *ending;   /* the name whose processes are being ended now */
	roles_fn *on_change;  /* a role has started or ended */
	roles_fn *on_stopped; /* all have ended after roles_stop */
};

/* In the order in which they are to end; they start in the opposite one. */
void roles_add(struct roles *r, const char *name, int listen_fd);
MUST_CHECK int roles_start(struct roles *r, struct err *err);
void roles_stop(struct roles *r);
