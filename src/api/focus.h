/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The invoices of a closed month as a FOCUS 1.0 data set (FinOps Open Cost and
 * Usage Specification): one row for each line, and one of category Credit for
 * what an invoice took from the owner's credit. BilledCost adds up to what the
 * invoices say is due. Ids, times and numbers only, no names.
 */
#pragma once

#include "core/month.h"
#include "store/store.h"

/* Invoices with a number below `before`, newest first, until there are some
 * megabytes; *ret_next is the `before` to go on with, 0 for the end. The first
 * part (INT64_MAX) begins with the names of the columns. */
MUST_CHECK int focus_put(struct db *db, const struct month *m, int64_t before, struct buf *b,
                         int64_t *ret_next);
