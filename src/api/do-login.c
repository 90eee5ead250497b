/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing in and out. Whatever was wrong (no such account, no password set,
 * wrong or used code) gives one answer, after the same work: a password is
 * always hashed once, a code is always looked up in a transaction.
 */
#include <errno.h>
#include <stdio.h>

#include "api/books.h"
#include "api/call-auth.h"
#include "api/do.h"
#include "api/show.h"
#include "api/state.h"
#include "auth/password.h"
#include "auth/secret.h"
#include "base/rand.h"
#include "core/name.h"
#include "store/accounts.h"

struct login_try {
	struct call *c;
	struct password_job job;
	bool by_code, want_token;
	uint8_t code[HASH_LEN];
	bool code_ok; /* has the form of one */
	char email[EMAIL_MAX + 1];
	char account_id[ID_MAX]; /* whose password matched */
};

static int bad(struct call *c)
{
	return call_problem(c, PROBLEM_BAD_CREDENTIALS, NULL,
	                    "The code or password is not right, or the code was used or is too "
	                    "old. `carrel admin sign-in-code` on the server makes a new code.");
}

static int open_login(struct db *db, struct call *c, const struct account *a, struct err *err)
{
	struct login l = { .expiry =
		               expiry_from(&c->now, c->core->cfg->login_days * 86400ULL) };
	char secret[SECRET_LEN + 1];
	uint8_t hash[HASH_LEN];
	struct jsonw w = JSONW(&c->out);
	int r;

	rand_id("l", l.id);
	memcpy(l.account_id, a->id, sizeof(l.account_id));
	secret_make(secret, hash);
	r = login_insert(db, &l, hash, err);
	if (r < 0)
		return r;
	(void)snprintf(c->cookie, sizeof(c->cookie),
	               "__Host-s=%s; Path=/; Max-Age=%u; Secure; HttpOnly; SameSite=Lax",
	               secret, c->core->cfg->login_days * 86400U);
	jw_obj(&w);
	jw_key(&w, "account");
	show_account(&w, a);
	jw_obj_end(&w);
	c->status = 200;
	return 0;
}

/* As the account from here on: for the audit row. */
static void become(struct call *c, const struct account *a)
{
	memcpy(c->who.account_id, a->id, sizeof(c->who.account_id));
}

static int tx_login(struct db *db, struct call *c, struct err *err)
{
	struct login_try *t = c->own;
	struct account a = { 0 };
	struct expiry e = { 0 };
	struct token_wish wish = { NULL, call_str(c, "name"), "account",
		                   (uint64_t)call_int(c, "expires_in_seconds",
		                                      TOKEN_TTL_DEFAULT_S) };
	int r;

	if (t->by_code) {
		r = code_take(db, t->code, &a, &e);
		if (r > 0 && (!t->code_ok || !expiry_valid(&e, &c->now)))
			r = 0;
	} else {
		r = t->account_id[0] ? account_by_id(db, str_of(t->account_id), &a) : 0;
	}
	if (r < 0)
		return ERR(err, r, "sign-in");
	if (r == 0)
		return bad(c);
	wish.account_id = a.id;
	if (t->want_token)
		r = token_mint(db, c, &wish, err);
	else
		r = open_login(db, c, &a, err);
	if (r < 0)
		return r;
	become(c, &a);
	r = call_audit(db, c, a.id, t->by_code ? "{\"by\":\"code\"}" : "{\"by\":\"password\"}",
	               err);
	c->who.account_id[0] = '\0'; /* the idempotency row is nobody's: he had not signed in */
	return r;
}

static void after_login(struct call *c)
{
	struct login_try *t = c->own;
	mono_ms now = ev_now_ms(c->core->ev);

	c->core->count.sign_ins++;
	/* Only failures count against the limits. */
	limit_refund(&c->core->by_address, str_of(c->source), now);
	if (!t->by_code)
		limit_refund(&c->core->by_account, str_of(t->email), now);
}

static void on_password(struct password_job *j)
{
	struct login_try *t = CONTAINER_OF(j, struct login_try, job);

	t->c->in_flight = false;
	if (!j->ok)
		t->account_id[0] = '\0';
	if (!j->ok)
		t->c->core->count.sign_ins_refused++;
	call_commit(t->c, tx_login, after_login);
}

static void try_password(struct login_try *t, struct str password)
{
	struct call *c = t->c;
	struct account a = { 0 };

	if (account_by_email(store_reader(c->core->store), str_of(t->email), &a) > 0) {
		memcpy(t->account_id, a.id, sizeof(t->account_id));
		memcpy(t->job.hash, a.password, sizeof(t->job.hash));
	}
	t->job.want = PASSWORD_VERIFY;
	t->job.done = on_password;
	password_set(&t->job, password);
	c->in_flight = true; /* the pool's until on_password */
	if (password_submit(c->core->passwords, &t->job) < 0) {
		c->in_flight = false;
		call_fail(c, PROBLEM_BUSY, NULL, "Many are signing in just now; try again.");
	}
}

static bool within_limits(struct login_try *t)
{
	struct call *c = t->c;
	mono_ms now = ev_now_ms(c->core->ev);
	unsigned wait = 0;

	if (limit_take(&c->core->by_address, str_of(c->source), now, &wait) &&
	    (t->by_code || limit_take(&c->core->by_account, str_of(t->email), now, &wait)))
		return true;
	c->retry_after_s = wait;
	call_fail(c, PROBLEM_RATE, NULL, "Too many attempts to sign in; wait %u seconds.",
	          wait);
	return false;
}

/* Programs have no fetch metadata and no Origin; a page must be ours, so that
 * nobody is signed in to somebody else's account. */
