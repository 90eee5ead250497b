/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "api/catalogue.h"
#include "api/do.h"
#include "api/offer-json.h"
#include "api/show.h"
#include "api/state.h"
#include "auth/password.h"
#include "base/log.h"
#include "core/name.h"
#include "store/accounts.h"
#include "store/catalogue.h"

/* What holds for this account: the narrower of its plan and the site. */
static void show_limits(struct jsonw *w, const struct core_cfg *cfg, const struct plan *p,
                        const char *type)
{
	struct plan_range stop = plan_auto_stop(p, &cfg->deadlines);

	jw_key(w, "limits");
	jw_obj(w);
	jw_kv_u64(w, "auto_stop_default_seconds",
	          plan_clamp_auto_stop(p, &cfg->deadlines, cfg->deadlines.auto_stop_default_s));
	jw_kv_u64(w, "auto_stop_min_seconds", stop.min_s);
	jw_kv_u64(w, "auto_stop_max_seconds", stop.max_s);
	jw_kv_u64(w, "session_max_seconds", plan_session_max(p, &cfg->deadlines).max_s);
	jw_kv_u64(w, "storage_default_bytes", cfg->storage_default_bytes);
	jw_kv_u64(w, "storage_min_bytes", cfg->storage_min_bytes);
	jw_kv_u64(w, "storage_max_bytes", cfg->storage_max_bytes);
	jw_kv_z(w, "default_type", type);
	jw_kv_z(w, "default_image", cfg->default_image);
	jw_obj_end(w);
}

static void show_me(struct call *c, const struct account *a)
{
	const struct core *core = c->core;
	struct db *db = store_reader(core->store);
	bool told = a->admin && core->facts.known && core->facts.warnings[0];
	struct jsonw w = JSONW(&c->out);
	char type[TYPE_ID_MAX] = "";
	struct plan_use use = { 0 };
	struct plan p = { 0 };

	if (plan_of_account(db, str_of(a->id), &p) < 0 ||
	    plan_use_of(db, str_of(a->id), &use) < 0 ||
	    catalogue_usual_type(db, core->cfg, &p, c->now.wall, type) < 0)
		log_event(LOG_WARN, "plan_unread", LZ("user", a->id));
	jw_obj(&w);
	jw_key(&w, "account");
	show_account(&w, a);
	jw_kv_z(&w, "currency", core->cfg->currency);
	/* What is risky on the host is for those who can mend it. */
	jw_kv_raw(&w, "warnings", told ? str_of(core->facts.warnings) : STR("[]"));
	jw_kv_z(&w, "version", CARREL_VERSION);
	show_limits(&w, core->cfg, &p, type);
	jw_key(&w, "plan");
	plan_show(&w, &p);
	jw_key(&w, "use");
	jw_obj(&w);
	jw_kv_u64(&w, "sessions", use.sessions);
	jw_kv_u64(&w, "storage_bytes", use.storage_bytes);
	jw_obj_end(&w);
	jw_obj_end(&w);
}

void do_me(struct call *c)
{
	struct account a;

	if (account_by_id(store_reader(c->core->store), str_of(c->who.account_id), &a) <= 0) {
		call_not_found(c);
		return;
	}
	show_me(c, &a);
	call_reply(c, 200, CONTENT_JSON);
}

static int tx_me(struct db *db, struct call *c, struct err *err)
{
	struct str name = call_str(c, "name"), theme = call_str(c, "theme");
	struct account a;
	int r = account_by_id(db, str_of(c->who.account_id), &a);

	if (r <= 0)
		return call_problem(c, PROBLEM_NOT_FOUND, NULL, "The account is gone.");
	if (name.ptr)
		(void)snprintf(a.name, sizeof(a.name), "%.*s", STR_ARG(name));
	if (theme.ptr)
		(void)snprintf(a.theme, sizeof(a.theme), "%.*s", STR_ARG(theme));
	r = account_update(db, &a, err);
	return r < 0 ? r : call_audit(db, c, a.id, "", err);
}

