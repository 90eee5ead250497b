/* SPDX-License-Identifier: Apache-2.0 */
#include "store/charges.h"

#include <errno.h>
#include <stdio.h>

#include "store/books.h"
#include "store/catalogue.h"
#include "store/rows.h"

#define CHARGE_COLS(t)                                                                   \
	t "id," t "account_id," t "kind," t "month," t "workspace_id," t "session_id," t \
	  "epoch," t "segment," t "part," t "volume_id," t "resource," t "from_us," t    \
	  "to_us," t "ns," t "bytes," t "rate," t "free," t "amount," t "estimated," t   \
	  "reason," t "corrects," t "at_us"

static void get_charge(struct q *q, struct charge *ret)
{
	ret->seq = q_get_int(q);
	q_get_text(q, ret->id, sizeof(ret->id));
	q_get_text(q, ret->account_id, sizeof(ret->account_id));
	if (charge_kind_parse(q_get_str(q), &ret->kind) < 0)
		ret->kind = CHARGE_CORRECTION; /* not reached: the table checks it */
	q_get_text(q, ret->p.month, sizeof(ret->p.month));
	q_get_text(q, ret->workspace_id, sizeof(ret->workspace_id));
	q_get_text(q, ret->session_id, sizeof(ret->session_id));
	ret->epoch = (uint32_t)q_get_int(q);
	ret->segment = (uint32_t)q_get_int(q);
	ret->part = (uint32_t)q_get_int(q);
	q_get_text(q, ret->volume_id, sizeof(ret->volume_id));
	q_get_text(q, ret->resource, sizeof(ret->resource));
	ret->p.from = q_get_int(q);
	ret->p.to = q_get_int(q);
	ret->p.ns = (uint64_t)q_get_int(q);
	ret->bytes = (uint64_t)q_get_int(q);
	ret->p.rate = q_get_int(q);
	ret->p.free = q_get_int(q) != 0;
	ret->p.amount = q_get_int(q);
	ret->estimated = q_get_int(q) != 0;
	q_get_text(q, ret->reason, sizeof(ret->reason));
	q_get_text(q, ret->corrects, sizeof(ret->corrects));
	ret->at = q_get_int(q);
}

