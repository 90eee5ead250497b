/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A newer program takes the place of this one, in the same process: kernels,
 * terminals and what browsers have not seen yet stay. The program is the file
 * that this one was started from, as it is now.
 *
 *   IDLE --asked--> SETTLING --nothing is starting or ending--> LEAVING
 *    ^                 |                                           |
 *    +--- not now -----+---- the new program refuses the state ----+--> exec
 *
 * SETTLING waits until there is nothing half done, and shows the state to the
 * new program (`carrel-agent --check-state`), before anybody is disturbed.
 * LEAVING takes no new request, lets those in progress end, and sends the
 * browsers away with code 1012. Whatever goes wrong up to the exec, this
 * program goes on.
 */
#pragma once

#include "agent/agent.h"

/* argv: of this process, to be started with again. SIGUSR2 asks for it too. */
MUST_CHECK int reexec_init(struct agent *a, char *const *argv, struct err *err);
void reexec_fini(struct agent *a);
void reexec_ask(struct agent *a);

/* What follows --state in argv; 0: no program was here before. */
unsigned reexec_state_fd(char *const *argv);
/* `carrel-agent --check-state FD`: exit status 0 if it could take over. */
int reexec_check_main(const char *text);
