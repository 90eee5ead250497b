/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Storage spans: one size of one volume for one time. A span opens when the
 * engine has made the volume, a new one when it has grown, and it ends when the
 * owner deletes the volume; it is charged by days, by its end at the latest.
 * `charged_us` moves in the transaction of the charge, so that no day is
 * charged twice, whenever the work was interrupted.
 */
#pragma once

#include "store/charges.h"

/* The engine has made the volume, or grown it to `bytes`. Of a volume that is
 * being deleted, or has that size already, nothing. */
int span_made(struct db *db, const struct books *b, struct str volume_id, uint64_t bytes,
              struct err *err) MUST_CHECK;
/* The volume costs no more from now on. */
int span_end(struct db *db, const struct books *b, struct str volume_id,
             struct err *err) MUST_CHECK;
/* Volumes of before spans were kept cost from now on. */
int spans_adopt(struct db *db, const struct books *b, struct err *err) MUST_CHECK;
/* Charges at most `limit` open spans up to the moment `to`, a midnight; how
 * many there were, -errno. */
int spans_charge(struct db *db, const struct books *b, wall_us to, unsigned limit,
                 struct err *err) MUST_CHECK;
