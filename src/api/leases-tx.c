/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/budget-book.h"
#include "api/call.h"
#include "api/leases-priv.h"
#include "base/json.h"
#include "store/accounts.h"
#include "store/notices.h"
#include "store/sessions.h"

/* --- leases --- */

static int move_leases(struct db *db, struct lease_job *x, const struct budget_book *b,
                       struct err *err)
{
	for (size_t i = 0; i < b->nruns; i++) {
		const struct book_run *s = &b->runs[i];
		boot_ns lease = budget_book_lease(b, s);
		struct lease_moved *m;
		int r;

		if (!budget_lease_moved(s->lease_until, lease, x->now.boot))
			continue;
		r = session_set_lease(db, str_of(s->id), s->epoch, lease, err);
		if (r < 0)
			return r;
		x->moved = budget_grow(x->moved, x->nmoved, &x->room_moved, sizeof(*x->moved));
		m = &x->moved[x->nmoved++];
		memcpy(m->id, s->id, sizeof(m->id));
		m->lease = lease;
	}
	return 0;
}

/* --- alerts --- */

struct alert {
	struct db *db;
	struct lease_job *job;
	const struct budget *budget;
	struct str data;
	struct err *err;
	int result;
};

static int alert_one(struct alert *a, const char *account_id)
{
	struct lease_job *x = a->job;
	int r = notice_add(a->db, account_id, "budget", a->budget->id, a->data, x->now.wall,
	                   a->err);

	if (r < 0)
		return r;
	x->told = budget_grow(x->told, x->ntold, &x->room_told, sizeof(*x->told));
	(void)snprintf(x->told[x->ntold++].id, ID_MAX, "%s", account_id);
	return 0;
}

static void alert_admin(void *arg, const struct account *acc, int64_t seq)
{
	struct alert *a = arg;

	if (acc->admin && a->result == 0)
		a->result = alert_one(a, acc->id);
}

static void put_money(struct jsonw *w, const char *key, money_micro m)
{
	char text[MONEY_TEXT_MAX];

	money_text(m, text);
	jw_kv_z(w, key, text);
}

static void put_alert(struct jsonw *w, const struct lease_job *x,
                      const struct budget_book *book, const struct budget *b, money_micro used,
                      unsigned percent)
{
	const char *currency = x->core->cfg->currency;
	char amount[MONEY_TEXT_MAX], text[400];
	int n;

	money_text(b->amount, amount); /* as it was typed */
	n = snprintf(
	    text, sizeof(text), "%u %% of %s budget of %s %s for %s is used.%s", percent,
	    b->account_id[0] ? "your" : "the site's", amount, currency, book->month.name,
	    !b->hard         ? " Nothing is stopped: it is there to tell you."
	    : percent >= 100 ? " What costs is stopped; files stay."
	                     : " When it is used up, what costs is stopped; files stay.");
	jw_obj(w);
	jw_kv_str(w, "text", (struct str){ text, (size_t)n });
	jw_kv_u64(w, "percent", percent);
	jw_kv_z(w, "month", book->month.name);
	put_money(w, "used", used);
	put_money(w, "amount", b->amount);
	jw_kv_z(w, "currency", currency);
	jw_kv_bool(w, "hard", b->hard);
	jw_kv_bool(w, "site", b->account_id[0] == '\0');
	jw_obj_end(w);
}

/* The owner is told; of the site's budget, every administrator. */
static int alert(struct db *db, struct lease_job *x, const struct budget_book *book,
                 struct budget *b, money_micro used, unsigned percent, struct err *err)
{
	struct buf data = BUF(2048);
	struct jsonw w = JSONW(&data);
	struct alert a = { .db = db, .job = x, .budget = b, .err = err };
	struct list_of all = { STR(""), INT64_MAX, INT32_MAX };

	put_alert(&w, x, book, b, used, percent);
	a.data = buf_str(&data);
	if (b->account_id[0])
		a.result = alert_one(&a, b->account_id);
	else if (account_list(db, &all, STR_NONE, alert_admin, &a) < 0)
		a.result = -EIO;
	buf_fini(&data);
	if (a.result < 0)
		return a.result;
	budget_alerted(b->alerted, book->month.name, percent);
	return budget_set_alerted(db, b, err);
}

