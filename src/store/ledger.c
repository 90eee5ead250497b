/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ledger.h"

#include "core/chain.h"
#include "store/rows.h"

int chain_last(struct db *db, const char *sql, int64_t *ret_seq, uint8_t ret[HASH_LEN])
{
	struct q q = db_q(db, sql);
	int r = q_row(&q);

	memset(ret, 0, HASH_LEN);
	*ret_seq = 0;
	if (r > 0) {
		*ret_seq = q_get_int(&q);
		q_get_blob(&q, ret, HASH_LEN);
	}
	q_end(&q);
	return r < 0 ? r : 0;
}

/* The sum covers the row's own number, so that a missing row shows too. */
static void line_hash(const struct books *b, const struct ledger_txn *t,
                      const struct ledger_line *l, int64_t seq, uint8_t hash[HASH_LEN])
{
	struct chain c;

	chain_begin(&c, hash);
	chain_int(&c, seq);
	chain_str(&c, str_of(t->txn));
	chain_int(&c, b->now);
	chain_str(&c, str_of(t->account_id));
	chain_str(&c, str_of(l->book));
	chain_int(&c, l->amount);
	chain_str(&c, str_of(b->currency));
	chain_str(&c, str_of(t->session_id));
	chain_int(&c, t->epoch);
	chain_int(&c, t->segment);
	chain_int(&c, (int64_t)t->ns);
	chain_end(&c, hash);
}

static int line_insert(struct db *db, const struct books *b, const struct ledger_txn *t,
                       const struct ledger_line *l, int64_t seq, const uint8_t hash[HASH_LEN],
                       struct err *err)
{
	struct q q =
	    db_q(db, "INSERT INTO ledger(seq, txn, at_us, account_id, book, amount, currency,"
	             " session_id, epoch, segment, ns, hash) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)");

	q_int(&q, seq);
	q_text(&q, t->txn);
	q_int(&q, b->now);
	q_text(&q, t->account_id);
	q_text(&q, l->book);
	q_int(&q, l->amount);
	q_text(&q, b->currency);
	q_text(&q, t->session_id);
	q_int(&q, t->epoch);
	q_int(&q, t->segment);
	q_int(&q, (int64_t)t->ns);
	q_blob(&q, hash, HASH_LEN);
	return q_run(&q, err);
}

int ledger_post(struct db *db, const struct books *b, const struct ledger_txn *t,
                struct err *err)
{
	uint8_t hash[HASH_LEN];
	money_micro sum = 0;
	int64_t seq;
	int r = chain_last(db, "SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1", &seq,
	                   hash);

	if (r < 0)
		return ERR(err, r, "The ledger can't be read.");
	for (size_t i = 0; i < t->n; i++) {
		CHECK(money_add(sum, t->lines[i].amount, &sum) == 0);
		line_hash(b, t, &t->lines[i], ++seq, hash);
		r = line_insert(db, b, t, &t->lines[i], seq, hash, err);
		if (r < 0)
			return r;
	}
	CHECK(t->n >= 2 && sum == 0);
	return 0;
}
