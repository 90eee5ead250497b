/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Charges: the lines of usage and invoices, each with its two lines in the
 * ledger. Append-only; a part has one id, so what is posted twice is there once.
 */
#pragma once

#include "store/ledger.h"

/* workspace_name: as it is now, "" for none. */
typedef void charge_fn(void *arg, const struct charge *c, const char *workspace_name);

/* Row and ledger; c->at becomes b->now. */
int charge_post(struct db *db, const struct books *b, struct charge *c,
                struct err *err) MUST_CHECK;
/* Cuts the segment, posts its charges, and gives it their sum as its amount.
 * 1 posted, 0 was there, -errno. */
int segment_post(struct db *db, const struct books *b, const struct session *s,
                 struct segment *g, struct err *err) MUST_CHECK;

int charge_get(struct db *db, struct str id, struct charge *ret) MUST_CHECK;
/* Of one invoice, in the order in which they were posted. */
int charge_list_invoice(struct db *db, int64_t number, charge_fn *fn, void *arg) MUST_CHECK;
/* The account's that began before `to` and are on no invoice, in that order. */
int charge_list_open(struct db *db, const char *account_id, wall_us to, charge_fn *fn,
                     void *arg) MUST_CHECK;
/* How much of the account's free time of that month is used, ns. */
int charge_free_used(struct db *db, const char *account_id, const char *month,
                     uint64_t *ret_ns) MUST_CHECK;

/* The zone of the months from now on, for whoever recomputes them. */
int zone_note(struct db *db, const struct books *b, struct err *err) MUST_CHECK;

/* The rate of a resource ("type:small", "storage") at a moment, and the moment
 * of its next change (INT64_MAX: none is known). No price: *ret_rate stays. */
int price_span(struct db *db, const char *resource, wall_us at, money_micro *ret_rate,
               wall_us *ret_until) MUST_CHECK;
