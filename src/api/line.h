/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line as people see it: places, estimates, and what would start at once.
 * A copy on the loop, read anew at most once a second and only after
 * something changed; who has a place that changed is told by one event
 * `queue` with all of its places. What is decided is decided in a transaction
 * (turns.c, do-start.c), never from this copy.
 */
#pragma once

#include "api/admit.h"
#include "base/json.h"

struct place {
	char session_id[ID_MAX], account_id[ID_MAX], workspace_id[ID_MAX];
	enum queue_verdict verdict;
	unsigned place, of, ends;
	int64_t estimate, expected; /* QUEUE_NEVER_ENDS: not known */
	bool changed;
};

/* A type, for somebody who would come now. */
struct line_type {
	char id[TYPE_ID_MAX];
	bool fits; /* on the host when it is empty */
	bool free; /* would start at once */
	unsigned place;
	int64_t estimate, expected;
};

struct line;
struct line *line_new(void);
void line_free(struct line *l);
/* To be read anew at the next tick. */
void line_changed(struct core *core);
/* This account has just begun to listen: tell it its places, whatever they are. */
void line_greet(struct core *core, const char *account_id);
/* Once a second. */
void line_tick(struct core *core);
/* Both on the loop only; NULL: not in line, not known. */
const struct place *line_place(const struct core *core, const char *session_id);
const struct line_type *line_type(const struct core *core, const char *type_id);

/* The place of one that a transaction has just judged, before the loop knows. */
struct place line_place_of(const struct admission *a, const struct queue_item *i);
/* Ids of the types that would start at once, separated by spaces. */
void line_free_types(struct db *db, const struct admission *a, char ret[TYPE_LIST_MAX]);

/* Leaves those that the account's plan allows. */
void line_allowed(struct db *db, const char *account_id, char list[TYPE_LIST_MAX]);

/* The session's "queue": an object, or null. p, free_types: NULL if unknown. */
void line_show(struct jsonw *w, struct core *core, const struct session *s,
               const struct place *p, const char *free_types);
/* Their "free_now", "queue_place", "queue_estimate_at", "queue_expected_at" for
 * a type; all null while nothing is known. */
void line_show_type(struct jsonw *w, const struct core *core, const char *type_id);
/* From the loop's copy. */
void line_show_live(struct jsonw *w, struct core *core, const struct session *s);
