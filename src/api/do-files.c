/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the files of a workspace are to be had (doc/internals/files.md): the
 * agent of its session, or the process that the engine makes while none runs.
 * Core says who may and where; it never sees a name or a byte of them.
 */
#include <errno.h>
#include <stdio.h>

#include "api/call-auth.h"
#include "api/do.h"
#include "api/link.h"
#include "api/state.h"
#include "auth/secret.h"
#include "store/accounts.h"
#include "store/sessions.h"
#include "store/workspaces.h"

#define RETRY_S     1
#define AGAIN_MS    50
#define AGAIN_MAX   50 /* tries: a container that is just going takes that long at most */
#define ENTRY_TTL_S 30

/* Whom edge asks for, and what he may. */
struct files_ask {
	struct account account;
	struct workspace workspace;
	struct call *call;
	struct ev_timer again;
	unsigned tries;
	bool write;
};

static void where(struct call *c);

static void say(struct call *c, const struct files_ask *f, const char *name, const char *socket,
                const char *state)
{
	struct jsonw w = JSONW(&c->out);

	jw_obj(&w);
	jw_kv_z(&w, "session", name);
	jw_kv_z(&w, "socket", socket);
	jw_kv_z(&w, "account", f->account.id);
	jw_kv_z(&w, "name", f->account.name);
	jw_kv_z(&w, "state", state);
	jw_kv_bool(&w, "write", f->write);
	jw_obj_end(&w);
	call_reply(c, 200, CONTENT_JSON);
}

static void not_now(struct call *c, const struct err *err)
{
	switch (-err->code) {
	case EIO:
		call_fail(
		    c, PROBLEM_VOLUME, NULL,
		    "The workspace's files can't be opened: %s. An administrator can mend "
		    "the volume; nothing is lost by waiting.",
		    err->msg);
		break;
	case ENOSPC:
		call_fail(c, PROBLEM_DISK_FULL, NULL, "%s.", err->msg);
		break;
	case ENOENT:
		call_fail(c, PROBLEM_CONFLICT, NULL,
		          "This workspace has no files yet: they come with its first start.");
		break;
	case ENOTSUP:
		call_fail(c, PROBLEM_CONFLICT, NULL,
		          "Files of stopped workspaces can't be shown by this engine: start "
		          "the session.");
		break;
	default:
		c->retry_after_s = RETRY_S;
		call_fail(c, PROBLEM_BUSY, NULL,
		          "The files are not there just now: %s. Try again.", err->msg);
	}
}

static void on_again(struct ev_timer *t)
{
	struct call *c = CONTAINER_OF(t, struct files_ask, again)->call;

	c->in_flight = false;
	where(c);
}

/* A session that has just ended holds its volume some milliseconds more. */
static bool again(struct call *c, const struct err *err)
{
	struct files_ask *f = c->own;

	if (err->code != -EBUSY || f->tries++ >= AGAIN_MAX)
		return false;
	c->in_flight = c->taken = true;
	ev_timer_start(c->core->ev, &f->again, AGAIN_MS, on_again);
	return true;
}

static void on_started(struct link *link, const struct wire_msg *m, const struct err *err,
                       void *arg)
{
	struct call *c = arg;
	char key[65], socket[96];

	(void)link;
	c->in_flight = false;
	if (!m || m->type != WIRE_FILES_START_OK) {
		struct err none = ERR_NONE;

		(void)ERR(&none, -EAGAIN, "the container engine did not answer");
		if (!again(c, err ? err : &none))
			not_now(c, err ? err : &none);
		return;
	}
	(void)snprintf(key, sizeof(key), "%.*s", STR_ARG(m->files_start_ok.key));
	(void)snprintf(socket, sizeof(socket), "/f/%s/agent.sock", key);
	say(c, c->own, key, socket, "stopped");
}

static void ask_engine(struct call *c, const struct workspace *w)
{
	struct wire_msg m = { .type = WIRE_FILES_START };
	struct db *db = store_reader(c->core->store);
	struct err err = ERR_NONE;
	uint64_t made = 0;
	int r = volume_made(db, str_of(w->volume_id), &made);

	/* Looking makes no volume: from then on it would cost. */
	if (r < 0 || !made) {
		(void)ERR(&err, r < 0 ? -EAGAIN : -ENOENT, "the workspace can't be read");
		not_now(c, &err);
		return;
	}
	m.files_start = (struct wire_files_start){ str_of(w->volume_id), str_of(w->image) };
	c->in_flight = c->taken = true;
	link_call_patiently(c->core->link, &m, on_started, c);
}

