/* SPDX-License-Identifier: Apache-2.0 */
/* A start and the line: what the request says of it, and what becomes of it. */
#pragma once

#include "api/call.h"
#include "api/line.h"

struct line_wish {
	bool has_on_turn, hold, has_fallbacks;
	char fallback_types[TYPE_LIST_MAX];
};

/* Where a queued session stands, as the transaction saw it. */
struct standing {
	bool in_line;
	struct place place;
	char free_types[TYPE_LIST_MAX];
};

/* From the request; false: the problem was sent. */
bool line_wish_read(struct call *c, struct line_wish *ret);

/* In a transaction; a refusal is -ECANCELED with its problem set. */
int line_wish_apply(struct db *db, struct call *c, const struct line_wish *w, struct session *s,
                    struct err *err) MUST_CHECK;
/* Does the plan of this account allow the type? */
int start_allows(struct db *db, struct call *c, const char *account_id, const char *type,
                 const char *field, struct err *err) MUST_CHECK;
/* The whole line is judged with this one, which the store has as queued: its
 * turn, its place, or a refusal because no machine is large enough. */
int start_judge(struct db *db, struct call *c, const struct admit_world *w, struct session *s,
                struct standing *ret, struct err *err) MUST_CHECK;
/* Its turn was held, and is taken. */
int start_take(struct db *db, struct call *c, struct session *s, struct err *err) MUST_CHECK;
/* {"session": …} or {"session": null}; st may be NULL. */
void start_answer(struct call *c, const struct session *s, const struct workspace *w,
                  const struct standing *st);
