/* SPDX-License-Identifier: Apache-2.0 */
/* Workspaces by name or id, and waiting for what becomes of a session. */
#pragma once

#include "cli/api.h"

/* By name, else by id. Says so if there is none. */
int find_workspace(struct cli *c, const char *name, const struct json **ret);
/* *ret is NULL if there is none. */
int find_workspace_if(struct cli *c, const char *name, const struct json **ret);
/* workspace list --deleted. */
int list_deleted(struct cli *c);
/* Its session if it has one now, else NULL. */
const struct json *live_session(const struct json *workspace);
/* The id as text, for a path. */
const char *id_of(struct cli *c, const struct json *o);
bool session_is_over(const struct json *session);

/* Shows the phases of a start, or waits for the end, live; *ret is the session
 * as it is then. `running`: wait until it runs (or ends), else until it ended. */
int wait_session(struct cli *c, const char *id, bool running, const struct json **ret);