static void after_me(struct call *c)
{
	struct account a;

	if (account_by_id(store_reader(c->core->store), str_of(c->who.account_id), &a) > 0)
		show_me(c, &a);
}

void do_me_change(struct call *c)
{
	struct str name = call_str(c, "name"), theme = call_str(c, "theme");
	struct err err = ERR_NONE;

	if (name.ptr && name_check(name, &err) < 0) {
		call_fail(c, PROBLEM_INVALID_FIELD, "name", "%s", err.msg);
		return;
	}
	if (theme.ptr && !str_is(theme, "light") && !str_is(theme, "dark") &&
	    !str_is(theme, "system")) {
		call_fail(c, PROBLEM_INVALID_FIELD, "theme",
		          "'theme' is light, dark or system.");
		return;
	}
	call_commit(c, tx_me, after_me);
}

/* --- password: verify the present one, hash the new one, write --- */

struct password_try {
	struct call *c;
	struct password_job job;
};

static int tx_password(struct db *db, struct call *c, struct err *err)
{
	struct password_try *t = c->own;
	struct account a;
	int r = account_by_id(db, str_of(c->who.account_id), &a);

	if (r <= 0)
		return call_problem(c, PROBLEM_NOT_FOUND, NULL, "The account is gone.");
	memcpy(a.password, t->job.hash, sizeof(a.password));
	r = account_update(db, &a, err);
	/* Whoever signed in with the old one has to show the new one. */
	if (r == 0)
		r = login_delete_others(db, str_of(a.id), str_of(c->who.login_id), err);
	return r < 0 ? r : call_audit(db, c, a.id, "", err);
}

static void on_hashed(struct password_job *j)
{
	struct password_try *t = CONTAINER_OF(j, struct password_try, job);

	t->c->in_flight = false;
	if (!j->ok)
		call_fail(t->c, PROBLEM_BUSY, NULL,
		          "There is no memory for it just now; try again.");
	else
		call_commit(t->c, tx_password, NULL);
}

static void submit(struct password_try *t, enum password_want want, struct str password,
                   void (*done)(struct password_job *j))
{
	t->job.want = want;
	t->job.done = done;
	password_set(&t->job, password);
	t->c->in_flight = true;
	if (password_submit(t->c->core->passwords, &t->job) < 0) {
		t->c->in_flight = false;
		call_fail(t->c, PROBLEM_BUSY, NULL, "Many are signing in just now; try again.");
	}
}

static void on_verified(struct password_job *j)
{
	struct password_try *t = CONTAINER_OF(j, struct password_try, job);
	struct call *c = t->c;

	c->in_flight = false;
	if (!j->ok) {
		call_fail(c, PROBLEM_INVALID_FIELD, "current",
		          "The present password is not right.");
		return;
	}
	limit_refund(&c->core->by_account, str_of(c->who.email), ev_now_ms(c->core->ev));
	submit(t, PASSWORD_HASH, call_str(c, "new"), on_hashed);
}

void do_password(struct call *c)
{
	struct password_try *t = ARENA_NEW(&c->arena, struct password_try);
	struct err err = ERR_NONE;
	struct account a;
	unsigned wait = 0;

	CHECK(t);
	t->c = c;
	c->own = t;
	if (password_check(call_str(c, "new"), &err) < 0) {
		call_fail(c, PROBLEM_INVALID_FIELD, "new", "%s", err.msg);
		return;
	}
	if (account_by_id(store_reader(c->core->store), str_of(c->who.account_id), &a) <= 0) {
		call_not_found(c);
		return;
	}
	if (!a.password[0]) {
		submit(t, PASSWORD_HASH, call_str(c, "new"), on_hashed);
		return;
	}
	if (!limit_take(&c->core->by_account, str_of(a.email), ev_now_ms(c->core->ev), &wait)) {
		c->retry_after_s = wait;
		call_fail(c, PROBLEM_RATE, NULL, "Too many attempts; wait %u seconds.", wait);
		return;
	}
	memcpy(t->job.hash, a.password, sizeof(t->job.hash));
	submit(t, PASSWORD_VERIFY, call_str(c, "current"), on_verified);
}
