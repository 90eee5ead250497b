/* SPDX-License-Identifier: Apache-2.0 */
/* What making, changing, deleting and restoring a workspace share. */
#pragma once

#include "api/call.h"
#include "api/show.h"

#define WORKSPACES_PER_ACCOUNT 5000

/* Its answer, with its entity tag. */
void workspace_show_one(struct call *c, enum show how, const struct workspace_view *v);

/* Each as call_problem(). */
int workspace_check_match(struct call *c, const struct workspace *w,
                          struct str want) MUST_CHECK;
int workspace_name_refused(struct call *c, const char *name) MUST_CHECK;
int workspace_too_many(struct call *c) MUST_CHECK;
