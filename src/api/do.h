/* SPDX-License-Identifier: Apache-2.0 */
/* The handlers that routes.c names, one file per noun. */
#pragma once

#include "api/call.h"

call_fn do_login, do_logout, do_sign_in_code;             /* do-login.c */
call_fn do_me, do_me_change, do_password;                 /* do-me.c */
call_fn do_tokens, do_token_create, do_token_revoke;      /* do-tokens.c */
call_fn do_types, do_images, do_plans;                    /* do-catalogue.c */
call_fn do_admin_catalogue, do_admin_catalogue_change;    /* do-admin-catalogue.c */
call_fn do_admin_catalogue_use;                           /* do-catalogue-use.c */
call_fn do_admin_accounts, do_admin_account_change;       /* do-admin-accounts.c */
call_fn do_workspaces, do_workspace_create, do_workspace; /* do-workspaces.c */
call_fn do_workspace_change;
call_fn do_workspace_delete, do_workspace_restore;           /* do-deleted.c */
call_fn do_queue, do_capacity;                               /* do-queue.c */
call_fn do_start, do_stop;                                   /* do-start.c */
call_fn do_sessions, do_session, do_session_logs, do_extend; /* do-sessions.c */
call_fn do_enter;
call_fn do_events, do_usage, do_audit;                  /* do-usage.c */
call_fn do_invoices, do_invoice, do_focus;              /* do-invoices.c */
call_fn do_invoices_close, do_credit, do_correct;       /* do-money.c */
call_fn do_balance, do_estimate, do_workspace_estimate; /* do-balance.c */
call_fn do_budget, do_budget_put, do_budget_delete;     /* do-budgets.c */
call_fn do_budgets, do_admin_budget_put, do_admin_budget_delete;
call_fn do_route, do_program, do_enter_code; /* do-internal.c */
call_fn do_extend_by_ticket, do_stop_by_ticket, do_cost_by_ticket;
call_fn do_files, do_workspace_enter;                          /* do-files.c */
call_fn do_session_activity, do_admin_sessions, do_admin_stop; /* do-activity.c */
call_fn do_notices, do_notices_read, do_notice_read;           /* do-notices.c */
call_fn do_search, do_recent;                                  /* do-search.c */
call_fn do_home, do_session_metrics;                           /* do-home.c */
call_fn do_backup;                                             /* do-backup.c */
call_fn do_admin_health;                                       /* do-admin-health.c */
call_fn do_health, do_ready, do_metrics, do_openapi;           /* do-health.c */

/* do-files.c: answers edge where the files are; may take a while. */
struct workspace;
struct account;
void files_where(struct call *c, const struct workspace *w, const struct account *a,
                 bool write);
/* Shared between do-sessions.c and do-internal.c: the session's owner asks for
 * more time. The session was found for the account already. */
void extend_session(struct call *c, const char *session_id, uint64_t seconds);
/* A token's row, and its text as the answer; from a transaction. */
struct token_wish {
	const char *account_id;
	struct str name; /* empty: "token" */
	const char *scopes;
	uint64_t ttl_s;
};
int token_mint(struct db *db, struct call *c, const struct token_wish *wish,
               struct err *err) MUST_CHECK;
/* "2026-11" of a field `month`; false: the problem was sent. */
struct month;
bool take_month(struct call *c, struct str text, struct month *ret);
#define TOKEN_TTL_MAX_S     INT64_C(7776000) /* 90 days */
#define TOKEN_TTL_DEFAULT_S INT64_C(2592000) /* 30 days */
