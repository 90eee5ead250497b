/* SPDX-License-Identifier: Apache-2.0 */
/* Everybody's accounts, for administrators: plan, use, and what is over. */
#include <errno.h>
#include <stdio.h>

#include "api/do.h"
#include "api/show.h"
#include "api/state.h"
#include "store/accounts.h"
#include "store/catalogue.h"

#define OVER_MAX 3

/* What the account has beyond its plan: nothing is taken away for it. */
struct over {
	const struct plan *p;
	int64_t strangers; /* workspaces of types that are not in the plan */
};

static void on_type_use(void *arg, const char *type, int64_t n)
{
	struct over *o = arg;

	if (!plan_allows_type(o->p, type))
		o->strangers += n;
}

static void show_over(struct jsonw *w, const struct over *o, const struct plan_use *use)
{
	char text[MESSAGE_MAX];

	jw_key(w, "over");
	jw_arr(w);
	for (int l = PLAN_SESSIONS; l <= PLAN_STORAGE; l++)
		if (plan_over(o->p, use, (enum plan_limit)l, text))
			jw_z(w, text);
	if (o->strangers) {
		(void)snprintf(text, sizeof(text),
		               "%lld of the workspaces %s an instance type that the plan does "
		               "not include; what runs goes on, the next start needs another.",
		               (long long)o->strangers, o->strangers == 1 ? "has" : "have");
		jw_z(w, text);
	}
	jw_arr_end(w);
}

static int show_one(struct jsonw *w, struct db *db, const struct account *a)
{
	struct plan_use use = { 0 };
	struct plan p = { 0 };
	struct over o = { .p = &p };
	int r = plan_of_account(db, str_of(a->id), &p);

	if (r >= 0)
		r = plan_use_of(db, str_of(a->id), &use);
	if (r >= 0)
		r = type_use_of(db, str_of(a->id), on_type_use, &o);
	jw_obj(w);
	jw_kv_z(w, "id", a->id);
	jw_kv_z(w, "email", a->email);
	jw_kv_z(w, "name", a->name);
	jw_kv_bool(w, "admin", a->admin);
	jw_kv_time(w, "created_at", a->created);
	jw_kv_z(w, "plan", p.id);
	jw_kv_z(w, "plan_name", p.name);
	jw_kv_bool(w, "by_default", strcmp(a->plan_id, p.id) != 0);
	jw_kv_u64(w, "sessions", use.sessions);
	jw_kv_u64(w, "storage_bytes", use.storage_bytes);
	show_over(w, &o, &use);
	jw_obj_end(w);
	return r < 0 ? r : 0;
}

struct list_out {
	struct call *c;
	struct jsonw *w;
	struct page page;
	int result;
};

static void on_account(void *arg, const struct account *a, int64_t seq)
{
	struct list_out *o = arg;

	if (page_row(&o->page, seq) && show_one(o->w, store_reader(o->c->core->store), a) < 0)
		o->result = -EIO;
}

void do_admin_accounts(struct call *c)
{
	struct jsonw w = JSONW(&c->out);
	struct list_out o = { .c = c, .w = &w };
	struct str has = call_query(c, "q");
	struct list_of of;
	int64_t total = 0;

	if (!call_page(c, &o.page))
		return;
	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	of = call_list(c, &o.page);
	if (account_list(store_reader(c->core->store), &of, has, on_account, &o) < 0 ||
	    account_count_of(store_reader(c->core->store), has, &total) < 0 || o.result < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The accounts can't be read; try again.");
		return;
	}
	jw_arr_end(&w);
	page_next(&w, &o.page);
	jw_kv_i64(&w, "total", total);
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}

/* --- another plan --- */

static int tx_plan(struct db *db, struct call *c, struct err *err)
{
	struct str want = call_str(c, "plan");
	char detail[2 * PLAN_ID_MAX + 64];
	struct jsonw w = JSONW(&c->out);
	struct plan p = { 0 };
	struct account a;
	int r = account_by_id(db, c->path_id, &a);

	if (r == 0)
		return call_problem(
		    c, PROBLEM_NOT_FOUND, NULL,
		    "There is no such account. GET /api/v1/admin/accounts lists "
		    "them.");
	if (r > 0 && want.len)
		r = plan_get(db, want, &p);
	if (r < 0)
		return ERR(err, r, "plans");
	if (want.len && (r == 0 || p.retired))
		return call_problem(c, PROBLEM_INVALID_FIELD, "plan",
		                    "There is no such plan; GET /api/v1/plans lists them. An "
		                    "empty plan stands for the default one.");
	(void)snprintf(detail, sizeof(detail), "{\"from\":\"%s\",\"to\":\"%s\"}", a.plan_id,
	               p.id);
	r = account_set_plan(db, c->path_id, str_of(p.id), err);
	memcpy(a.plan_id, p.id, sizeof(a.plan_id));
	if (r >= 0)
		r = call_audit(db, c, a.id, detail, err);
	return r < 0 ? r : show_one(&w, db, &a);
}

void do_admin_account_change(struct call *c)
{
	c->path_id = arena_str(&c->arena, c->path_id);
	call_commit(c, tx_plan, NULL);
}
