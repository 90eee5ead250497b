/* SPDX-License-Identifier: Apache-2.0 */
/* What to say when the disk is full: which large things could go. */
#pragma once

#include "agent/agent.h"

/* Looks at a bounded part of the user's files. Always returns -ENOSPC. */
int diskfull_err(const struct agent *a, const char *what, struct err *err);
/* Nearly full: what is deleted now must give its space back, not go to trash. */
bool diskfull_near(const struct agent *a);