static bool page_ok(struct call *c)
{
	const struct http_head *h = &c->req->head;

	if ((http_get(h, "Sec-Fetch-Site").ptr || http_get(h, "Origin").ptr) &&
	    !auth_same_origin(c->core, h)) {
		call_fail(c, PROBLEM_CROSS_SITE, NULL, "Sign in from the console's own page.");
		return false;
	}
	return true;
}

void do_login(struct call *c)
{
	struct login_try *t = ARENA_NEW(&c->arena, struct login_try);
	struct str code = call_str(c, "code"), email = call_str(c, "email"),
	           password = call_str(c, "password"), grant = call_str(c, "grant");
	struct err err = ERR_NONE;

	CHECK(t);
	t->c = c;
	c->own = t;
	if (!page_ok(c))
		return;
	t->by_code = call_has(c, "code");
	t->want_token = str_is(grant, "token");
	if (grant.ptr && !t->want_token && !str_is(grant, "cookie")) {
		call_fail(c, PROBLEM_INVALID_FIELD, "grant", "'grant' is cookie or token.");
		return;
	}
	if (t->by_code == (call_has(c, "email") || call_has(c, "password")) ||
	    (!t->by_code && (!email.ptr || !password.ptr))) {
		call_fail(c, PROBLEM_BAD_REQUEST, NULL,
		          "Send either a code, or an email and a password.");
		return;
	}
	if (!t->want_token && (call_has(c, "name") || call_has(c, "expires_in_seconds"))) {
		call_fail(c, PROBLEM_INVALID_FIELD, "name",
		          "A name and an expiry go with \"grant\": \"token\" only.");
		return;
	}
	/* What can't be an address is nobody's. */
	if (!t->by_code && email_normal(email, t->email, &err) < 0)
		memcpy(t->email, "?", 2);
	if (!within_limits(t))
		return;
	if (!t->by_code) {
		try_password(t, password);
		return;
	}
	t->code_ok = code_hash(code, t->code) == 0;
	call_commit(c, tx_login, after_login);
}

static int tx_logout(struct db *db, struct call *c, struct err *err)
{
	int r;

	/* A token ends itself, a cookie its login; tickets go with either. */
	if (c->who.kind == ACTOR_TOKEN)
		r = token_delete(db, str_of(c->who.account_id), str_of(c->who.token_id));
	else
		r = login_delete(db, str_of(c->who.account_id), str_of(c->who.login_id));
	if (r < 0)
		return ERR(err, r, "sign-out");
	(void)snprintf(c->cookie, sizeof(c->cookie),
	               "__Host-s=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax");
	return call_audit(db, c, c->who.account_id, "", err);
}

void do_logout(struct call *c)
{
	call_commit(c, tx_logout, NULL);
}

/* --- root's way in --- */

struct code_ask {
	char email[EMAIL_MAX + 1];
};

static int make_account(struct db *db, struct call *c, struct account *a, struct err *err)
{
	struct str name = call_str(c, "name");
	const char *at = strchr(a->email, '@');
	int r;

	rand_id("a", a->id);
	a->created = c->now.wall;
	(void)snprintf(a->name, sizeof(a->name), "%.*s",
	               name.len ? (int)name.len : (int)(at - a->email),
	               name.len ? name.ptr : a->email);
	r = account_insert(db, a, err);
	return r < 0 ? r : books_welcome(db, c->core, &c->now, a->id, err);
}

static int tx_code(struct db *db, struct call *c, struct err *err)
{
	struct code_ask *ask = c->own;
	struct expiry e = expiry_from(&c->now, c->core->cfg->code_ttl_s);
	struct jsonw w = JSONW(&c->out);
	struct account a = { 0 };
	char code[CODE_LEN + 1];
	uint8_t hash[HASH_LEN];
	int r;

	CHECK(ask);
	r = account_by_email(db, str_of(ask->email), &a);
	if (r < 0)
		return ERR(err, r, "accounts");
	if (r == 0 && !call_bool(c, "create"))
		return call_problem(
		    c, PROBLEM_NOT_FOUND, "email",
		    "There is no account %.200s; create it with \"create\": true.", ask->email);
	if (r == 0) {
		memcpy(a.email, ask->email, sizeof(a.email));
		r = make_account(db, c, &a, err);
		if (r < 0)
			return r;
	}
	code_make(code, hash);
	r = code_insert(db, str_of(a.id), hash, &e, err);
	if (r < 0)
		return r;
	jw_obj(&w);
	jw_kv_z(&w, "code", code);
	jw_kv_z(&w, "email", a.email);
	jw_kv_z(&w, "account", a.email);
	jw_kv_z(&w, "account_id", a.id);
	jw_kv_time(&w, "expires_at", expiry_at(&e));
	jw_obj_end(&w);
	return call_audit(db, c, a.id, "", err);
}

void do_sign_in_code(struct call *c)
{
	struct code_ask *ask = ARENA_NEW(&c->arena, struct code_ask);
	struct str email = call_str(c, "email"), name = call_str(c, "name");
	struct err err = ERR_NONE;

	CHECK(ask);
	c->own = ask;
	if (!email.ptr)
		email = str_of(c->core->cfg->admin_email);
	if (email_normal(email, ask->email, &err) < 0) {
		call_fail(c, PROBLEM_INVALID_FIELD, "email", "%s", err.msg);
		return;
	}
	if (name.ptr && name_check(name, &err) < 0) {
		call_fail(c, PROBLEM_INVALID_FIELD, "name", "%s", err.msg);
		return;
	}
	call_commit(c, tx_code, NULL);
}
