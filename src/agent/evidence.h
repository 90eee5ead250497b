/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What speaks for the session being in use (product.md, the idle truth table):
 * cells that run, jobs in the foreground of terminals, programs that compute
 * in the background, transfers, and what the user did last. Never polling.
 */
#pragma once

#include "agent/agent.h"

#define EVIDENCE_MAX 1024U

struct evidence {
	unsigned busy;       /* things that count as activity right now */
	boot_ns last_active; /* now, if busy */
};

/* json gets the object of contracts section 4, at most EVIDENCE_MAX bytes. */
void evidence_collect(struct agent *a, struct evidence *ret, struct buf *json);

/* Is this program one that waits for its user in the foreground (a shell, an
 * editor, a pager, a monitor)? argv: NUL-separated, as in /proc/pid/cmdline. */
bool job_is_interactive(struct str argv);