static int alert_if_due(struct db *db, struct lease_job *x, const struct budget_book *book,
                        struct budget *b, const struct budget_view *v, struct err *err)
{
	money_micro used = budget_used(v, x->now.boot);
	unsigned due =
	    budget_alert_due(b->alerted, book->month.name, budget_percent(used, b->amount));

	return due ? alert(db, x, book, b, used, due, err) : 0;
}

static int alerts(struct db *db, struct lease_job *x, struct budget_book *b, struct err *err)
{
	int r = b->has_site ? alert_if_due(db, x, b, &b->site, &b->view, err) : 0;

	for (size_t i = 0; i < b->nowners && r == 0; i++) {
		struct budget_view one = budget_book_view(b, b->owner[i]);

		if (b->owner[i]->has_budget)
			r = alert_if_due(db, x, b, &b->owner[i]->budget, &one, err);
	}
	return r;
}

int lease_run(struct db *db, struct store_job *j, struct err *err)
{
	struct lease_job *x = CONTAINER_OF(j, struct lease_job, job);
	const struct book_of of = { .account_id = str_of(x->account_id) };
	struct budget_book b = { 0 };
	int64_t all = 0, hard = 0;
	int r = budget_count(db, &all, &hard);

	x->nmoved = x->ntold = 0;
	if (r > 0)
		r = budget_book_read(db, x->core, &x->now, &of, &b, err);
	if (r < 0)
		return r;
	x->any = all > 0;
	x->site_hard = b.has_site && b.site.hard;
	x->site_left = x->site_hard ? b.site.amount - budget_used(&b.view, x->now.boot) : 0;
	x->site_burn = budget_burn(&b.view);
	r = move_leases(db, x, &b, err);
	if (r == 0)
		r = alerts(db, x, &b, err);
	budget_book_fini(&b);
	return r;
}

/* --- admission --- */

static int refuse(struct call *c, const struct budget_book *b, const struct budget *budget,
                  const struct budget_view *v)
{
	money_micro left = budget->amount - budget_used(v, b->now.boot);
	char amount[MONEY_TEXT_MAX], rest[MONEY_TEXT_MAX], burn[MONEY_TEXT_MAX];
	const char *currency = c->core->cfg->currency;

	money_text(budget->amount, amount); /* as it was typed; the others are counted */
	money_cents(left > 0 ? left : 0, rest);
	money_cents(budget_burn(v), burn);
	return call_problem(
	    c, PROBLEM_BUDGET, NULL,
	    "%s budget of %s %s for %s has %s %s left; with this session %s %s per hour would "
	    "run "
	    "on it. %s An instance type that costs nothing starts all the same.",
	    budget->account_id[0] ? "Your" : "The site's", amount, currency, b->month.name,
	    rest, currency, burn, currency,
	    !budget->account_id[0] ? "An administrator can raise it."
	    : budget->by_admin && !c->who.admin
	        ? "An administrator set it and can raise it."
	        : "Raise it under Usage or with carrel budget set, or wait "
	          "for the next month.");
}

int leases_admit(struct db *db, struct call *c, const struct session *s, struct err *err)
{
	boot_ns need = c->now.boot + (BUDGET_LEAD_S + BUDGET_START_MIN_S) * NS_PER_S;
	const struct book_of of = { .account_id = str_of(s->account_id),
		                    .extra = s->state == SESSION_QUEUED ? s : NULL };
	const struct book_owner *o;
	struct budget_book b;
	struct budget_view v;
	int64_t all = 0, hard = 0;
	bool burns = false;
	int r = budget_count(db, &all, &hard);

	if (r < 0)
		return ERR(err, r, "budgets");
	if (hard == 0)
		return 0;
	r = budget_book_read(db, c->core, &c->now, &of, &b, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < b.nruns; i++)
		if (strcmp(b.runs[i].id, s->id) == 0)
			burns = b.runs[i].burns;
	o = budget_book_owner(&b, str_of(s->account_id));
	if (burns && o && o->until < need) {
		v = budget_book_view(&b, o);
		r = refuse(c, &b, &o->budget, &v);
	} else if (burns && b.site_until < need) {
		r = refuse(c, &b, &b.site, &b.view);
	}
	budget_book_fini(&b);
	return r;
}
