/* SPDX-License-Identifier: Apache-2.0 */
#include "api/call-auth.h"

#include <stdio.h>

#include "api/state.h"
#include "auth/secret.h"
#include "store/accounts.h"

#define TOUCH_US (60 * US_PER_S) /* how exact "last used" is */

static void set_actor(struct actor *who, enum actor_kind kind, const struct account *a,
                      const char *scopes)
{
	who->kind = kind;
	memcpy(who->account_id, a->id, sizeof(who->account_id));
	memcpy(who->email, a->email, sizeof(who->email));
	who->admin = a->admin;
	(void)snprintf(who->scopes, sizeof(who->scopes), "%s", scopes);
}

static int by_cookie(struct core *core, const struct http_head *h, const struct now *now,
                     struct actor *ret)
{
	struct str secret = http_cookie(http_get(h, "Cookie"), "__Host-s");
	uint8_t hash[HASH_LEN];
	struct account a;
	struct login l;
	int r;

	if (!secret.ptr || secret_hash(secret, hash) < 0)
		return 0;
	r = login_by_hash(store_reader(core->store), hash, &l, &a);
	if (r <= 0 || !expiry_valid(&l.expiry, now))
		return r < 0 ? r : 0;
	set_actor(ret, ACTOR_LOGIN, &a, "*");
	memcpy(ret->login_id, l.id, sizeof(ret->login_id));
	return 1;
}

/* "last used" is written once a minute at most, and nobody waits for it. */
struct touch {
	struct store_job job;
	char id[ID_MAX];
	wall_us at;
};

static int run_touch(struct db *db, struct store_job *j, struct err *err)
{
	struct touch *t = CONTAINER_OF(j, struct touch, job);

	return token_touch(db, str_of(t->id), t->at, err);
}

static void done_touch(struct store_job *j)
{
	free(CONTAINER_OF(j, struct touch, job));
}

static void touch(struct core *core, const struct token *t, const struct now *now)
{
	struct touch *job;

	if (t->last_used && now->wall - t->last_used < TOUCH_US && now->wall >= t->last_used)
		return;
	job = xcalloc(1, sizeof(*job));
	job->job = (struct store_job){ .run = run_touch, .done = done_touch };
	memcpy(job->id, t->id, sizeof(job->id));
	job->at = now->wall;
	if (store_submit(core->store, &job->job) < 0)
		free(job);
}

int auth_token(struct core *core, struct str field, const struct now *now, struct actor *ret)
{
	struct str scheme = str_sub(field, 0, str_chr(field, ' ', 0));
	struct str text = str_trim(str_sub(field, scheme.len, field.len));
	uint8_t hash[HASH_LEN];
	struct token_text t;
	struct account a;
	struct token row;
	int r;

	if (!str_ieq(scheme, STR("bearer")) && !str_ieq(scheme, STR("token")))
		return 0;
	if (token_parse(text, &t) < 0)
		return 0;
	r = token_by_lookup(store_reader(core->store), str_of(t.lookup), &row, hash, &a);
	if (r <= 0)
		return r < 0 ? r : 0;
	if (!hash_equal(hash, t.hash) || !expiry_valid(&row.expiry, now))
		return 0;
	set_actor(ret, ACTOR_TOKEN, &a, row.scopes);
	memcpy(ret->token_id, row.id, sizeof(ret->token_id));
	touch(core, &row, now);
	return 1;
}

int auth_anybody(struct core *core, const struct http_head *h, const struct now *now,
                 struct actor *ret)
{
	struct str field = http_get(h, "Authorization");

	if (http_count(h, "Authorization") > 1)
		return 0;
	return field.ptr ? auth_token(core, field, now, ret) : by_cookie(core, h, now, ret);
}

bool auth_same_origin(const struct core *core, const struct http_head *h)
{
	struct str site = http_get(h, "Sec-Fetch-Site"), origin = http_get(h, "Origin");

	if (http_count(h, "Sec-Fetch-Site") > 1 || http_count(h, "Origin") > 1)
		return false;
	if (site.ptr)
		return str_is(site, "same-origin");
	return origin.ptr && str_is(origin, core->cfg->console_origin);
}

/* A cookie is sent by any page's doing: what it may authenticate must come
 * from our own pages (reliability T3). */
