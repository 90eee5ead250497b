/* SPDX-License-Identifier: Apache-2.0 */
/* From configuration to a running agent; the two ways to start it. */
#pragma once

#include "agent/agent.h"

/* All parts made, nothing listening yet. cfg must live on. */
MUST_CHECK int agent_start(struct agent *a, const struct agent_cfg *cfg, struct err *err);
/* Serves what comes in on fd (taken; -1: it has its sockets already) until
 * agent_stop. */
MUST_CHECK int agent_run(struct agent *a, int listen_fd, struct err *err);
void agent_fini(struct agent *a);
/* A private folder for kernels' sockets, short enough for a socket's name;
 * removed by agent_fini. */
MUST_CHECK int agent_runtime_dir(char *ret, size_t n, struct err *err);

/* `carrel-agent serve …`: exit status. argv is that of the process. */
int serve_main(int argc, char **argv);
/* `carrel-agent session`, PID 1. */
int session_main(char **argv);
/* `carrel-agent files`: a stopped workspace's, started by carrel-shim --files. */
int files_mode_main(void);
/* Is this process what session_check_status wants? */
MUST_CHECK int session_check_self(struct err *err);
/* Is /proc/self/status what the container promised? Exactly SETUID, SETGID and
 * KILL, a seccomp filter, no new privileges. */
MUST_CHECK int session_check_status(struct str status, struct err *err);
/* The configuration of a session from its JSON; strings are made in `m`. */
MUST_CHECK int session_config(struct arena *m, struct str text, struct agent_cfg *ret,
                              struct err *err);
