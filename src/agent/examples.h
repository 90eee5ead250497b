/* SPDX-License-Identifier: Apache-2.0 */
/* The notebooks of a first workspace (session/examples), put there once. */
#pragma once

#include "agent/agent.h"

/* Copies what is in `dir` to the root. What is there already stays; a file that
 * can't be written is missing, and the session goes on. */
void examples_put(const struct agent *a, const char *dir);
/* Did core ask for it? */
bool examples_wanted(const struct agent_cfg *cfg);
