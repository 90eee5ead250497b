/* SPDX-License-Identifier: Apache-2.0 */
#include "store/budgets.h"

#include <errno.h>

#include "core/session.h"
#include "store/rows.h"

#define BUDGET_COLS(t)                                                             \
	t "id," t "account_id," t "amount," t "hard," t "alerted," t "by_admin," t \
	  "version," t "updated_us"

static void get_budget(struct q *q, struct budget *ret)
{
	q_get_text(q, ret->id, sizeof(ret->id));
	q_get_text(q, ret->account_id, sizeof(ret->account_id));
	ret->amount = q_get_int(q);
	ret->hard = q_get_int(q) != 0;
	q_get_text(q, ret->alerted, sizeof(ret->alerted));
	ret->by_admin = q_get_int(q) != 0;
	ret->version = (uint32_t)q_get_int(q);
	ret->updated = q_get_int(q);
}

int budget_get(struct db *db, struct str account_id, struct budget *ret)
{
	struct q q = db_q(db, "SELECT " BUDGET_COLS("") " FROM budget WHERE account_id = ?");
	int r;

	q_str(&q, account_id);
	r = q_row(&q);
	if (r > 0)
		get_budget(&q, ret);
	return q_found(&q, r);
}

int budget_put(struct db *db, struct budget *b, struct err *err)
{
	struct q q =
	    db_q(db, "INSERT INTO budget(id, account_id, amount, hard, alerted, by_admin,"
	             " version, updated_us) VALUES(?,?,?,?,?,?,?,?) ON CONFLICT(account_id) DO "
	             "UPDATE SET"
	             " amount = excluded.amount, hard = excluded.hard,"
	             " alerted = excluded.alerted, by_admin = excluded.by_admin, version = "
	             "excluded.version,"
	             " updated_us = excluded.updated_us");
	int r;

	q_text(&q, b->id);
	q_text(&q, b->account_id);
	q_int(&q, b->amount);
	q_int(&q, b->hard);
	q_text(&q, b->alerted);
	q_int(&q, b->by_admin);
	q_int(&q, b->version + 1);
	q_int(&q, b->updated);
	r = q_run(&q, err);
	b->version += r == 0;
	return r;
}

int budget_delete(struct db *db, struct str account_id, struct err *err)
{
	struct q q = db_q(db, "DELETE FROM budget WHERE account_id = ?");
	int r;

	q_str(&q, account_id);
	r = q_run(&q, err);
	return r < 0 ? r : db_changes(db) > 0;
}

int budget_set_alerted(struct db *db, const struct budget *b, struct err *err)
{
	struct q q = db_q(db, "UPDATE budget SET alerted = ? WHERE account_id = ?");

	q_text(&q, b->alerted);
	q_text(&q, b->account_id);
	return q_run(&q, err);
}

int budget_list(struct db *db, budget_fn *fn, void *arg)
{
	struct q q =
	    db_q(db, "SELECT " BUDGET_COLS("b.") ", coalesce(a.email, '')"
	                                         " FROM budget b LEFT JOIN account a"
	                                         " ON a.id = b.account_id"
	                                         " ORDER BY b.account_id <> '', a.email");
	int r;

	while ((r = q_row(&q)) > 0) {
		struct budget b = { 0 };
		char email[EMAIL_MAX + 1];

		get_budget(&q, &b);
		q_get_text(&q, email, sizeof(email));
		fn(arg, &b, email);
	}
	return q_found(&q, r);
}

int budget_count(struct db *db, int64_t *ret_all, int64_t *ret_hard)
{
	struct q q = db_q(db, "SELECT count(*), coalesce(sum(hard), 0) FROM budget");
	int r = q_row(&q);

	if (r > 0) {
		*ret_all = q_get_int(&q);
		*ret_hard = q_get_int(&q);
	}
	return q_found(&q, r);
}

#define USE_COLS                    \
	"coalesce(sum(amount), 0)," \
	" coalesce(sum(CASE WHEN kind = 'compute' AND free <> 0 THEN ns ELSE 0 END), 0)"

int month_use(struct db *db, struct str account_id, const char *month, struct month_use *ret)
{
	struct q q = db_q(db, "SELECT " USE_COLS " FROM charge WHERE account_id = ?"
	                      " AND month = ?");
	int r;

	q_str(&q, account_id);
	q_text(&q, month);
	r = q_row(&q);
	if (r > 0) {
		ret->amount = q_get_int(&q);
		ret->free_ns = (uint64_t)q_get_int(&q);
	}
	return q_found(&q, r);
}

int month_use_each(struct db *db, const char *month, month_use_fn *fn, void *arg)
{
	struct q q = db_q(db, "SELECT account_id," USE_COLS
	                      " FROM charge WHERE month = ? GROUP BY account_id");
	int r;

	q_text(&q, month);
	while ((r = q_row(&q)) > 0) {
		struct str account = q_get_str(&q);
		struct month_use u = { .amount = q_get_int(&q) };

		u.free_ns = (uint64_t)q_get_int(&q);
		fn(arg, account, &u);
	}
	return q_found(&q, r);
}

