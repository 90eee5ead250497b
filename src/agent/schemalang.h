/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Titles, descriptions and labels in settings schemas, in the language that the
 * user has chosen: JupyterLab takes these from the server already translated.
 */
#pragma once

#include "agent/lab.h"

struct schemalang;

/* In m. NULL: English, or a language that is not installed. */
struct schemalang *schemalang_new(struct call *c, struct arena *m);
void schemalang_free(struct schemalang *l); /* NULL is fine */
/* Replaces strings of the tree in place. */
void schemalang_apply(struct schemalang *l, struct json *schema);
/* Where the user's choice of a language stands, in m; empty: no memory. */
struct str schemalang_file(struct call *c, struct arena *m);
