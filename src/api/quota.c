/* SPDX-License-Identifier: Apache-2.0 */
#include "api/quota.h"

#include <errno.h>

#include "api/catalogue.h"
#include "api/state.h"
#include "store/catalogue.h"
#include "store/workspaces.h"

int quota_load(struct db *db, const char *account_id, struct quota *ret, struct err *err)
{
	int r = plan_of_account(db, str_of(account_id), &ret->plan);

	if (r == 0)
		return ERR(err, -ENOENT, "there is no plan for the account");
	if (r > 0)
		r = plan_use_of(db, str_of(account_id), &ret->use);
	return r < 0 ? ERR(err, r, "plans") : 0;
}

/* For programs: which limit, how much, of what. */
static void put_data(struct call *c, const struct quota *q, enum plan_limit l)
{
	struct jsonw w = JSONW(&c->problem_data);

	buf_clear(&c->problem_data);
	jw_obj(&w);
	jw_kv_z(&w, "plan", q->plan.id);
	if (l == PLAN_SESSIONS) {
		jw_kv_z(&w, "limit", "sessions_max");
		jw_kv_u64(&w, "allowed", q->plan.sessions_max);
		jw_kv_u64(&w, "used", q->use.sessions);
	} else if (l == PLAN_STORAGE) {
		jw_kv_z(&w, "limit", "storage_bytes_max");
		jw_kv_u64(&w, "allowed", q->plan.storage_bytes_max);
		jw_kv_u64(&w, "used", q->use.storage_bytes);
	}
	jw_obj_end(&w);
}

int quota_refuse(struct call *c, const struct quota *q, enum plan_limit l,
                 const struct plan_want *want)
{
	char text[MESSAGE_MAX];

	if (l == PLAN_FINE)
		return 0;
	plan_explain(&q->plan, &c->core->cfg->deadlines, l, &q->use, want, text);
	put_data(c, q, l);
	return call_problem(c, PROBLEM_QUOTA, plan_limit_field(l), "%s", text);
}

int quota_workspace(struct db *db, struct call *c, const struct quota_asked *asked,
                    struct workspace *w, struct err *err)
{
	const struct core_cfg *cfg = c->core->cfg;
	struct plan_want want = { .bytes = w->storage_bytes };
	struct quota q;
	int r = quota_load(db, c->who.account_id, &q, err);

	if (r == 0 && !asked->type)
		r = catalogue_usual_type(db, cfg, &q.plan, c->now.wall, w->instance_type);
	if (r < 0)
		return r;
	if (!asked->auto_stop)
		w->auto_stop_s = plan_clamp_auto_stop(&q.plan, &cfg->deadlines, w->auto_stop_s);
	if (!w->instance_type[0])
		return call_problem(c, PROBLEM_INVALID_FIELD, "instance_type",
		                    "Choose an instance type.");
	want.type = w->instance_type;
	want.seconds = w->auto_stop_s;
	if (!plan_allows_type(&q.plan, w->instance_type))
		return quota_refuse(c, &q, PLAN_TYPE, &want);
	r = quota_refuse(c, &q, plan_check_auto_stop(&q.plan, &cfg->deadlines, w->auto_stop_s),
	                 &want);
	if (r < 0)
		return r;
	return quota_refuse(c, &q, plan_check_storage(&q.plan, &q.use, w->storage_bytes),
	                    &want);
}

int quota_let_go(struct db *db, struct call *c, struct err *err)
{
	struct str account = str_of(c->who.account_id);
	struct quota q;
	uint64_t kept;
	int r = quota_load(db, c->who.account_id, &q, err);

	while (r == 0) {
		r = workspaces_kept(db, account, c->now.wall, &kept);
		if (r < 0)
			return ERR(err, r, "kept workspaces");
		if (kept == 0 || plan_check_storage(&q.plan, &q.use, kept) == PLAN_FINE)
			return 0;
		r = workspace_let_go(db, account, c->now.wall, err);
	}
	return r;
}

int quota_restore(struct db *db, struct call *c, uint64_t bytes, struct err *err)
{
	const struct plan_want want = { .bytes = bytes };
	struct quota q;
	int r = quota_load(db, c->who.account_id, &q, err);

	return r < 0 ? r
	             : quota_refuse(c, &q, plan_check_storage(&q.plan, &q.use, bytes), &want);
}

int quota_change(struct db *db, struct call *c, const struct quota_asked *asked,
                 const struct workspace *have, const struct workspace *want, struct err *err)
{
	const struct deadline_rules *site = &c->core->cfg->deadlines;
	uint64_t more = asked->storage && want->storage_bytes > have->storage_bytes
	                    ? want->storage_bytes - have->storage_bytes
	                    : 0;
	const struct plan_want x = { want->instance_type, more, want->auto_stop_s };
	struct quota q;
	int r = quota_load(db, c->who.account_id, &q, err);

	if (r == 0 && asked->type && strcmp(want->instance_type, have->instance_type) != 0 &&
	    !plan_allows_type(&q.plan, want->instance_type))
		r = quota_refuse(c, &q, PLAN_TYPE, &x);
	if (r == 0 && asked->auto_stop && want->auto_stop_s != have->auto_stop_s)
		r = quota_refuse(c, &q, plan_check_auto_stop(&q.plan, site, want->auto_stop_s),
		                 &x);
	if (r == 0 && more)
		r = quota_refuse(c, &q, plan_check_storage(&q.plan, &q.use, more), &x);
	return r;
}
