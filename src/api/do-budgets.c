/* SPDX-License-Identifier: Apache-2.0 */
/* Budgets: one's own, and for administrators everybody's and the site's. */
#include <errno.h>
#include <stdio.h>

#include "api/budget-book.h"
#include "api/do.h"
#include "api/leases.h"
#include "api/show.h"
#include "base/rand.h"
#include "store/accounts.h"

/* What is asked for; of whom. */
struct wish {
	char account_id[ID_MAX]; /* BUDGET_SITE: the site's */
	money_micro amount;
	bool hard, admin, gone;
	struct str match; /* If-Match, or STR_NONE */
};

static void etag_of(const struct budget *b, char ret[ETAG_MAX])
{
	(void)snprintf(ret, ETAG_MAX, "\"%.28s.%u\"", b->id, b->version);
}

/* b NULL: there is no budget, only what is used. */
static void show_budget(struct jsonw *w, const struct budget_book *book, const struct budget *b,
                        const struct budget_view *v, boot_ns until, const char *email)
{
	money_micro used = v ? budget_used(v, book->now.boot) : 0;
	char etag[ETAG_MAX] = "";

	jw_obj(w);
	if (email) {
		jw_kv_z(w, "account_id", b && b->account_id[0] ? b->account_id : "site");
		jw_kv_z(w, "email", email[0] ? email : NULL);
	}
	jw_kv_z(w, "month", book->month.name);
	jw_kv_z(w, "currency", book->core_->cfg->currency);
	if (b)
		show_money(w, "amount", b->amount);
	else
		jw_kv_null(w, "amount");
	jw_kv_bool(w, "hard", b && b->hard);
	jw_kv_bool(w, "by_admin", b && b->by_admin);
	show_money(w, "used", used);
	show_money(w, "burn_per_hour", v ? budget_burn(v) : 0);
	if (b) {
		show_money(w, "left", b->amount - used);
		jw_kv_u64(w, "percent", budget_percent(used, b->amount));
		etag_of(b, etag);
	} else {
		jw_kv_null(w, "left");
		jw_kv_null(w, "percent");
	}
	show_time(w, "until",
	          b && until != BUDGET_NEVER ? clock_wall_of(&book->now, until) : 0);
	show_time(w, "updated_at", b ? b->updated : 0);
	jw_kv_z(w, "etag", b ? etag : NULL);
	jw_obj_end(w);
}

static void show_of(struct jsonw *w, const struct budget_book *b, struct str account_id,
                    const char *email)
{
	const struct book_owner *o = budget_book_owner(b, account_id);
	struct budget_view v = b->view;

	if (account_id.len == 0) {
		show_budget(w, b, b->has_site ? &b->site : NULL, &v,
		            b->has_site ? budget_until(&v, b->site.amount) : BUDGET_NEVER,
		            email);
		return;
	}
	if (o)
		v = budget_book_view(b, o);
	show_budget(w, b, o && o->has_budget ? &o->budget : NULL, o ? &v : NULL,
	            o && o->has_budget ? budget_until(&v, o->budget.amount) : BUDGET_NEVER,
	            email);
}

void do_budget(struct call *c)
{
	struct str account = str_of(c->who.account_id);
	const struct book_of of = { .account_id = account, .alone = true };
	struct jsonw w = JSONW(&c->out);
	struct budget_book b;

	if (budget_book_read(store_reader(c->core->store), c->core, &c->now, &of, &b, NULL) <
	    0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The budget can't be read; try again.");
		return;
	}
	show_of(&w, &b, account, NULL);
	if (budget_book_owner(&b, account) && budget_book_owner(&b, account)->has_budget)
		etag_of(&budget_book_owner(&b, account)->budget, c->etag);
	budget_book_fini(&b);
	call_reply(c, 200, CONTENT_JSON);
}

struct budgets_out {
	struct jsonw *w;
	struct budget_book *b;
};

static void on_budget(void *arg, const struct budget *budget, const char *email)
{
	struct budgets_out *o = arg;

	show_of(o->w, o->b, str_of(budget->account_id), email);
}

void do_budgets(struct call *c)
{
	struct db *db = store_reader(c->core->store);
	struct jsonw w = JSONW(&c->out);
	struct budget_book b;
	struct budgets_out o = { &w, &b };
	int r;

	if (budget_book_read(db, c->core, &c->now, &(struct book_of){ .account_id = STR("") },
	                     &b, NULL) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The budgets can't be read; try again.");
		return;
	}
	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	r = budget_list(db, on_budget, &o);
	jw_arr_end(&w);
	jw_kv_null(&w, "next");
	jw_obj_end(&w);
	budget_book_fini(&b);
	if (r < 0)
		call_fail(c, PROBLEM_INTERNAL, NULL, "The budgets can't be read; try again.");
	else
		call_reply(c, 200, CONTENT_JSON);
}

/* --- changes --- */

