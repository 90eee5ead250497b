/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts a program of the user: own session and process group, as the user
 * (in a session: setgroups, setresgid, setresuid; no capability, no new
 * privileges), default signals, nothing open but what is given here.
 */
#pragma once

#include "agent/agent.h"

struct spawn {
	const char *const *argv; /* argv[0] without '/' is looked up in the env's PATH */
	const char *const *env;  /* whole environment, NULL-terminated */
	const char *cwd;         /* absolute; falls back to the home folder, then "/" */
	int in, out, err;        /* -1: /dev/null; borrowed */
	int tty;             /* pty's user side: controlling terminal and 0, 1, 2; -1: none */
	int oom_score_adj;   /* kernels and shells: 1000 */
	uint64_t memory_max; /* bytes of address space; 0: no limit */
};
#define SPAWN_NONE \
	((struct spawn){ .in = -1, .out = -1, .err = -1, .tty = -1, .oom_score_adj = 1000 })

/* The child is a process group leader with pid *ret_pid; watch it with
 * ev_child_start. A program that is not there is -ENOENT, found before or by
 * a close-on-exec pipe, never a silent exit. */
MUST_CHECK int spawn_start(const struct agent *a, const struct spawn *s, pid_t *ret_pid,
                           struct err *err);