static bool csrf_ok(struct call *c)
{
	const struct http_head *h = &c->req->head;
	bool safe = str_is(h->method, "GET") || str_is(h->method, "HEAD");

	if (!auth_same_origin(c->core, h)) {
		(void)call_problem(c, PROBLEM_CROSS_SITE, NULL,
		                   "A sign-in cookie works from the console's own pages only. "
		                   "Programs use a token: Authorization: Bearer carrel_pat_…");
		return false;
	}
	if (!safe && !str_is(http_get(h, "X-Carrel-CSRF"), "1")) {
		(void)call_problem(c, PROBLEM_CROSS_SITE, NULL,
		                   "The header X-Carrel-CSRF: 1 is missing.");
		return false;
	}
	return true;
}

/* A client that is told 401 throws its sign-in away: only one that is not
 * there is told so, not one that can't be read just now. */
static bool known(struct call *c, int r, const char *otherwise)
{
	if (r < 0)
		(void)call_problem(c, problem_of(r), NULL,
		                   "Your sign-in can't be read just now; try again.");
	else if (r == 0)
		(void)call_problem(c, PROBLEM_UNAUTHENTICATED, NULL, "%s", otherwise);
	return r > 0;
}

static bool account(struct call *c)
{
	const struct http_head *h = &c->req->head;
	struct str field = http_get(h, "Authorization");

	if (field.ptr) {
		int r = http_count(h, "Authorization") > 1
		            ? 0
		            : auth_token(c->core, field, &c->now, &c->who);

		if (!known(c, r,
		           "The token is not valid, has expired or was revoked. "
		           "Make a new one in the console or with carrel login."))
			return false;
	} else if (!known(c, by_cookie(c->core, h, &c->now, &c->who),
	                  "Sign in in the console, or send a token.") ||
	           !csrf_ok(c)) {
		return false;
	}
	if (!call_may(c, c->route->right)) {
		/* A narrow token learns nothing about other sessions. */
		if (c->route->right == RIGHT_SESSION)
			(void)call_problem(
			    c, PROBLEM_NOT_FOUND, NULL,
			    "There is no such thing, or it is not yours. Check the id.");
		else
			(void)call_problem(
			    c, PROBLEM_FORBIDDEN, NULL,
			    "This token's scopes (%.120s) don't allow it; use one "
			    "with the scope account.",
			    c->who.scopes);
		return false;
	}
	return true;
}

static bool admin(struct call *c)
{
	if (!account(c))
		return false;
	if (!c->who.admin)
		(void)call_problem(c, PROBLEM_FORBIDDEN, NULL,
		                   "Only an administrator of this site may do this.");
	return c->who.admin;
}

static bool peer(struct call *c, bool root_only)
{
	uid_t uid = c->req->peer_uid;

	if (c->req->peer_pid >= 0 &&
	    (uid == 0 || (!root_only && (uid == c->core->cfg->edge_uid || uid == geteuid()))))
		return true;
	/* Whoever else comes here is told what the outside is told. */
	(void)call_problem(c, PROBLEM_NOT_FOUND, NULL, "There is nothing at this address.");
	return false;
}

static bool metrics(struct call *c)
{
	static const char *const local[] = { "local", "127.0.0.1", "::1", "[::1]" };
	struct str field = http_get(&c->req->head, "Authorization");

	for (size_t i = 0; i < ARRAY_LEN(local); i++)
		if (strcmp(c->source, local[i]) == 0)
			return true;
	if (field.ptr && auth_token(c->core, field, &c->now, &c->who) > 0 && c->who.admin &&
	    call_may(c, RIGHT_READ))
		return true;
	(void)call_problem(c, PROBLEM_UNAUTHENTICATED, NULL,
	                   "From another machine this needs an administrator's token.");
	return false;
}

bool call_authenticate(struct call *c)
{
	switch (c->route->who) {
	case WHO_ANYONE:
		return true;
	case WHO_ACCOUNT:
		return account(c);
	case WHO_ADMIN:
		return admin(c);
	case WHO_METRICS:
		return metrics(c);
	case WHO_EDGE:
		return peer(c, false);
	case WHO_ROOT:
		return peer(c, true);
	}
	return false;
}

bool auth_still(struct core *core, const struct actor *who, const struct now *now)
{
	struct expiry e;

	return credential_expiry(store_reader(core->store), str_of(who->login_id),
	                         str_of(who->token_id), &e) > 0 &&
	       expiry_valid(&e, now);
}
