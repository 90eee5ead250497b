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
/* One that only shows something, whatever it computes for that. */
bool job_is_viewer(struct str argv);

#define JOB_MAX 80U
enum job_kind {
	JOB_PROMPT, /* the shell waits for a command */
	JOB_WAITS,  /* a program that waits for its user: vim, less, top */
	JOB_RUNS,
};
/* What is in the foreground of a terminal, and its command line. */
enum job_kind job_in_foreground(pid_t shell, pid_t foreground, char ret[JOB_MAX + 1]);
/* "python train.py --epochs 3" */
void job_command(struct str argv, char ret[JOB_MAX + 1]);
void job_read_argv(pid_t pid, struct buf *b); /* empty when it is gone */

/* GET /carrel/activity: all of it, with reasons in words. No activity itself. */
struct call;
void evidence_get(struct call *c);
