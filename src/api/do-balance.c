/* SPDX-License-Identifier: Apache-2.0 */
/* Where one stands this month, and what a start would cost. */
#include <errno.h>
#include <stdio.h>

#include "api/budget-book.h"
#include "api/catalogue.h"
#include "api/do.h"
#include "api/live.h"
#include "api/recents.h"
#include "api/show.h"
#include "store/catalogue.h"
#include "store/workspaces.h"

/* A budget as balance and estimate show it; o NULL: nothing is known of it. */
static void show_left(struct jsonw *w, const struct budget_book *b, const struct book_owner *o,
                      money_micro used)
{
	if (!o || !o->has_budget) {
		jw_kv_null(w, "budget");
		return;
	}
	jw_key(w, "budget");
	jw_obj(w);
	show_money(w, "amount", o->budget.amount);
	jw_kv_bool(w, "hard", o->budget.hard);
	jw_kv_bool(w, "by_admin", o->budget.by_admin);
	show_money(w, "left", o->budget.amount - used);
	jw_kv_u64(w, "percent", budget_percent(used, o->budget.amount));
	show_time(w, "until", o->until != BUDGET_NEVER ? clock_wall_of(&b->now, o->until) : 0);
	jw_obj_end(w);
}

/* The first of the hard budgets that ends what costs. */
static void show_end(struct jsonw *w, const struct budget_book *b, const struct book_owner *o)
{
	boot_ns mine = o ? o->until : BUDGET_NEVER;
	boot_ns until = mine < b->site_until ? mine : b->site_until;

	show_time(w, "ends_at", until != BUDGET_NEVER ? clock_wall_of(&b->now, until) : 0);
	jw_kv_z(w, "ends_by",
	        until == BUDGET_NEVER   ? NULL
	        : mine <= b->site_until ? "budget"
	                                : "site");
}

/* What of the free time is neither charged nor running out just now. */
static uint64_t free_left(const struct budget_book *b, const struct budget_view *v,
                          const struct book_owner *o)
{
	uint64_t left = b->sums[o->at].free_ns;

	for (size_t i = 0; i < v->n && left; i++) {
		const struct budget_piece *p = &v->pieces[i];
		boot_ns end = p->to < b->now.boot ? p->to : b->now.boot;
		uint64_t ns = p->compute && end > p->from ? end - p->from : 0;

		left -= ns < left ? ns : left;
	}
	return left / NS_PER_S;
}

static void sooner(boot_ns *at, boot_ns other)
{
	if (other && other < *at)
		*at = other;
}

/* The first of its clocks. What the shim said last is newer than the row; a row
 * of another boot has only its length. One that stops is as good as stopped. */
static boot_ns stops_at(void *arg, const struct burning *s)
{
	const struct call *c = arg;
	const struct live *l = live_find(c->core, str_of(s->id));
	bool told = l && l->epoch == s->epoch && l->has_activity && s->state == SESSION_RUNNING;
	bool here = strcmp(s->boot_id, c->now.boot_id) == 0;
	boot_ns begun = here && s->started_boot ? s->started_boot : c->now.boot;
	boot_ns at = BUDGET_NEVER;

	if (s->state == SESSION_STOPPING)
		return c->now.boot;
	if (s->max_s)
		sooner(&at, begun + s->max_s * NS_PER_S);
	if (here) {
		sooner(&at, told ? l->stop_at : s->stop_at);
		sooner(&at, s->calendar_at);
		sooner(&at, s->lease_until);
	}
	return at;
}

static void put_balance(struct jsonw *w, const struct budget_book *b,
                        const struct book_owner *o, money_micro credit, bool expected)
{
	struct budget_view v = { 0 };
	money_micro used = 0, closed = 0;

	if (o) {
		v = budget_book_view(b, o);
		used = budget_used(&v, b->now.boot);
		closed = b->sums[o->at].used;
	}
	jw_obj(w);
	jw_kv_z(w, "month", b->month.name);
	jw_kv_time(w, "month_ends_at", b->month.to);
	jw_kv_z(w, "currency", b->core_->cfg->currency);
	show_money(w, "used", closed);
	show_money(w, "open", used - closed);
	show_money(w, "credit", credit);
	jw_kv_u64(w, "free_seconds_left", o ? free_left(b, &v, o) : 0);
	show_money(w, "burn_per_hour", o ? budget_burn(&v) : 0);
	if (expected)
		show_money(w, "expected", o ? budget_book_expected(b, o) : 0);
	show_left(w, b, o, used);
	show_end(w, b, o);
	jw_obj_end(w);
}

