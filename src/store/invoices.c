/* SPDX-License-Identifier: Apache-2.0 */
#include "store/invoices.h"

#include <errno.h>
#include <stdio.h>

#include "core/chain.h"
#include "store/accounts.h"
#include "store/budgets.h"
#include "store/rows.h"

#define INVOICE_COLS                                                              \
	"number, id, account_id, month, from_us, to_us, closed_us, usage_amount," \
	" credit_amount, due_amount, currency, lines, name, email"

void invoice_label(const struct invoice *i, char ret[INVOICE_LABEL_MAX])
{
	(void)snprintf(ret, INVOICE_LABEL_MAX, "%s-%04lld", i->month.name,
	               (long long)i->number);
}

static void get_invoice(struct q *q, struct invoice *ret)
{
	ret->number = q_get_int(q);
	q_get_text(q, ret->id, sizeof(ret->id));
	q_get_text(q, ret->account_id, sizeof(ret->account_id));
	q_get_text(q, ret->month.name, sizeof(ret->month.name));
	ret->month.from = q_get_int(q);
	ret->month.to = q_get_int(q);
	ret->closed = q_get_int(q);
	ret->usage = q_get_int(q);
	ret->credit = q_get_int(q);
	ret->due = q_get_int(q);
	q_get_text(q, ret->currency, sizeof(ret->currency));
	ret->lines = q_get_int(q);
	q_get_text(q, ret->name, sizeof(ret->name));
	q_get_text(q, ret->email, sizeof(ret->email));
}

/* --- closing --- */

int invoice_owners(struct db *db, wall_us to, owner_fn *fn, void *arg)
{
	struct q q = db_q(db, "SELECT a.id FROM account a WHERE EXISTS (SELECT 1 FROM charge c"
	                      " WHERE c.account_id = a.id AND c.from_us < ? AND NOT EXISTS"
	                      " (SELECT 1 FROM invoice_line l WHERE l.charge_seq = c.seq))"
	                      " ORDER BY a.rowid");
	int r;

	q_int(&q, to);
	while ((r = q_row(&q)) > 0)
		fn(arg, q_get_str(&q));
	return q_found(&q, r);
}

static int has_invoice(struct db *db, const char *account_id, const char *month)
{
	struct q q = db_q(db, "SELECT 1 FROM invoice WHERE account_id = ? AND month = ?");

	q_text(&q, account_id);
	q_text(&q, month);
	return q_found(&q, q_row(&q));
}

/* The charges that become its lines; of those that were segments only, at first,
 * the sum apart, because they were booked elsewhere. */
static int lines_sum(struct db *db, struct invoice *i, money_micro *ret_old)
{
	struct q q = db_q(
	    db, "SELECT count(*), coalesce(sum(c.amount), 0), coalesce(sum(CASE WHEN EXISTS"
	        " (SELECT 1 FROM ledger r WHERE r.book = 'receivable' AND r.txn ="
	        " c.session_id || '-' || c.epoch || '-' || c.segment) THEN c.amount END), 0)"
	        " FROM charge c"
	        " WHERE c.account_id = ? AND c.from_us < ? AND NOT EXISTS"
	        " (SELECT 1 FROM invoice_line l WHERE l.charge_seq = c.seq)");
	int r;

	q_text(&q, i->account_id);
	q_int(&q, i->month.to);
	r = q_row(&q);
	if (r > 0) {
		i->lines = q_get_int(&q);
		i->usage = q_get_int(&q);
		*ret_old = q_get_int(&q);
	}
	return q_found(&q, r);
}

static int lines_bind(struct db *db, const struct invoice *i, struct err *err)
{
	struct q q =
	    db_q(db, "INSERT INTO invoice_line(charge_seq, invoice_number) SELECT c.seq, ?"
	             " FROM charge c WHERE c.account_id = ? AND c.from_us < ? AND NOT EXISTS"
	             " (SELECT 1 FROM invoice_line l WHERE l.charge_seq = c.seq)"
	             " ORDER BY c.seq");

	q_int(&q, i->number);
	q_text(&q, i->account_id);
	q_int(&q, i->month.to);
	return q_run(&q, err);
}

