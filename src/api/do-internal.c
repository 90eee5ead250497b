/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What edge asks (doc/internals/contracts.md, section 6): who is this, may he,
 * and where is the agent's socket.
 */
#include <errno.h>
#include <stdio.h>

#include "api/call-auth.h"
#include "api/do.h"
#include "api/show.h"
#include "api/state.h"
#include "auth/secret.h"
#include "core/meter.h"
#include "store/accounts.h"
#include "store/sessions.h"
#include "store/workspaces.h"

#define TICKET_TTL_S UINT64_C(1209600) /* 14 days */

/* The workspace's name goes along, so that the page in it is called as it is now. */
static void say_where(struct call *c, const struct session *s, const struct account *a,
                      const struct workspace *ws)
{
	struct jsonw w = JSONW(&c->out);
	char socket[96];
	int n = snprintf(socket, sizeof(socket), "/s/%s-%u/agent.sock", s->id, s->epoch);

	jw_obj(&w);
	jw_kv_z(&w, "session", s->id);
	jw_kv_u64(&w, "epoch", s->epoch);
	jw_kv_str(&w, "socket", (struct str){ socket, (size_t)n });
	jw_kv_z(&w, "account", a->id);
	jw_kv_z(&w, "name", a->name);
	jw_kv_z(&w, "workspace", ws->name);
	jw_kv_z(&w, "state", session_state_name(s->state));
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}

/* To the console, which signs in, starts what is stopped, and enters. */
static void say_console(struct call *c, const char *state)
{
	struct jsonw w = JSONW(&c->out);
	char url[256];
	int n = snprintf(url, sizeof(url), "%s/", c->core->cfg->console_origin);

	jw_obj(&w);
	jw_kv_str(&w, "console", (struct str){ url, (size_t)n });
	if (state)
		jw_kv_z(&w, "state", state);
	jw_obj_end(&w);
	call_reply(c, 401, CONTENT_JSON);
}

static void say_wait(struct call *c, const struct session *s)
{
	struct jsonw w = JSONW(&c->out);

	jw_obj(&w);
	jw_kv_z(&w, "state", session_state_name(s->state));
	jw_obj_end(&w);
	c->retry_after_s = 1;
	call_reply(c, 503, CONTENT_JSON);
}

/* While it stops the agent still answers: it saves, and tells the browsers. */
static bool is_there(const struct session *s)
{
	return s->state == SESSION_RUNNING || s->state == SESSION_STOPPING;
}

/* Whose ticket, for this origin; 1 yes, 0 no. */
static int by_ticket(struct call *c, struct str ticket, const struct workspace *w,
                     struct account *ret)
{
	struct expiry source;
	uint8_t hash[HASH_LEN];
	struct entry e;

	if (!ticket.ptr || secret_hash(ticket, hash) < 0)
		return 0;
	if (ticket_get(store_reader(c->core->store), hash, &e, &source, ret) <= 0)
		return 0;
	return strcmp(e.workspace_id, w->id) == 0 && strcmp(ret->id, w->account_id) == 0 &&
	       expiry_valid(&e.expiry, &c->now) && expiry_valid(&source, &c->now);
}

/* A program on the session's own host: a token for this session or wider. */
static int by_token(struct call *c, const struct workspace *w, struct account *ret)
{
	struct str field = http_get(&c->req->head, "Authorization");
	struct actor who = { 0 };

	return field.ptr && auth_token(c->core, field, &c->now, &who) > 0 &&
	       strcmp(who.account_id, w->account_id) == 0 && w->session_id[0] &&
	       scope_allows(str_of(who.scopes), RIGHT_PROGRAM, str_of(w->session_id)) &&
	       account_by_id(store_reader(c->core->store), str_of(who.account_id), ret) > 0;
}

void do_route(struct call *c)
{
	struct db *db = store_reader(c->core->store);
	struct str ticket = http_get(&c->req->head, "X-Carrel-Ticket");
	struct account a;
	struct workspace w;
	struct session s;

	if (workspace_by_label(db, call_query(c, "host"), &w) <= 0) {
		call_not_found(c);
		return;
	}
	if (!by_ticket(c, ticket, &w, &a) && !by_token(c, &w, &a)) {
		say_console(c, NULL);
		return;
	}
	if (str_is(call_query(c, "files"), "1"))
		files_where(c, &w, &a, false);
	else if (!w.session_id[0] || session_by_id(db, str_of(w.session_id), &s) <= 0)
		say_console(c, "stopped");
	else if (is_there(&s))
		say_where(c, &s, &a, &w);
	else
		say_wait(c, &s);
}

void do_program(struct call *c)
{
	struct db *db = store_reader(c->core->store);
	struct str id = call_query(c, "session"),
	           field = http_get(&c->req->head, "Authorization");
	struct actor who = { 0 };
	struct workspace ws;
	struct account a;
	struct session s;
	int r = field.ptr ? auth_token(c->core, field, &c->now, &who) : 0;

	if (r < 0) {
		call_fail(c, problem_of(r), NULL,
		          "The token can't be read just now; try again.");
		return;
	}
	if (r == 0) {
		call_fail(c, PROBLEM_UNAUTHENTICATED, NULL,
		          "Send a token: Authorization: token carrel_pat_…");
		return;
	}
	/* Foreign, ended and never existed look the same. */
	if (session_get(db, str_of(who.account_id), id, &s) <= 0 || !session_is_live(s.state) ||
	    account_by_id(db, str_of(who.account_id), &a) <= 0 ||
	    workspace_by_id(db, str_of(s.workspace_id), &ws) <= 0) {
		call_not_found(c);
		return;
	}
	if (!scope_allows(str_of(who.scopes), RIGHT_PROGRAM, id))
		call_fail(c, PROBLEM_FORBIDDEN, NULL,
		          "This token is not for this session; make one with the scope "
		          "session:%.40s.",
		          s.id);
	else if (is_there(&s))
		say_where(c, &s, &a, &ws);
	else
		say_wait(c, &s);
}

