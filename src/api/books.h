/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Money that nobody asks for by the API: storage is charged by day, the first
 * time soon after the start; volumes of before spans were kept begin to count.
 */
#pragma once

#include "api/state.h"
#include "store/ledger.h"

/* What posting needs: the site's months, its currency, the time. Also on the
 * store's thread. */
struct books core_books(const struct core *core, wall_us now);
/* As much of `now` as may be charged for. */
wall_us books_believable(const struct core *core, wall_us now);
/* What an account that was just made gets by its plan. */
int books_welcome(struct db *db, const struct core *core, const struct now *now,
                  const char *account_id, struct err *err) MUST_CHECK;
/* What the audit log says of a credit or a correction; corrects may be NULL. */
void books_detail(struct buf *b, const char *account_id, money_micro amount, const char *note,
                  const char *corrects);
/* Reads the time zone of the site's months. */
int books_zone(struct core *core, struct err *err) MUST_CHECK;
void books_start(struct core *core);
void books_stop(struct core *core);
