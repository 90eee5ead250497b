/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The book of starts, `carrel.starts` beside the database: a line for each
 * session that is asked for, with its row and those of its volume, workspace
 * and owner. It is read only when the engine, or a journal, tells of a session
 * that the store does not know: that happens when the store was restored from
 * an older backup. Then the rows are put back (starts_adopt), so that the
 * session lives on and its time is booked.
 *
 * Lines are written before the session's first side effect and never synced:
 * what a loss of power could take from the end has not outlived it either.
 * Two files of 16 MiB at most, some 20,000 starts each.
 */
#pragma once

#include "store/db.h"

MUST_CHECK int starts_open(int dir, struct db *writer, struct err *err);
void starts_close(struct db *writer);
/* The row of that session has just been made. Without starts_open: nothing. */
void starts_note(struct db *db, const char *session_id);
/* Puts the session back as lost, and of the others what is not there. 1, 0 it
 * is not in the book, -errno. */
MUST_CHECK int starts_adopt(struct db *db, struct str session_id, struct err *err);
