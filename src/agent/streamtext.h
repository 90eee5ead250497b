/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of one stream output as JupyterLab builds it: a carriage return
 * goes back to the beginning of the line and what follows overwrites, a
 * backspace takes the character before, a line feed ends the line wherever the
 * cursor stands. Positions count UTF-16 code units, as a browser does.
 *
 * Only the last line can still change: the lines before it are kept as UTF-8,
 * the last one as units before and after the cursor (those in reverse), so
 * that every step costs what was typed, however long the line is.
 */
#pragma once

#include "base/buf.h"

struct streamtext {
	struct buf done_;   /* UTF-8, whole lines */
	struct buf before_; /* uint16_t */
	struct buf after_;  /* uint16_t, the last is next to the cursor */
	bool edited;        /* something was overwritten or taken away */
};

void streamtext_init(struct streamtext *t, size_t max_bytes);
void streamtext_fini(struct streamtext *t); /* usable again */
void streamtext_clear(struct streamtext *t);
/* text: valid UTF-8. */
void streamtext_add(struct streamtext *t, struct str s);
/* What was added as it stands, with the cursor this many units into the last
 * line: to go on with a text that was kept. */
void streamtext_set(struct streamtext *t, struct str text, size_t cursor);
size_t streamtext_cursor(const struct streamtext *t);
/* Appends the whole text. -E2BIG, -ENOMEM: it did not fit its maximum. */
MUST_CHECK int streamtext_get(const struct streamtext *t, struct buf *ret);
