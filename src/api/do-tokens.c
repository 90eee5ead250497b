/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>

#include "api/do.h"
#include "api/show.h"
#include "api/state.h"
#include "auth/secret.h"
#include "base/rand.h"
#include "core/name.h"
#include "store/accounts.h"

#define TOKENS_PER_ACCOUNT 200

int token_mint(struct db *db, struct call *c, const struct token_wish *wish, struct err *err)
{
	struct token t = { .expiry = expiry_from(&c->now, wish->ttl_s) };
	struct jsonw w = JSONW(&c->out);
	struct token_text text;
	struct str name;
	int64_t have = 0;
	int r = token_count(db, str_of(wish->account_id), &have);

	if (r < 0)
		return ERR(err, r, "tokens");
	if (have >= TOKENS_PER_ACCOUNT)
		return call_problem(c, PROBLEM_LIMIT, NULL,
		                    "An account has at most %d tokens; revoke some first.",
		                    TOKENS_PER_ACCOUNT);
	rand_id("t", t.id);
	memcpy(t.account_id, wish->account_id, sizeof(t.account_id));
	name = wish->name.len ? wish->name : STR("token");
	(void)snprintf(t.name, sizeof(t.name), "%.*s", STR_ARG(name));
	(void)snprintf(t.scopes, sizeof(t.scopes), "%s", wish->scopes);
	token_make(&text);
	r = token_insert(db, &t, str_of(text.lookup), text.hash, err);
	if (r < 0)
		return r;
	show_token(&w, &t, text.text);
	c->status = 201;
	return 0;
}

struct token_list {
	struct jsonw *w;
	struct page page;
};

static void on_token(void *arg, const struct token *t, int64_t seq)
{
	struct token_list *l = arg;

	if (page_row(&l->page, seq))
		show_token(l->w, t, NULL);
}

void do_tokens(struct call *c)
{
	struct jsonw w = JSONW(&c->out);
	struct token_list l = { .w = &w };
	struct list_of of;

	if (!call_page(c, &l.page))
		return;
	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	of = call_list(c, &l.page);
	if (token_list(store_reader(c->core->store), &of, on_token, &l) < 0) {
		call_fail(c, PROBLEM_INTERNAL, NULL, "The tokens can't be read; try again.");
		return;
	}
	jw_arr_end(&w);
	page_next(&w, &l.page);
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}

static int tx_create(struct db *db, struct call *c, struct err *err)
{
	struct token_wish wish = { c->who.account_id, call_str(c, "name"), c->own,
		                   (uint64_t)call_int(c, "expires_in_seconds",
		                                      TOKEN_TTL_DEFAULT_S) };
	int r = token_mint(db, c, &wish, err);

	return r < 0 ? r : call_audit(db, c, c->who.account_id, "", err);
}

/* The scopes of the body as one text; account when there are none. */
static bool take_scopes(struct call *c, char ret[512])
{
	const struct json *list = json_get(c->body, "scopes");
	struct buf b = BUF(511);
	struct err err = ERR_NONE;
	const char *text;

	if (!list || list->type != JSON_ARRAY || list->n == 0)
		buf_put_z(&b, "account");
	json_for_each(it, list)
	{
		if (scope_check(it->text, &err) < 0) {
			buf_fini(&b);
			call_fail(c, PROBLEM_INVALID_FIELD, "scopes", "%s", err.msg);
			return false;
		}
		buf_printf(&b, "%s%.*s", buf_len(&b) ? " " : "", STR_ARG(it->text));
	}
	text = buf_cstr(&b);
	if (buf_error(&b)) {
		buf_fini(&b);
		call_fail(c, PROBLEM_INVALID_FIELD, "scopes", "These are too many scopes.");
		return false;
	}
	memcpy(ret, text, buf_len(&b) + 1);
	buf_fini(&b);
	return true;
}

void do_token_create(struct call *c)
{
	char *scopes = ARENA_NEWS(&c->arena, char, 512);
	struct err err = ERR_NONE;

	CHECK(scopes);
	if (name_check(call_str(c, "name"), &err) < 0) {
		call_fail(c, PROBLEM_INVALID_FIELD, "name", "%s", err.msg);
		return;
	}
	if (!take_scopes(c, scopes))
		return;
	c->own = scopes;
	call_commit(c, tx_create, NULL);
}

static int tx_revoke(struct db *db, struct call *c, struct err *err)
{
	int r = token_delete(db, str_of(c->who.account_id), c->path_id);

	if (r < 0)
		return ERR(err, r, "tokens");
	if (r == 0)
		return call_problem(
		    c, PROBLEM_NOT_FOUND, NULL,
		    "There is no such thing, or it is not yours. Check the id.");
	return call_audit(db, c, arena_strz(&c->arena, c->path_id), "", err);
}

void do_token_revoke(struct call *c)
{
	call_commit(c, tx_revoke, NULL);
}
