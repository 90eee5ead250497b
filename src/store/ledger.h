/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger: double entry, append-only, a hash chain (core/chain.h). A
 * transaction is two or more lines that sum to 0; its name is the id of the
 * charge, credit or invoice that it books. Seen from the site:
 *
 *   charge    usage  +amount   revenue -amount
 *   credit    grants +amount   credit  -amount
 *   invoice   usage  -usage    credit  +what of it was used    due +the rest
 *
 * so `usage` is what an owner has used and has no invoice for, -`credit` what is
 * left of what was given, `due` what invoices asked for. Lines of before the
 * charges are booked as `receivable`; the invoice that takes them up says so.
 */
#pragma once

#include "core/charge.h"
#include "store/store.h"

/* What posting needs beside rows. */
struct books {
	const struct months *months;
	const char *currency;
	wall_us now;
	wall_us most; /* storage is charged no further: a clock may be stepped; 0: to now */
};

struct ledger_line {
	const char *book;
	money_micro amount;
};

struct ledger_txn {
	const char *txn, *account_id;
	const char *session_id; /* "" and 0: about none */
	uint32_t epoch, segment;
	uint64_t ns;
	const struct ledger_line *lines; /* sum to 0 */
	size_t n;
};

int ledger_post(struct db *db, const struct books *b, const struct ledger_txn *t,
                struct err *err) MUST_CHECK;
/* The number and hash of a chain's last row: 0 and zeros for none. `sql`
 * selects seq, hash. */
int chain_last(struct db *db, const char *sql, int64_t *ret_seq,
               uint8_t ret[HASH_LEN]) MUST_CHECK;
