/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of answers that several handlers give: recents, notices, the balance. */
#pragma once

#include "api/call.h"
#include "core/types.h"

/* limit: 1 to 50, default 20; false: the problem was sent. */
bool take_limit(struct call *c, unsigned *ret);
struct str name_of_path(struct str path);
/* The session as it is now. */
bool session_of(const struct core *core, const char *id, struct session *ret);

/* An array. */
int show_recents(struct jsonw *w, struct core *core, struct str account_id,
                 struct str workspace_id, unsigned limit) MUST_CHECK;
int show_notices(struct jsonw *w, struct core *core, struct str account_id, bool unread,
                 unsigned limit) MUST_CHECK;
/* An object; with `expected`, the month's sum as far as it can be foreseen. */
int show_balance(struct jsonw *w, struct call *c, bool expected) MUST_CHECK;
