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
#include "base/list.h"
#include "ev/ev.h"

#define ROLES_MAX 66 /* 64 edges, core, engine */

/* What the parent is told by signal: see carreld restart. */
#define RESTART_ALL    SIGHUP /* itself too: goes on as the program installed now */
#define RESTART_EDGE   SIGUSR1
#define RESTART_CORE   SIGUSR2
#define RESTART_ENGINE (SIGRTMIN + 1)

struct roles;

struct role {
	const char *name; /* "edge", "core", "engine" */
	int listen_fd;
	pid_t pid; /* 0: does not run */
	unsigned delay_ms;
	bool planned; /* it was told to end, and its successor starts at once */
	mono_ms started_ms;
	struct roles *all_;
	struct ev_child child_;
	struct ev_timer again_, late_;
};

/* An edge whose successor is there already: it ends with its last connection. */
struct leaving {
	struct list node;
	const char *name;
	pid_t pid;
	struct roles *all_;
	struct ev_child child_;
	struct ev_later gone_;
};

typedef void roles_fn(struct roles *r);

struct roles {
	struct ev *ev;
	const char *state; /* shown in ps */
	int config_fd;
	struct role role[ROLES_MAX];
	size_t n;
	struct list leaving;
	bool stopping;
	const char *ending;   /* the name whose processes are being ended now */
	roles_fn *on_change;  /* a role has started or ended */
	roles_fn *on_stopped; /* all have ended after roles_stop */
};

/* In the order in which they are to end; they start in the opposite one. */
void roles_init(struct roles *r);
void roles_add(struct roles *r, const char *name, int listen_fd);
/* Before roles_start, after roles_add: a child that the program before us
 * started takes a place of its name, or is on its way out. */
void roles_adopt(struct roles *r, const char *name, pid_t pid, bool leaving);
/* New processes for all of that name (NULL: for all), without a request or a
 * WebSocket lost: an edge stays until its connections have ended; core and
 * engine finish what they do. */
void roles_restart(struct roles *r, const char *name);
MUST_CHECK int roles_start(struct roles *r, struct err *err);
void roles_stop(struct roles *r);
