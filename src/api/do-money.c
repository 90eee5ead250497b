/* SPDX-License-Identifier: Apache-2.0 */
/* What administrators do with money: close a month, give credit, correct. */
#include <errno.h>
#include <stdio.h>

#include "api/books.h"
#include "api/closing.h"
#include "api/do.h"
#include "api/leases.h"
#include "api/show.h"
#include "core/name.h"
#include "store/accounts.h"
#include "store/budgets.h"
#include "store/credits.h"

bool take_month(struct call *c, struct str text, struct month *ret)
{
	int year, month;

	if (month_parse(text, &year, &month) < 0) {
		call_fail(c, PROBLEM_INVALID_FIELD, "month", "A month is written 2026-11.");
		return false;
	}
	month_of(c->core->months, year, month, ret);
	return true;
}

void do_invoices_close(struct call *c)
{
	struct month m;

	if (!take_month(c, call_str(c, "month"), &m))
		return;
	if (m.to > c->now.wall) {
		char at[TIME_RFC3339_MAX];

		time_rfc3339(m.to, at);
		call_fail(
		    c, PROBLEM_CONFLICT, "month",
		    "The month %s is not over: it ends at %.19sZ (%s). Close it after that.",
		    m.name, at, c->core->months->zone);
		return;
	}
	closing_begin(c, &m);
}

/* --- by hand --- */

struct by_hand {
	struct credit credit;
	struct charge charge, fix;
	money_micro amount;
	char note[NOTE_MAX + 1];
};

static bool take_amount(struct call *c, struct by_hand *x)
{
	int r = money_parse(call_str(c, "amount"), MONEY_AMOUNT_MAX, &x->amount);

	if (r == 0)
		return true;
	call_fail(c, PROBLEM_INVALID_FIELD, "amount",
	          r == -ERANGE ? "'amount' is too large."
	                       : "'amount' is a number in a string, with at most six decimals: "
	                         "\"12.50\".");
	return false;
}

static bool take_note(struct call *c, struct by_hand *x)
{
	struct str note = str_trim(call_str(c, "note"));

	for (size_t i = 0; i < note.len; i++) {
		if ((unsigned char)note.ptr[i] < 0x20 || note.ptr[i] == 0x7f) {
			call_fail(c, PROBLEM_INVALID_FIELD, "note",
			          "'note' is one line without control characters.");
			return false;
		}
	}
	if (note.len == 0) {
		call_fail(c, PROBLEM_INVALID_FIELD, "note",
		          "'note' says why: the owner reads it on the invoice.");
		return false;
	}
	(void)snprintf(x->note, sizeof(x->note), "%.*s", STR_ARG(note));
	return true;
}

static struct by_hand *begin(struct call *c)
{
	struct by_hand *x = ARENA_NEW(&c->arena, struct by_hand);

	CHECK(x);
	c->own = x;
	return take_amount(c, x) && take_note(c, x) ? x : NULL;
}

/* The audit log's chain covers what the row says: `carrel-audit-ledger`
 * compares the two. */
static int audit_money(struct db *db, struct call *c, const char *id, const char *account,
                       const char *corrects, const struct by_hand *x, struct err *err)
{
	struct buf detail = BUF(2048);
	int r;

	books_detail(&detail, account, x->amount, x->note, corrects);
	r = call_audit_buf(db, c, id, &detail, err);
	buf_fini(&detail);
	return r;
}

/* --- credit --- */

static int find_account(struct db *db, struct call *c, struct account *ret)
{
	struct str who = call_str(c, "account");
	char email[EMAIL_MAX + 1];
	struct err err = ERR_NONE;
	int r = account_by_id(db, who, ret);

	if (r == 0 && email_normal(who, email, &err) == 0)
		r = account_by_email(db, str_of(email), ret);
	if (r == 0)
		return call_problem(c, PROBLEM_NOT_FOUND, "account",
		                    "There is no account with that id or e-mail address.");
	return r;
}

static int tx_credit(struct db *db, struct call *c, struct err *err)
{
	struct by_hand *x = c->own;
	struct books b = core_books(c->core, c->now.wall);
	struct jsonw w = JSONW(&c->out);
	struct account a;
	money_micro left = 0;
	int r = find_account(db, c, &a);

	if (r <= 0)
		return r;
	x->credit = (struct credit){ .amount = x->amount };
	memcpy(x->credit.account_id, a.id, sizeof(x->credit.account_id));
	memcpy(x->credit.note, x->note, sizeof(x->credit.note));
	memcpy(x->credit.actor, c->who.account_id, sizeof(x->credit.actor));
	r = credit_give(db, &b, &x->credit, err);
	if (r == 0)
		r = audit_money(db, c, x->credit.id, a.id, NULL, x, err);
	if (r < 0)
		return r;
	r = credit_left(db, str_of(a.id), &left);
	if (r < 0)
		return r;
	jw_obj(&w);
	jw_kv_z(&w, "id", x->credit.id);
	jw_kv_z(&w, "account", a.id);
	jw_kv_z(&w, "email", a.email);
	show_money(&w, "amount", x->amount);
	jw_kv_z(&w, "currency", b.currency);
	jw_kv_z(&w, "note", x->note);
	show_money(&w, "credit", left);
	jw_kv_time(&w, "at", x->credit.at);
	jw_obj_end(&w);
	return 0;
}

void do_credit(struct call *c)
{
	struct by_hand *x = begin(c);

	if (!x)
		return;
	if (x->amount <= 0)
		call_fail(c, PROBLEM_INVALID_FIELD, "amount",
		          "'amount' is more than 0; to ask for money make a correction.");
	else
		call_commit(c, tx_credit, NULL);
}

/* --- correction --- */

static int tx_correct(struct db *db, struct call *c, struct err *err)
{
	struct by_hand *x = c->own;
	struct books b = core_books(c->core, c->now.wall);
	struct jsonw w = JSONW(&c->out);
	int r = charge_get(db, call_str(c, "charge"), &x->charge);

	if (r == 0)
		return call_problem(c, PROBLEM_NOT_FOUND, "charge",
		                    "There is no charge with that id; invoices and usage show "
		                    "the ids of their lines.");
	if (r > 0)
		r = correction_post(db, &b, &x->charge, x->amount, x->note, &x->fix, err);
	if (r == 0)
		r = audit_money(db, c, x->fix.id, x->fix.account_id, x->charge.id, x, err);
	if (r < 0)
		return r;
	jw_obj(&w);
	jw_kv_z(&w, "id", x->fix.id);
	jw_kv_z(&w, "account", x->fix.account_id);
	jw_kv_z(&w, "corrects", x->fix.corrects);
	show_money(&w, "amount", x->amount);
	jw_kv_z(&w, "currency", b.currency);
	jw_kv_z(&w, "month", x->fix.p.month);
	jw_kv_z(&w, "note", x->note);
	jw_kv_time(&w, "at", x->fix.at);
	jw_obj_end(&w);
	return 0;
}

/* It counts into the owner's budget. */
static void after_correct(struct call *c)
{
	leases_settle(c->core, "");
}

void do_correct(struct call *c)
{
	struct by_hand *x = begin(c);

	if (!x)
		return;
	if (x->amount == 0)
		call_fail(c, PROBLEM_INVALID_FIELD, "amount",
		          "'amount' is not 0: below it lowers what was charged.");
	else
		call_commit(c, tx_correct, after_correct);
}
