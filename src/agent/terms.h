/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminals: shells of the user on ptys, each shown by any number of browsers
 * (terminado's WebSocket protocol). A shell outlives its browsers; what it
 * wrote lately is replayed to the next one.
 */
#pragma once

#include "agent/agent.h"

#define TERMS_MAX     64U
#define TERM_NAME_MAX 32

struct term;

MUST_CHECK int terms_init(struct agent *a, struct err *err);
void terms_fini(struct agent *a);
/* Hangs up on all; done is called once, when none is left (maybe at once). */
void terms_stop_all(struct agent *a, unsigned grace_ms, void (*done)(struct agent *a));
wall_us terms_last_activity(const struct agent *a); /* 0: none yet */

/* Calls fn for each terminal: its name, its shell's pid and the process group
 * in its foreground (0 unknown). */
typedef void terms_fn(const char *name, pid_t shell, pid_t foreground, void *arg);
void terms_each(const struct agent *a, terms_fn *fn, void *arg);
