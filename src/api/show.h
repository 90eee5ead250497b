/* SPDX-License-Identifier: Apache-2.0 */
/* The nouns as JSON (doc/internals/contracts.md, section 7). */
#pragma once

#include "api/state.h"
#include "base/json.h"
#include "core/types.h"

enum show {
	SHOW_ROW,  /* what the store says: also on the store's thread */
	SHOW_LIVE, /* and what is known beside it: on the loop only */
};

void show_session(struct jsonw *w, struct core *core, enum show how, const struct session *s,
                  const struct workspace *ws);
/* With its place in line as a transaction saw it; st may be NULL. */
struct standing;
void show_session_standing(struct jsonw *w, struct core *core, enum show how,
                           const struct session *s, const struct workspace *ws,
                           const struct standing *st);
/* With its sessions. */
void show_workspace(struct jsonw *w, struct core *core, enum show how,
                    const struct workspace_view *v);
/* Members only: the caller adds what depends on who asks. */
void show_type(struct jsonw *w, const struct core *core, const struct instance_type *t);
void show_image(struct jsonw *w, const struct core *core, const struct image *i);
/* text: the token itself, once, or NULL. */
void show_token(struct jsonw *w, const struct token *t, const char *text);
void show_account(struct jsonw *w, const struct account *a);

struct charge;
void show_charge(struct jsonw *w, const struct charge *c, const char *workspace_name);

/* The notebook of session/examples to begin with. */
#define EXAMPLE_FIRST "01-first-plot.ipynb"
#define ETAG_MAX      (ID_MAX + 16)
void workspace_etag(const struct workspace *w, char ret[ETAG_MAX]);
/* null for 0. */
void show_time(struct jsonw *w, const char *key, wall_us t);
void show_money(struct jsonw *w, const char *key, money_micro m);
void show_seconds(struct jsonw *w, const char *key, uint64_t ns);