static int charge_insert(struct db *db, const struct charge *c, struct err *err)
{
	struct q q = db_q(db, "INSERT INTO charge(" CHARGE_COLS(
	                          "") ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");

	q_text(&q, c->id);
	q_text(&q, c->account_id);
	q_text(&q, charge_kind_name(c->kind));
	q_text(&q, c->p.month);
	q_text(&q, c->workspace_id);
	q_text(&q, c->session_id);
	q_int(&q, c->epoch);
	q_int(&q, c->segment);
	q_int(&q, c->part);
	q_text(&q, c->volume_id);
	q_text(&q, c->resource);
	q_int(&q, c->p.from);
	q_int(&q, c->p.to);
	q_int(&q, (int64_t)c->p.ns);
	q_int(&q, (int64_t)c->bytes);
	q_int(&q, c->p.rate);
	q_int(&q, c->p.free);
	q_int(&q, c->p.amount);
	q_int(&q, c->estimated);
	q_text(&q, c->reason);
	q_text(&q, c->corrects);
	q_int(&q, c->at);
	return q_run(&q, err);
}

int charge_post(struct db *db, const struct books *b, struct charge *c, struct err *err)
{
	const struct ledger_line lines[] = { { "usage", c->p.amount },
		                             { "revenue", -c->p.amount } };
	const struct ledger_txn t = {
		.txn = c->id,
		.account_id = c->account_id,
		.session_id = c->session_id,
		.epoch = c->epoch,
		.segment = c->segment,
		.ns = c->p.ns,
		.lines = lines,
		.n = ARRAY_LEN(lines),
	};
	int r;

	c->at = b->now;
	r = charge_insert(db, c, err);
	return r < 0 ? r : ledger_post(db, b, &t, err);
}

struct span_end {
	money_micro rate;
	wall_us until;
};

static bool on_price(void *arg, wall_us from, money_micro rate)
{
	struct span_end *e = arg;

	if (rate == e->rate)
		return true;
	e->until = from;
	return false;
}

int price_span(struct db *db, const char *resource, wall_us at, money_micro *ret_rate,
               wall_us *ret_until)
{
	struct span_end e = { *ret_rate, INT64_MAX };
	int r = price_at(db, str_of(resource), at, &e.rate, NULL);

	if (r >= 0)
		r = price_each(db, str_of(resource), at, on_price, &e);
	if (r < 0)
		return r;
	*ret_rate = e.rate;
	*ret_until = e.until;
	return 0;
}

int charge_free_used(struct db *db, const char *account_id, const char *month, uint64_t *ret_ns)
{
	struct q q = db_q(db, "SELECT coalesce(sum(ns), 0) FROM charge WHERE account_id = ?"
	                      " AND month = ? AND kind = 'compute' AND free = 1");
	int r;

	q_text(&q, account_id);
	q_text(&q, month);
	r = q_row(&q);
	if (r > 0)
		*ret_ns = (uint64_t)q_get_int(&q);
	return q_found(&q, r);
}

/* --- a segment --- */

struct segment_tariff {
	struct tariff t;
	struct db *db;
	const struct session *s;
	char resource[TYPE_ID_MAX + 8];
};

static int segment_price(void *arg, wall_us at, money_micro *ret_rate, wall_us *ret_until)
{
	const struct segment_tariff *t = arg;

	*ret_rate = t->s->price_per_hour; /* of before there were lists */
	return price_span(t->db, t->resource, at, ret_rate, ret_until);
}

static int segment_free_left(void *arg, const struct month *m, uint64_t *ret_ns)
{
	const struct segment_tariff *t = arg;
	uint64_t all = t->s->free_s_month * NS_PER_S, used = 0;
	int r;

	*ret_ns = 0;
	if (all == 0)
		return 0;
	r = charge_free_used(t->db, t->s->account_id, m->name, &used);
	if (r < 0)
		return r;
	*ret_ns = used < all ? all - used : 0;
	return 0;
}

static int segment_known(struct db *db, const struct segment *g)
{
	struct q q = db_q(db, "SELECT 1 FROM segment WHERE session_id = ? AND epoch = ?"
	                      " AND segment = ?");

	q_text(&q, g->session_id);
	q_int(&q, g->epoch);
	q_int(&q, g->segment);
	return q_found(&q, q_row(&q));
}

int segment_post(struct db *db, const struct books *b, const struct session *s,
                 struct segment *g, struct err *err)
{
	struct segment_tariff t = { .t = { b->months, segment_price, segment_free_left, &t },
		                    .db = db,
		                    .s = s };
	struct cut cut = { .t = &t.t,
		           .started = g->started,
		           .ns = g->ns,
		           .rate = s->price_per_hour,
		           .follow = s->price_mode == PRICE_FOLLOW };
	struct charge c;
	struct part p;
	money_micro sum = 0;
	int r = segment_known(db, g);

	if (r != 0)
		return r < 0 ? ERR(err, r, "The segments can't be read.") : 0;
	(void)snprintf(t.resource, sizeof(t.resource), "type:%s", g->instance_type);
	for (uint32_t n = 0; (r = cut_next(&cut, &p)) > 0; n++) {
		charge_of_part(g, n, &p, &c);
		r = charge_post(db, b, &c, err);
		if (r < 0)
			return r;
		CHECK(money_add(sum, p.amount, &sum) == 0);
	}
	if (r < 0)
		return ERR(err, r, "session %s can't be charged", g->session_id);
	g->amount = sum;
	r = segment_insert(db, g, err);
	return r < 0 ? r : 1;
}

/* --- reading --- */

int charge_get(struct db *db, struct str id, struct charge *ret)
{
	struct q q = db_q(db, "SELECT seq," CHARGE_COLS("") " FROM charge WHERE id = ?");
	int r;

	q_str(&q, id);
	r = q_row(&q);
	if (r > 0)
		get_charge(&q, ret);
	return q_found(&q, r);
}

static int list_charges(struct q *q, charge_fn *fn, void *arg)
{
	int r;

	while ((r = q_row(q)) > 0) {
		char name[NAME_BYTES_MAX + 1];
		struct charge c;

		get_charge(q, &c);
		q_get_text(q, name, sizeof(name));
		fn(arg, &c, name);
	}
	return q_found(q, r);
}

int charge_list_invoice(struct db *db, int64_t number, charge_fn *fn, void *arg)
{
	struct q q = db_q(db, "SELECT c.seq," CHARGE_COLS(
	                          "c.") ", w.name FROM invoice_line l"
	                                " JOIN charge c ON c.seq = l.charge_seq"
	                                " LEFT JOIN workspace w ON w.id = c.workspace_id"
	                                " WHERE l.invoice_number = ? ORDER BY l.charge_seq");

	q_int(&q, number);
	return list_charges(&q, fn, arg);
}

int charge_list_open(struct db *db, const char *account_id, wall_us to, charge_fn *fn,
                     void *arg)
{
	struct q q =
	    db_q(db, "SELECT c.seq," CHARGE_COLS(
	                 "c.") ", '' FROM charge c"
	                       " WHERE c.account_id = ? AND c.from_us < ? AND NOT EXISTS"
	                       " (SELECT 1 FROM invoice_line l WHERE l.charge_seq = c.seq)"
	                       " ORDER BY c.seq");

	q_text(&q, account_id);
	q_int(&q, to);
	return list_charges(&q, fn, arg);
}

int zone_note(struct db *db, const struct books *b, struct err *err)
{
	char name[48];
	struct q q = db_q(db, "INSERT INTO setting(name, value) SELECT ?1, ?2 WHERE ?2 <>"
	                      " coalesce((SELECT value FROM setting WHERE name LIKE"
	                      " 'time_zone@%' ORDER BY name DESC LIMIT 1), '')"
	                      " ON CONFLICT DO UPDATE SET value = excluded.value");

	(void)snprintf(name, sizeof(name), "time_zone@%020lld", (long long)b->now);
	q_text(&q, name);
	q_text(&q, b->months->zone);
	return q_run(&q, err);
}
