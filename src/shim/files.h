/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stopped workspace's files (doc/internals/files.md). The engine runs
 * `carrel-shim --files DIR`, the keeper, with 3 = the listening socket, 4 = the
 * compiled system call filter, 5 = the pipe for its report: a sentence, or its
 * end without a word when the agent runs.
 *
 *   keeper ── fork, new pid namespace ──> volume and image mounted, root
 *     │       pivoted, user namespace entered, uid 1000, no capability, filter
 *     │       ──> carrel-agent files
 *     └── waits; SIGTERM ends the agent; dies with the engine, the agent with it
 */
#pragma once

#include "base/err.h"
#include "proto/shimconf.h"

enum { FILES_FD_LISTEN = 3, FILES_FD_FILTER = 4, FILES_FD_REPORT = 5 };

/* What the pipe carries when it failed. */
struct files_report {
	int32_t code; /* negative errno */
	char text[252];
};

/* Exit status of the keeper. */
int files_main(const struct shim_conf *c);
/* Reports it; gives the exit status. */
int files_fail(const struct err *err);