int show_balance(struct jsonw *w, struct call *c, bool expected)
{
	struct db *db = store_reader(c->core->store);
	struct str account = str_of(c->who.account_id);
	const struct book_of of = { .account_id = account,
		                    .alone = true,
		                    .stops = expected ? stops_at : NULL,
		                    .stops_arg = c };
	money_micro credit = 0;
	struct budget_book b;

	if (budget_book_read(db, c->core, &c->now, &of, &b, NULL) < 0)
		return -EIO;
	if (credit_left(db, account, &credit) < 0) {
		budget_book_fini(&b);
		return -EIO;
	}
	put_balance(w, &b, budget_book_owner(&b, account), credit, expected);
	budget_book_fini(&b);
	return 0;
}

void do_balance(struct call *c)
{
	struct jsonw w = JSONW(&c->out);

	if (show_balance(&w, c, false) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The balance can't be read; try again.");
		return;
	}
	call_reply(c, 200, CONTENT_JSON);
}

/* --- what a start would cost --- */

struct question {
	struct instance_type type;
	enum price_mode mode;
	uint32_t free_s_month;
	uint64_t storage_bytes;
	uint32_t auto_stop_s, max_s;
};

static money_micro storage_month(struct db *db, wall_us now, uint64_t bytes)
{
	money_micro rate = 0, amount = 0;

	if (price_at(db, STR(RESOURCE_STORAGE), now, &rate, NULL) <= 0 ||
	    money_of_storage(rate, bytes, UINT64_C(730) * 3600 * (uint64_t)US_PER_S, &amount) <
	        0)
		return 0;
	return amount;
}

static void show_cost(struct jsonw *w, const char *key, money_micro rate, uint64_t seconds)
{
	money_micro m = 0;

	if (money_of(rate, seconds * NS_PER_S, &m) == 0)
		show_money(w, key, m);
	else
		jw_kv_null(w, key);
}

static const char *note_of(const struct budget_book *b, const struct book_owner *o,
                           const struct question *q, money_micro used)
{
	boot_ns mine = o ? o->until : BUDGET_NEVER;
	boot_ns until = mine < b->site_until ? mine : b->site_until;
	boot_ns least = b->now.boot + (BUDGET_LEAD_S + BUDGET_START_MIN_S) * NS_PER_S;
	money_micro cost = 0;

	if (q->type.price_per_hour == 0)
		return "It costs nothing while it runs.";
	if (until < least)
		return mine < least
		           ? "Your budget of this month is used up: it would not start."
		           : "The site's budget of this month is used up: it would not "
		             "start.";
	if (until < b->now.boot + q->max_s * NS_PER_S)
		return mine <= b->site_until
		           ? "Your budget ends before the longest session does: it would stop "
		             "then, and so would all else of yours that costs. Files stay."
		           : "The site's budget ends before the longest session does: it would "
		             "stop then. Files stay.";
	if (o && o->has_budget && !o->budget.hard &&
	    money_of(q->type.price_per_hour, q->max_s * NS_PER_S, &cost) == 0 &&
	    used + cost > o->budget.amount)
		return "The longest session would go over your budget; you would be told, "
		       "nothing "
		       "would stop.";
	return NULL;
}

