/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invoices: the charges of a month that are on none yet, one invoice for each
 * owner, in one transaction. Numbers run over the site without a gap. An
 * invoice and its lines are never changed; its hash covers the one before it,
 * itself and its lines.
 */
#pragma once

#include "store/credits.h"

struct invoice {
	int64_t number;
	char id[ID_MAX];
	char account_id[ID_MAX];
	struct month month;
	wall_us closed;
	money_micro usage, credit, due;
	char currency[4];
	int64_t lines;
	/* as they were when it was closed */
	char name[NAME_BYTES_MAX + 1];
	char email[EMAIL_MAX + 1];
};
typedef void invoice_fn(void *arg, const struct invoice *i);
typedef void owner_fn(void *arg, struct str account_id);

/* "2026-11-0007" */
#define INVOICE_LABEL_MAX 32
void invoice_label(const struct invoice *i, char ret[INVOICE_LABEL_MAX]);

/* Everybody who has a charge of before the month's end that is on no invoice. */
int invoice_owners(struct db *db, wall_us to, owner_fn *fn, void *arg) MUST_CHECK;
/* One owner's invoice of the month; *ret is filled in when there is a new one.
 * 1 made, 0 nothing to do (no lines, or he has it already). */
int invoice_close(struct db *db, const struct books *b, const struct month *m,
                  const char *account_id, struct invoice *ret, struct err *err) MUST_CHECK;

/* 1 the month is closed, 0 not yet. */
int month_is_closed(struct db *db, const char *month) MUST_CHECK;
/* 1 now, 0 it was. */
int month_close(struct db *db, const char *month, const char *actor, wall_us at,
                struct err *err) MUST_CHECK;
struct month_sum {
	int64_t invoices, lines;
	money_micro usage, credit, due;
};
int month_total(struct db *db, const char *month, struct month_sum *ret) MUST_CHECK;

/* account_id "": anybody's. By its id, or by its number in decimals. */
int invoice_get(struct db *db, struct str account_id, struct str id,
                struct invoice *ret) MUST_CHECK;
/* Newest first, of->before is a number; of->account_id "": everybody's; month
 * STR_NONE: all. */
int invoice_list(struct db *db, const struct list_of *of, struct str month, invoice_fn *fn,
                 void *arg) MUST_CHECK;
