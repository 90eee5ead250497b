/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
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
#include "store/feed.h"
#include "store/prefs.h"
#include "store/workspaces.h"

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
	jw_kv_u64(w, "deleted_kept_seconds",
	          cfg->deleted_kept_s * US_PER_S > WORKSPACE_KEPT_MARGIN ? cfg->deleted_kept_s
	                                                                 : 0);
	jw_kv_u64(w, "storage_default_bytes", cfg->storage_default_bytes);
	jw_kv_u64(w, "storage_min_bytes", cfg->storage_min_bytes);
	jw_kv_u64(w, "storage_max_bytes", cfg->storage_max_bytes);
	jw_kv_z(w, "default_type", type);
	jw_kv_z(w, "default_image", cfg->default_image);
	jw_obj_end(w);
}

static void show_prefs(struct jsonw *w, const struct prefs *p)
{
	jw_key(w, "prefs");
	jw_obj(w);
	jw_kv_z(w, "language", p->language);
	jw_kv_bool(w, "one_key", p->one_key);
	jw_kv_bool(w, "tour_done", p->tour_done);
	jw_kv_z(w, "app", p->ide ? "ide" : "lab");
	jw_obj_end(w);
}

static void show_me(struct call *c, const struct account *a)
{
	const struct core *core = c->core;
	struct db *db = store_reader(core->store);
	bool told = a->admin && core->facts.known && core->facts.warnings[0];
	struct jsonw w = JSONW(&c->out);
	char type[TYPE_ID_MAX] = "", event_id[24];
	struct plan_use use = { 0 };
	struct prefs prefs = { .language = "system", .one_key = true };
	struct plan p = { 0 };
	int64_t first = 0, last = 0;

	/* Before all that is read: the events after it tell what has changed since. */
	if (event_range(db, &first, &last) < 0)
		last = 0;
	if (plan_of_account(db, str_of(a->id), &p) < 0 ||
	    plan_use_of(db, str_of(a->id), &use) < 0 ||
	    prefs_get(db, str_of(a->id), &prefs) < 0 ||
	    catalogue_usual_type(db, core->cfg, &p, c->now.wall, type) < 0)
		log_event(LOG_WARN, "plan_unread", LZ("user", a->id));
	jw_obj(&w);
	jw_key(&w, "account");
	show_account(&w, a);
	show_prefs(&w, &prefs);
	jw_kv_z(&w, "currency", core->cfg->currency);
	/* What is risky on the host is for those who can mend it. */
	jw_kv_raw(&w, "warnings", told ? str_of(core->facts.warnings) : STR("[]"));
	jw_kv_z(&w, "version", CARREL_VERSION);
	(void)snprintf(event_id, sizeof(event_id), "%lld", (long long)last);
	jw_kv_z(&w, "last_event_id", event_id);
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

/* Only what is asked for changes. */
static int tx_prefs(struct db *db, struct call *c, const struct account *a, struct err *err)
{
	struct str language = call_str(c, "language"), app = call_str(c, "app");
	struct prefs p;

	if (!language.ptr && !app.ptr && !call_has(c, "one_key") && !call_has(c, "tour_done"))
		return 0;
	if (prefs_get(db, str_of(a->id), &p) < 0)
		return ERR(err, -EIO, "The settings can't be read.");
	if (language.ptr)
		(void)snprintf(p.language, sizeof(p.language), "%.*s", STR_ARG(language));
	if (call_has(c, "one_key"))
		p.one_key = call_bool(c, "one_key");
	if (call_has(c, "tour_done"))
		p.tour_done = call_bool(c, "tour_done");
	if (app.ptr)
		p.ide = str_is(app, "ide");
	return prefs_put(db, str_of(a->id), &p, err);
}

static bool language_ok(struct str s)
{
	if (str_is(s, "system"))
		return true;
	return s.len == 2 && s.ptr[0] >= 'a' && s.ptr[0] <= 'z' && s.ptr[1] >= 'a' &&
	       s.ptr[1] <= 'z';
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
	if (r == 0)
		r = tx_prefs(db, c, &a, err);
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
	struct str name = call_str(c, "name"), theme = call_str(c, "theme"),
	           app = call_str(c, "app");
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
	if (call_str(c, "language").ptr && !language_ok(call_str(c, "language"))) {
		call_fail(c, PROBLEM_INVALID_FIELD, "language",
		          "'language' is system or a language's two letters, like de.");
		return;
	}
	if (app.ptr && !str_is(app, "lab") && !str_is(app, "ide")) {
		call_fail(c, PROBLEM_INVALID_FIELD, "app", "'app' is lab or ide.");
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
