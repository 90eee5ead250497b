/* SPDX-License-Identifier: Apache-2.0 */
/* Sub-commands that talk to a running instance, from outside of it. */
#pragma once

#include "daemon/config.h"
#include "daemon/runtime.h"

/* What stands behind a command. */
struct client_arg {
	const char *operand; /* or NULL */
	bool replace;        /* --replace */
};

/* The running instance of this state; -ESRCH with a sentence. */
MUST_CHECK int client_find(const struct config *c, struct runtime *ret,
                           struct runtime_process *ret_parent, struct err *err);

/* Prints a fresh one-time sign-in code; waits up to wait_s for core. */
MUST_CHECK int client_sign_in_code(const struct config *c, unsigned wait_s, struct err *err);
/* Until the console answers through edge. */
MUST_CHECK int client_wait_ready(const struct config *c, unsigned wait_s, struct err *err);
/* Ends all sessions; returns when none is left. */
MUST_CHECK int client_stop_all(const struct config *c, struct err *err);
/* Running sessions go on with the agent that is installed now. */
MUST_CHECK int client_upgrade_sessions(const struct config *c, struct err *err);
/* Ends all sessions, then the parent, whether or not one runs now. */
MUST_CHECK int client_stop(const struct config *c, struct err *err);
/* The status file. */
MUST_CHECK int client_status(const struct config *c, struct err *err);