static void estimate(struct call *c, const struct question *q)
{
	struct db *db = store_reader(c->core->store);
	struct session s = { .state = SESSION_QUEUED,
		             .price_per_hour = q->type.price_per_hour,
		             .price_mode = q->mode,
		             .free_s_month = q->free_s_month };
	struct str account = str_of(c->who.account_id);
	const struct book_of of = { .account_id = account, .extra = &s, .alone = true };
	struct jsonw w = JSONW(&c->out);
	const struct book_owner *o;
	struct budget_view v;
	struct budget_book b;
	money_micro used;
	const char *note;

	memcpy(s.account_id, c->who.account_id, sizeof(s.account_id));
	memcpy(s.instance_type, q->type.id, sizeof(s.instance_type));
	if (budget_book_read(db, c->core, &c->now, &of, &b, NULL) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The estimate can't be made; try again.");
		return;
	}
	o = budget_book_owner(&b, account);
	v = budget_book_view(&b, o);
	used = budget_used(&v, b.now.boot);
	note = note_of(&b, o, q, used);
	jw_obj(&w);
	jw_kv_z(&w, "instance_type", q->type.id);
	jw_kv_z(&w, "currency", c->core->cfg->currency);
	show_money(&w, "price_per_hour", q->type.price_per_hour);
	show_money(&w, "storage_per_month", storage_month(db, c->now.wall, q->storage_bytes));
	show_cost(&w, "until_auto_stop", q->type.price_per_hour, q->auto_stop_s);
	show_cost(&w, "until_maximum", q->type.price_per_hour, q->max_s);
	jw_kv_u64(&w, "auto_stop_seconds", q->auto_stop_s);
	jw_kv_u64(&w, "max_seconds", q->max_s);
	if (o->has_budget)
		show_money(&w, "budget_left", o->budget.amount - used);
	else
		jw_kv_null(&w, "budget_left");
	jw_kv_u64(&w, "free_seconds_left", free_left(&b, &v, o));
	show_end(&w, &b, o);
	jw_kv_bool(&w, "over_budget", note && q->type.price_per_hour > 0);
	jw_kv_z(&w, "note", note);
	jw_obj_end(&w);
	budget_book_fini(&b);
	call_reply(c, 200, CONTENT_JSON);
}

static bool take_type(struct call *c, const char *absent, struct question *q)
{
	struct str wish = call_query(c, "instance_type");
	char id[TYPE_ID_MAX];
	struct plan plan;

	(void)snprintf(id, sizeof(id), "%.*s", wish.ptr ? (int)wish.len : (int)strlen(absent),
	               wish.ptr ? wish.ptr : absent);
	if (!core_type(c->core, id, &q->type)) {
		call_fail(
		    c, PROBLEM_INVALID_FIELD, "instance_type",
		    "There is no such instance type; GET /api/v1/instance-types lists them.");
		return false;
	}
	if (plan_of_account(store_reader(c->core->store), str_of(c->who.account_id), &plan) >
	    0) {
		q->mode = plan.price_mode;
		q->free_s_month = plan.free_s_month;
		q->max_s = plan_session_max(&plan, &c->core->cfg->deadlines).max_s;
	}
	return true;
}

void do_workspace_estimate(struct call *c)
{
	struct question q = { .max_s = c->core->cfg->deadlines.max_s };
	struct workspace_view v;

	if (workspace_get(store_reader(c->core->store), str_of(c->who.account_id), c->path_id,
	                  &v) <= 0) {
		call_not_found(c);
		return;
	}
	q.storage_bytes = v.w.storage_bytes;
	q.auto_stop_s = v.w.auto_stop_s;
	if (!take_type(c, v.w.instance_type, &q))
		return;
	if (v.w.max_s && v.w.max_s < q.max_s)
		q.max_s = v.w.max_s;
	estimate(c, &q);
}

void do_estimate(struct call *c)
{
	const struct core_cfg *cfg = c->core->cfg;
	struct question q = { .max_s = cfg->deadlines.max_s,
		              .auto_stop_s = cfg->deadlines.auto_stop_default_s,
		              .storage_bytes = cfg->storage_default_bytes };
	struct str storage = call_query(c, "storage_bytes"),
	           auto_stop = call_query(c, "auto_stop_seconds");
	uint64_t n;

	if (storage.ptr && str_to_u64(storage, 0, UINT64_MAX, &n) == 0)
		q.storage_bytes = n;
	if (auto_stop.ptr && str_to_u64(auto_stop, 0, UINT32_MAX, &n) == 0)
		q.auto_stop_s = (uint32_t)n;
	if (take_type(c, cfg->default_type, &q))
		estimate(c, &q);
}