/* --- from a code to a ticket --- */

struct entering {
	char workspace_id[ID_MAX];
	uint8_t code[HASH_LEN];
};

static int tx_enter_code(struct db *db, struct call *c, struct err *err)
{
	const struct entering *x = c->own;
	struct jsonw w = JSONW(&c->out);
	char ticket[SECRET_LEN + 1];
	uint8_t hash[HASH_LEN];
	struct entry e;
	int r = entry_code_take(db, x->code, &e);

	if (r < 0)
		return ERR(err, r, "entry codes");
	/* Bound to one origin: brought to another it is used up all the same. */
	if (r == 0 || strcmp(e.workspace_id, x->workspace_id) != 0 ||
	    !expiry_valid(&e.expiry, &c->now)) {
		c->status = 400;
		problem_json(
		    &w, PROBLEM_BAD_REQUEST,
		    STR("The code was used, is too old, or is for another session. Open "
		        "the session from the console again."),
		    c->request_id, NULL);
		return 0;
	}
	secret_make(ticket, hash);
	e.expiry = expiry_from(&c->now, TICKET_TTL_S);
	r = ticket_insert(db, &e, hash, err);
	if (r < 0)
		return r;
	jw_obj(&w);
	jw_kv_z(&w, "ticket", ticket);
	jw_kv_z(&w, "next", "/lab");
	jw_obj_end(&w);
	memcpy(c->who.account_id, e.account_id, sizeof(c->who.account_id));
	return call_audit(db, c, e.workspace_id, "", err);
}

void do_enter_code(struct call *c)
{
	struct entering *x = ARENA_NEW(&c->arena, struct entering);
	struct workspace w;

	CHECK(x);
	c->own = x;
	if (workspace_by_label(store_reader(c->core->store), call_str(c, "host"), &w) <= 0) {
		call_not_found(c);
		return;
	}
	memcpy(x->workspace_id, w.id, sizeof(x->workspace_id));
	if (secret_hash(call_str(c, "code"), x->code) < 0) {
		call_fail(c, PROBLEM_BAD_REQUEST, "code",
		          "This is not a code. Open the session from the console again.");
		return;
	}
	call_commit(c, tx_enter_code, NULL);
}

/* The workspace whose page asks, for the account whose ticket it has; answers by
 * itself when there is none. */
static bool page_asks(struct call *c, struct workspace *w)
{
	struct str ticket = http_get(&c->req->head, "X-Carrel-Ticket");
	struct account a;

	if (workspace_by_label(store_reader(c->core->store), call_str(c, "host"), w) <= 0) {
		call_not_found(c);
		return false;
	}
	if (!by_ticket(c, ticket, w, &a)) {
		call_fail(c, PROBLEM_UNAUTHENTICATED, NULL,
		          "Open the session from the console again.");
		return false;
	}
	if (!w->session_id[0]) {
		call_fail(c, PROBLEM_CONFLICT, NULL, "The session has ended.");
		return false;
	}
	memcpy(c->who.account_id, a.id, sizeof(c->who.account_id));
	return true;
}

void do_extend_by_ticket(struct call *c)
{
	struct workspace w;

	if (page_asks(c, &w))
		extend_session(c, w.session_id, (uint64_t)call_int(c, "seconds", 0));
}

void do_stop_by_ticket(struct call *c)
{
	struct workspace w;

	if (!page_asks(c, &w))
		return;
	c->path_id = arena_str(&c->arena, str_of(w.id));
	do_stop(c);
}

void do_cost_by_ticket(struct call *c)
{
	struct db *db = store_reader(c->core->store);
	struct str ticket = http_get(&c->req->head, "X-Carrel-Ticket");
	struct jsonw w = JSONW(&c->out);
	struct workspace ws;
	struct session s;
	struct account a;
	money_micro cost;
	uint64_t ns;

	if (workspace_by_label(db, call_query(c, "host"), &ws) <= 0) {
		call_not_found(c);
	} else if (!by_ticket(c, ticket, &ws, &a)) {
		call_fail(c, PROBLEM_UNAUTHENTICATED, NULL,
		          "Open the session from the console again.");
	} else if (!ws.session_id[0] || session_by_id(db, str_of(ws.session_id), &s) <= 0) {
		call_fail(c, PROBLEM_CONFLICT, NULL, "The session has ended.");
	} else {
		meter_so_far(&s, &c->now, &ns, &cost);
		jw_obj(&w);
		show_money(&w, "cost", cost);
		show_money(&w, "per_hour", s.price_per_hour);
		jw_kv_z(&w, "currency", c->core->cfg->currency);
		jw_kv_z(&w, "instance_type", s.instance_type);
		jw_obj_end(&w);
		call_reply(c, 200, CONTENT_JSON);
	}
}