/* Asked anew each time: its session may have come or gone meanwhile. */
static void where(struct call *c)
{
	struct db *db = store_reader(c->core->store);
	struct files_ask *f = c->own;
	struct workspace *w = &f->workspace;
	char id[ID_MAX], socket[96];
	struct session s;
	bool has;

	memcpy(id, w->id, sizeof(id));
	if (workspace_by_id(db, str_of(id), w) <= 0) {
		call_not_found(c);
		return;
	}
	has = w->session_id[0] && session_by_id(db, str_of(w->session_id), &s) > 0;
	if (has && (s.state == SESSION_RUNNING || s.state == SESSION_STOPPING)) {
		(void)snprintf(socket, sizeof(socket), "/s/%s-%u/agent.sock", s.id, s.epoch);
		say(c, f, s.id, socket, session_state_name(s.state));
	} else if (has && s.state == SESSION_STARTING) {
		c->retry_after_s = RETRY_S;
		call_fail(c, PROBLEM_BUSY, NULL,
		          "The session is just starting: its files are there in a moment.");
	} else {
		ask_engine(c, w);
	}
}

void files_where(struct call *c, const struct workspace *w, const struct account *a, bool write)
{
	struct files_ask *f = ARENA_NEW(&c->arena, struct files_ask);

	CHECK(f);
	f->account = *a;
	f->workspace = *w;
	f->write = write;
	f->call = c;
	c->own = f;
	where(c);
}

/* Reading needs the right to look at everything, or to this very session. */
static bool may(const struct actor *who, const struct workspace *w, bool *write)
{
	struct str scopes = str_of(who->scopes), session = str_of(w->session_id);

	*write = scope_allows(scopes, RIGHT_WRITE, STR_NONE) ||
	         (session.len && scope_allows(scopes, RIGHT_PROGRAM, session));
	return *write || scope_allows(scopes, RIGHT_READ, STR_NONE);
}

void do_files(struct call *c)
{
	struct db *db = store_reader(c->core->store);
	struct workspace_view v;
	struct actor who = { 0 };
	struct account a;
	bool write;
	int r = auth_anybody(c->core, &c->req->head, &c->now, &who);

	if (r < 0) {
		call_fail(c, problem_of(r), NULL,
		          "Your sign-in can't be read just now; try again.");
		return;
	}
	if (r == 0) {
		call_fail(c, PROBLEM_UNAUTHENTICATED, NULL,
		          "Sign in in the console, or send a token.");
		return;
	}
	/* Foreign and deleted ones, to administrators too: nobody reads another's
	 * files without his knowing. */
	if (workspace_get(db, str_of(who.account_id), call_query(c, "workspace"), &v) <= 0 ||
	    account_by_id(db, str_of(who.account_id), &a) <= 0) {
		call_not_found(c);
		return;
	}
	if (!may(&who, &v.w, &write)) {
		call_fail(c, PROBLEM_FORBIDDEN, NULL,
		          "This token's scopes don't allow to look at files; use one with the "
		          "scope read or account.");
		return;
	}
	files_where(c, &v.w, &a, write);
}

/* --- a way in to the origin, whatever the state --- */

static int tx_enter(struct db *db, struct call *c, struct err *err)
{
	const struct core_cfg *cfg = c->core->cfg;
	struct entry e = { .expiry = expiry_from(&c->now, ENTRY_TTL_S) };
	char code[SECRET_LEN + 1], url[256];
	struct jsonw w = JSONW(&c->out);
	struct workspace_view v;
	uint8_t hash[HASH_LEN];
	int n, r = workspace_get(db, str_of(c->who.account_id), c->path_id, &v);

	if (r <= 0)
		return call_problem(
		    c, PROBLEM_NOT_FOUND, NULL,
		    "There is no such thing, or it is not yours. Check the id.");
	memcpy(e.account_id, c->who.account_id, sizeof(e.account_id));
	memcpy(e.workspace_id, v.w.id, sizeof(e.workspace_id));
	memcpy(e.login_id, c->who.login_id, sizeof(e.login_id));
	memcpy(e.token_id, c->who.token_id, sizeof(e.token_id));
	secret_make(code, hash);
	r = entry_code_insert(db, &e, hash, err);
	if (r < 0)
		return r;
	n = snprintf(url, sizeof(url), "%s://%s.%s", cfg->session_scheme, v.w.label,
	             cfg->session_host);
	jw_obj(&w);
	jw_kv_z(&w, "code", code);
	jw_kv_str(&w, "url", (struct str){ url, (size_t)n });
	jw_kv_time(&w, "expires_at", expiry_at(&e.expiry));
	jw_obj_end(&w);
	return call_audit(db, c, v.w.id, "", err);
}

void do_workspace_enter(struct call *c)
{
	call_commit(c, tx_enter, NULL);
}
