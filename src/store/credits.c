/* SPDX-License-Identifier: Apache-2.0 */
#include "store/credits.h"

#include <stdio.h>

#include "store/rows.h"

int credit_give(struct db *db, const struct books *b, struct credit *c, struct err *err)
{
	const struct ledger_line lines[] = { { "grants", c->amount },
		                             { "credit", -c->amount } };
	struct q q = db_q(db, "INSERT INTO credit(id, account_id, amount, note, actor, at_us)"
	                      " VALUES(?,?,?,?,?,?)");
	struct ledger_txn t = { .account_id = c->account_id,
		                .session_id = "",
		                .lines = lines,
		                .n = ARRAY_LEN(lines) };
	int r;

	rand_id("cr", c->id);
	c->at = b->now;
	t.txn = c->id;
	q_text(&q, c->id);
	q_text(&q, c->account_id);
	q_int(&q, c->amount);
	q_text(&q, c->note);
	q_text(&q, c->actor);
	q_int(&q, c->at);
	r = q_run(&q, err);
	return r < 0 ? r : ledger_post(db, b, &t, err);
}

int correction_post(struct db *db, const struct books *b, const struct charge *of,
                    money_micro amount, const char *note, struct charge *ret, struct err *err)
{
	struct charge c = { .kind = CHARGE_CORRECTION,
		            .p = { .from = b->now, .to = b->now, .amount = amount } };
	struct month m;
	char id[ID_MAX];
	int r;

	b->months->of(b->months, b->now, &m);
	memcpy(c.p.month, m.name, sizeof(c.p.month));
	rand_id("ch", id);
	memcpy(c.id, id, sizeof(id));
	memcpy(c.account_id, of->account_id, sizeof(c.account_id));
	memcpy(c.workspace_id, of->workspace_id, sizeof(c.workspace_id));
	memcpy(c.corrects, of->id, sizeof(c.corrects));
	(void)snprintf(c.reason, sizeof(c.reason), "%s", note);
	r = charge_post(db, b, &c, err);
	if (r == 0)
		*ret = c;
	return r;
}