static int check(struct call *c, const struct wish *x, const struct budget *b, bool there)
{
	char etag[ETAG_MAX] = "";

	if (there)
		etag_of(b, etag);
	if (there && b->by_admin && !x->admin)
		return call_problem(c, PROBLEM_FORBIDDEN, NULL,
		                    "An administrator set this budget; only an administrator "
		                    "can change or remove it.");
	if (x->match.ptr && !str_is(x->match, "*") && !str_is(x->match, etag))
		return call_problem(c, PROBLEM_CHANGED, NULL,
		                    "The budget was changed meanwhile. Look at it again, then "
		                    "change it.");
	return 0;
}

static int put(struct db *db, struct call *c, struct budget *b, bool there, struct err *err)
{
	const struct wish *x = c->own;
	const struct book_of of = { .account_id = str_of(x->account_id) };
	const struct book_owner *o;
	struct budget_book book;
	struct budget_view v;
	int r;

	if (!there)
		rand_id("b", b->id);
	memcpy(b->account_id, x->account_id, sizeof(b->account_id));
	b->by_admin = b->account_id[0] && strcmp(b->account_id, c->who.account_id) != 0;
	b->hard = x->hard;
	b->updated = c->now.wall;
	r = budget_book_read(db, c->core, &c->now, &of, &book, err);
	if (r < 0)
		return r;
	o = budget_book_owner(&book, str_of(x->account_id));
	v = book.view;
	if (o)
		v = budget_book_view(&book, o);
	if (there && b->amount != x->amount)
		budget_realert(b->alerted, book.month.name,
		               budget_percent(budget_used(&v, book.now.boot), x->amount));
	b->amount = x->amount;
	budget_book_fini(&book);
	return budget_put(db, b, err);
}

static int tx_budget(struct db *db, struct call *c, struct err *err)
{
	const struct wish *x = c->own;
	const struct book_of of = { .account_id = str_of(x->account_id) };
	struct jsonw w = JSONW(&c->out);
	struct buf detail = BUF(256);
	struct jsonw d = JSONW(&detail);
	struct budget b = { 0 };
	struct budget_book book;
	struct account a;
	bool there;
	int r = x->account_id[0] ? account_by_id(db, str_of(x->account_id), &a) : 1;

	if (r <= 0)
		return r < 0 ? r
		             : call_problem(
		                   c, PROBLEM_NOT_FOUND, NULL,
		                   "There is no such account; GET /api/v1/admin/accounts "
		                   "lists them.");
	r = budget_get(db, str_of(x->account_id), &b);
	there = r > 0;
	if (r >= 0)
		r = check(c, x, &b, there);
	if (r == 0)
		r = x->gone ? budget_delete(db, str_of(x->account_id), err)
		            : put(db, c, &b, there, err);
	if (r < 0)
		return r;
	jw_obj(&d);
	if (!x->gone)
		show_money(&d, "amount", x->amount);
	jw_kv_bool(&d, "hard", x->hard);
	jw_obj_end(&d);
	r = call_audit_buf(db, c, x->account_id[0] ? x->account_id : "site", &detail, err);
	buf_fini(&detail);
	if (r < 0 || x->gone)
		return r;
	r = budget_book_read(db, c->core, &c->now, &of, &book, err);
	if (r < 0)
		return r;
	show_of(&w, &book, str_of(x->account_id), NULL);
	etag_of(&b, c->etag);
	budget_book_fini(&book);
	return 0;
}

/* Now: a lowered budget stops, a raised one gives room. */
static void after_budget(struct call *c)
{
	leases_load(c->core);
}

/* own: the caller's, whatever the path says. */
static struct wish *wish_new(struct call *c, bool own)
{
	struct wish *x = ARENA_NEW(&c->arena, struct wish);

	CHECK(x);
	c->own = x;
	x->admin = c->who.admin;
	if (own)
		memcpy(x->account_id, c->who.account_id, sizeof(x->account_id));
	else if (!str_is(c->path_id, "site"))
		(void)snprintf(x->account_id, sizeof(x->account_id), "%.*s",
		               STR_ARG(c->path_id));
	/* The head's slices may die with the request: keep what tx needs. */
	x->match = http_get(&c->req->head, "If-Match");
	if (x->match.ptr)
		x->match = arena_str(&c->arena, x->match);
	return x;
}

static void change(struct call *c, bool own)
{
	struct wish *x = wish_new(c, own);

	if (money_parse(call_str(c, "amount"), BUDGET_AMOUNT_MAX, &x->amount) < 0 ||
	    x->amount < 0) {
		call_fail(
		    c, PROBLEM_INVALID_FIELD, "amount",
		    "'amount' is money for a month like \"25\" or \"12.50\": not negative, "
		    "at most a thousand million, at most six decimals.");
		return;
	}
	x->hard = !call_has(c, "hard") || call_bool(c, "hard");
	call_commit(c, tx_budget, after_budget);
}

static void removal(struct call *c, bool own)
{
	wish_new(c, own)->gone = true;
	call_commit(c, tx_budget, after_budget);
}

void do_budget_put(struct call *c)
{
	change(c, true);
}

void do_budget_delete(struct call *c)
{
	removal(c, true);
}

void do_admin_budget_put(struct call *c)
{
	change(c, false);
}

void do_admin_budget_delete(struct call *c)
{
	removal(c, false);
}