int free_seconds(struct db *db, struct str account_id, uint64_t *ret)
{
	struct q q =
	    db_q(db, "SELECT coalesce((SELECT p.free_s_month FROM plan p JOIN account a"
	             " ON a.plan_id = p.id WHERE a.id = ?),"
	             " (SELECT free_s_month FROM plan WHERE is_default = 1), 0)");
	int r;

	q_str(&q, account_id);
	r = q_row(&q);
	if (r > 0)
		*ret = (uint64_t)q_get_int(&q);
	return q_found(&q, r);
}

int credit_left(struct db *db, struct str account_id, money_micro *ret)
{
	struct q q = db_q(
	    db, "SELECT coalesce((SELECT sum(amount) FROM credit WHERE account_id = ?1), 0)"
	        " - coalesce((SELECT sum(credit_amount) FROM invoice"
	        " WHERE account_id = ?1), 0)");
	int r;

	q_str(&q, account_id);
	r = q_row(&q);
	if (r > 0)
		*ret = q_get_int(&q);
	return q_found(&q, r);
}

#define BURNING                                                                               \
	"SELECT id, account_id, epoch, state, instance_type, price_per_hour, price_mode,"     \
	" boot_id, started_boot, stop_at, calendar_at, lease_until, max_s, free_s_month FROM" \
	" session WHERE "
#define LIVE "state IN ('queued','starting','running','stopping')"

/* One owner's: none of them is older than the oldest that is live on the site,
 * which is the first of session_live; so few of the owner's rows are visited,
 * and none of anybody else's. By workspaces some would be missed: one that
 * stops may have a successor or a deleted workspace. */
int burning_each(struct db *db, struct str account_id, burning_fn *fn, void *arg)
{
	bool all = account_id.len == 0;
	struct q q = db_q(db, all ? BURNING LIVE " AND state <> 'queued'"
	                          : BURNING "account_id = ? AND seq >= (SELECT min(seq)"
	                                    " FROM session WHERE " LIVE ")"
	                                    " AND state IN ('starting','running','stopping')");
	int r;

	if (!all)
		q_str(&q, account_id);
	while ((r = q_row(&q)) > 0) {
		struct burning s = { 0 };

		q_get_text(&q, s.id, sizeof(s.id));
		q_get_text(&q, s.account_id, sizeof(s.account_id));
		s.epoch = (uint32_t)q_get_int(&q);
		if (session_state_parse(q_get_str(&q), &s.state) < 0)
			s.state = SESSION_STOPPING; /* not with those conditions */
		q_get_text(&q, s.instance_type, sizeof(s.instance_type));
		s.price_per_hour = q_get_int(&q);
		s.price_mode = str_is(q_get_str(&q), "follow") ? PRICE_FOLLOW : PRICE_KEEP;
		q_get_text(&q, s.boot_id, sizeof(s.boot_id));
		s.started_boot = (boot_ns)q_get_int(&q);
		s.stop_at = (boot_ns)q_get_int(&q);
		s.calendar_at = (boot_ns)q_get_int(&q);
		s.lease_until = (boot_ns)q_get_int(&q);
		s.max_s = (uint32_t)q_get_int(&q);
		s.free_s_month = (uint64_t)q_get_int(&q);
		fn(arg, &s);
	}
	return q_found(&q, r);
}

#define STORAGE_OPEN \
	"SELECT account_id, bytes, charged_us, coalesce(to_us, 0) FROM storage_span WHERE "

int storage_open_each(struct db *db, struct str account_id, storage_open_fn *fn, void *arg)
{
	bool all = account_id.len == 0;
	struct q q =
	    db_q(db, all ? STORAGE_OPEN "(to_us IS NULL OR to_us > charged_us) ORDER BY seq"
	                 : STORAGE_OPEN "account_id = ? AND (to_us IS NULL OR to_us >"
	                                " charged_us) ORDER BY seq");
	int r;

	if (!all)
		q_str(&q, account_id);
	while ((r = q_row(&q)) > 0) {
		struct storage_open s = { 0 };

		q_get_text(&q, s.account_id, sizeof(s.account_id));
		s.bytes = (uint64_t)q_get_int(&q);
		s.from = q_get_int(&q);
		s.to = q_get_int(&q);
		fn(arg, &s);
	}
	return q_found(&q, r);
}

int price_steps(struct db *db, const char *resource, wall_us from, struct price_step *ret,
                size_t room)
{
	struct q q =
	    db_q(db, "SELECT from_us, rate FROM price WHERE resource = ?1 AND from_us >="
	             " coalesce((SELECT max(from_us) FROM price WHERE resource = ?1"
	             " AND from_us <= ?2), 0) ORDER BY from_us, seq");
	size_t n = 0;
	int r;

	q_text(&q, resource);
	q_int(&q, from);
	while ((r = q_row(&q)) > 0) {
		struct price_step s = { .from = q_get_int(&q) };

		s.rate = q_get_int(&q);
		if (n && ret[n - 1].from == s.from)
			ret[n - 1] = s; /* the newer row of the same moment holds */
		else if (n < room)
			ret[n++] = s;
		else if (n && s.rate > ret[n - 1].rate)
			ret[n - 1].rate = s.rate; /* no room: rather too much than too little */
	}
	q_end(&q);
	return r < 0 ? r : (int)n;
}