static void hash_line(void *arg, const struct charge *c, const char *workspace_name)
{
	chain_str(arg, str_of(c->id));
	chain_int(arg, c->p.amount);
}

static int invoice_hash(struct db *db, const struct invoice *i, uint8_t hash[HASH_LEN])
{
	struct chain c;
	int r;

	chain_begin(&c, hash);
	chain_int(&c, i->number);
	chain_str(&c, str_of(i->id));
	chain_str(&c, str_of(i->account_id));
	chain_str(&c, str_of(i->month.name));
	chain_int(&c, i->month.from);
	chain_int(&c, i->month.to);
	chain_int(&c, i->closed);
	chain_int(&c, i->usage);
	chain_int(&c, i->credit);
	chain_int(&c, i->due);
	chain_str(&c, str_of(i->currency));
	chain_int(&c, i->lines);
	chain_str(&c, str_of(i->name));
	chain_str(&c, str_of(i->email));
	r = charge_list_open(db, i->account_id, i->month.to, hash_line, &c);
	chain_end(&c, hash);
	return r;
}

static int invoice_insert(struct db *db, const struct invoice *i, const uint8_t hash[HASH_LEN],
                          struct err *err)
{
	struct q q = db_q(db, "INSERT INTO invoice(" INVOICE_COLS
	                      ", hash) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");

	q_int(&q, i->number);
	q_text(&q, i->id);
	q_text(&q, i->account_id);
	q_text(&q, i->month.name);
	q_int(&q, i->month.from);
	q_int(&q, i->month.to);
	q_int(&q, i->closed);
	q_int(&q, i->usage);
	q_int(&q, i->credit);
	q_int(&q, i->due);
	q_text(&q, i->currency);
	q_int(&q, i->lines);
	q_text(&q, i->name);
	q_text(&q, i->email);
	q_blob(&q, hash, HASH_LEN);
	return q_run(&q, err);
}

/* Credit is used as far as it goes; what an owner is owed stays due to him. */
static int use_credit(struct db *db, struct invoice *i)
{
	money_micro left = 0;
	int r = credit_left(db, str_of(i->account_id), &left);

	if (r < 0)
		return r;
	i->credit = left < i->usage ? left : i->usage;
	if (i->credit < 0)
		i->credit = 0;
	i->due = i->usage - i->credit;
	return 0;
}

static int book_invoice(struct db *db, const struct books *b, const struct invoice *i,
                        money_micro old, struct err *err)
{
	struct ledger_line lines[4] = { { "usage", -(i->usage - old) }, { "due", i->due } };
	struct ledger_txn t = { .txn = i->id,
		                .account_id = i->account_id,
		                .session_id = "",
		                .lines = lines,
		                .n = 2 };

	if (old)
		lines[t.n++] = (struct ledger_line){ "receivable", -old };
	if (i->credit)
		lines[t.n++] = (struct ledger_line){ "credit", i->credit };
	return ledger_post(db, b, &t, err);
}

static int begin_invoice(struct db *db, const struct books *b, const struct month *m,
                         const char *account_id, struct invoice *i)
{
	struct account a;
	int r = account_by_id(db, str_of(account_id), &a);

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	*i = (struct invoice){ .month = *m, .closed = b->now };
	memcpy(i->account_id, a.id, sizeof(i->account_id));
	memcpy(i->name, a.name, sizeof(i->name));
	memcpy(i->email, a.email, sizeof(i->email));
	(void)snprintf(i->currency, sizeof(i->currency), "%s", b->currency);
	rand_id("in", i->id);
	return 0;
}

