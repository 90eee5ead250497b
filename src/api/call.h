/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of the API, from its head to its answer:
 *
 *   route → who → (body) → fields → handler ─┬─ call_reply / call_fail
 *                                            └─ call_commit: tx on the store's
 *                                               thread → after, on the loop → answer
 *
 * The call outlives its request: when the client goes while a transaction is
 * in flight, `req` becomes NULL, the transaction and what follows from it
 * happen all the same, and only the answer is dropped.
 *
 * The answer is always made by code in here, with a content class: nothing
 * that a user wrote leaves this origin except inside JSON.
 */
#pragma once

#include "api/problem.h"
#include "api/route.h"
#include "auth/seal.h"
#include "base/json.h"
#include "core/types.h"
#include "http/server.h"
#include "store/store.h"

struct core;

enum actor_kind { ACTOR_NONE, ACTOR_LOGIN, ACTOR_TOKEN };
struct actor {
	enum actor_kind kind;
	char account_id[ID_MAX];
	char email[EMAIL_MAX + 1];
	bool admin;
	char login_id[ID_MAX], token_id[ID_MAX]; /* one of them */
	char scopes[512];                        /* "*" for a login */
};

/* What leaves, by type. There is no class for a user's bytes but JSON, and but
 * one for documents that are downloaded: they never become a page of this
 * origin (attachment, sandbox, no script, escaped all the same). */
enum content_class {
	CONTENT_JSON,
	CONTENT_PROBLEM,
	CONTENT_METRICS, /* names and numbers of ours */
	CONTENT_LINES,   /* CSV of ids, times and numbers; no names */
	CONTENT_PAGE,    /* HTML to keep: a download in a sandbox, never shown here */
	CONTENT_NONE,    /* no body */
};

/* On the store's thread. May run twice (a full disk): starts from nothing
 * each time. Answers by writing c->out and c->status, or call_problem(). */
typedef int call_tx_fn(struct db *db, struct call *c, struct err *err);

struct call {
	struct core *core;
	struct http_req *req; /* NULL: nobody waits for the answer any more */
	const struct route *route;
	struct arena arena;
	struct now now;
	char request_id[ID_MAX];
	char source[64]; /* the client's address, as edge says */
	struct actor who;
	struct str path_id;
	const struct json *body; /* an object; NULL when the route has none */
	struct str raw;
	mono_ms began;

	unsigned status;
	struct buf out;
	char cookie[160]; /* Set-Cookie, or "" */
	char etag[ID_MAX + 16];
	char filename[64]; /* of a download; "": usage.csv */
	unsigned retry_after_s;

	enum problem problem;
	char detail[MESSAGE_MAX];
	char field[80];
	struct buf problem_data; /* a JSON object beside the sentence, or empty */

	struct store_job job;
	call_tx_fn *tx;
	call_fn *after; /* after a commit, before the answer; may take it over */
	struct idem idem;
	bool has_idem, replayed, in_flight, taken;

	void *own; /* the handler's, in the arena */
};

/* The server's handler. */
void call_begin(struct http_req *r, void *core);

/* Sends c->out and frees the call. */
void call_reply(struct call *c, unsigned status, enum content_class content);
/* Sends the problem that was set, and frees the call. */
void call_refuse(struct call *c);
/* Sets a problem; the sentence says what to do. Gives -ECANCELED, which rolls
 * a transaction back. field may be NULL. */
int call_problem(struct call *c, enum problem p, const char *field, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* call_problem + call_refuse, for handlers. */
void call_fail(struct call *c, enum problem p, const char *field, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
void call_not_found(struct call *c);
/* Frees without an answer of its own: somebody took the request over. */
void call_free(struct call *c);

/* tx in a transaction, with the audit row of the route and the idempotency
 * row; then after (may be NULL) and the answer. */
void call_commit(struct call *c, call_tx_fn *tx, call_fn *after);
/* From tx: the audit row of what it did. detail is a JSON object or "". */
int call_audit(struct db *db, struct call *c, const char *object, const char *detail,
               struct err *err) MUST_CHECK;
/* The same with a text that may not have come about: no row without its detail. */
int call_audit_buf(struct db *db, struct call *c, const char *object, struct buf *detail,
                   struct err *err) MUST_CHECK;
/* The same of something else that tx changed on the way. */
int call_audit_as(struct db *db, struct call *c, const char *verb, const char *object,
                  const char *detail, struct err *err) MUST_CHECK;

/* Fields of the body (see fields.c), checked against the route's list already. */
struct str call_str(const struct call *c, const char *name); /* STR_NONE: absent */
bool call_has(const struct call *c, const char *name);
int64_t call_int(const struct call *c, const char *name, int64_t absent);
bool call_bool(const struct call *c, const char *name);
struct str call_query(const struct call *c, const char *name);
/* limit and cursor of a list; false: the problem was sent. */
struct page {
	unsigned limit;
	int64_t before;
	/* for writing the list */
	unsigned n;
	int64_t last;
};
bool call_page(struct call *c, struct page *ret);
/* The caller's own rows, one more than the page holds. */
struct list_of call_list(const struct call *c, const struct page *p);
/* True while the row fits; one more than limit is asked for to know of more. */
bool page_row(struct page *p, int64_t seq);
void page_next(struct jsonw *w, const struct page *p);
/* Does the token's scope cover everything of the account? */
bool call_may(const struct call *c, enum right right);
