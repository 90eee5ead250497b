/* SPDX-License-Identifier: Apache-2.0 */
/* Money given to an owner, and corrections: both are new rows, with their lines
 * in the ledger. */
#pragma once

#include "store/charges.h"

struct credit {
	int64_t seq;
	char id[ID_MAX];
	char account_id[ID_MAX];
	money_micro amount;
	char note[NOTE_MAX + 1];
	char actor[ID_MAX];
	wall_us at;
};

/* id and `at` are filled in. */
int credit_give(struct db *db, const struct books *b, struct credit *c,
                struct err *err) MUST_CHECK;
/* A charge of `amount` (of either sign) about another one, in this month. */
int correction_post(struct db *db, const struct books *b, const struct charge *of,
                    money_micro amount, const char *note, struct charge *ret,
                    struct err *err) MUST_CHECK;