int invoice_close(struct db *db, const struct books *b, const struct month *m,
                  const char *account_id, struct invoice *ret, struct err *err)
{
	struct invoice i;
	uint8_t hash[HASH_LEN];
	money_micro old = 0;
	int r = has_invoice(db, account_id, m->name);

	if (r == 0)
		r = month_is_closed(db, m->name);
	if (r != 0)
		return r < 0 ? ERR(err, r, "The invoices can't be read.") : 0;
	r = begin_invoice(db, b, m, account_id, &i);
	if (r == 0)
		r = lines_sum(db, &i, &old);
	if (r > 0 && i.lines == 0)
		return 0;
	if (r > 0)
		r = use_credit(db, &i);
	if (r == 0)
		r = chain_last(db,
		               "SELECT number, hash FROM invoice ORDER BY number DESC LIMIT 1",
		               &i.number, hash);
	if (r < 0)
		return ERR(err, r, "The invoice of %s can't be made.", account_id);
	i.number++;
	r = invoice_hash(db, &i, hash);
	if (r < 0)
		return ERR(err, r, "The lines of %s can't be read.", account_id);
	r = invoice_insert(db, &i, hash, err);
	if (r == 0)
		r = lines_bind(db, &i, err);
	if (r == 0)
		r = book_invoice(db, b, &i, old, err);
	if (r == 0)
		*ret = i;
	return r < 0 ? r : 1;
}

/* --- the month --- */

int month_is_closed(struct db *db, const char *month)
{
	struct q q = db_q(db, "SELECT 1 FROM month_closed WHERE month = ?");

	q_text(&q, month);
	return q_found(&q, q_row(&q));
}

int month_close(struct db *db, const char *month, const char *actor, wall_us at,
                struct err *err)
{
	struct q q =
	    db_q(db, "INSERT INTO month_closed(month, at_us, actor, invoices) SELECT ?1,"
	             " ?2, ?3, (SELECT count(*) FROM invoice WHERE month = ?1)"
	             " WHERE true ON CONFLICT DO NOTHING");
	int r;

	q_text(&q, month);
	q_int(&q, at);
	q_text(&q, actor);
	r = q_run(&q, err);
	return r < 0 ? r : db_changes(db) > 0;
}

int month_total(struct db *db, const char *month, struct month_sum *ret)
{
	struct q q =
	    db_q(db, "SELECT count(*), coalesce(sum(lines), 0),"
	             " coalesce(sum(usage_amount), 0), coalesce(sum(credit_amount), 0),"
	             " coalesce(sum(due_amount), 0) FROM invoice WHERE month = ?");
	int r;

	q_text(&q, month);
	r = q_row(&q);
	if (r > 0) {
		ret->invoices = q_get_int(&q);
		ret->lines = q_get_int(&q);
		ret->usage = q_get_int(&q);
		ret->credit = q_get_int(&q);
		ret->due = q_get_int(&q);
	}
	return q_found(&q, r);
}

/* --- reading --- */

int invoice_get(struct db *db, struct str account_id, struct str id, struct invoice *ret)
{
	struct q q = db_q(db, "SELECT " INVOICE_COLS " FROM invoice WHERE (id = ?1 OR number ="
	                      " ?2) AND (?3 = '' OR account_id = ?3)");
	uint64_t number = 0;
	int r;

	if (str_to_u64(id, 1, INT64_MAX, &number) < 0)
		number = 0;
	q_str(&q, id);
	q_int(&q, (int64_t)number);
	q_str(&q, account_id);
	r = q_row(&q);
	if (r > 0)
		get_invoice(&q, ret);
	return q_found(&q, r);
}

#define LIST "SELECT " INVOICE_COLS " FROM invoice WHERE number < ?1"
#define PAGE " AND (?3 = '' OR month = ?3) ORDER BY number DESC LIMIT ?4"

int invoice_list(struct db *db, const struct list_of *of, struct str month, invoice_fn *fn,
                 void *arg)
{
	struct q q = db_q(db, of->account_id.len ? LIST " AND account_id = ?2" PAGE
	                                         : LIST " AND ?2 = ''" PAGE);
	int r;

	q_int(&q, of->before);
	q_str(&q, of->account_id);
	q_str(&q, month);
	q_int(&q, of->limit);
	while ((r = q_row(&q)) > 0) {
		struct invoice i;

		get_invoice(&q, &i);
		fn(arg, &i);
	}
	return q_found(&q, r);
}
