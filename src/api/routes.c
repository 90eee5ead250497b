/* SPDX-License-Identifier: Apache-2.0 */
#include "api/do.h"
#include "core/charge.h"

#define S(name, req, min, max, text)                    \
	{                                               \
		name, FIELD_STRING, req, min, max, text \
	}
#define I(name, req, min, max, text)                     \
	{                                                \
		name, FIELD_INTEGER, req, min, max, text \
	}
#define B(name, text)                                  \
	{                                              \
		name, FIELD_BOOLEAN, false, 0, 0, text \
	}
#define GB (INT64_C(1) << 30)

#define WORKSPACE_FIELDS(need_name)                                                          \
	S("name", need_name, 0, 100000, "1 to 64 characters, unique among your workspaces"), \
	    S("image", false, 1, 80, "name or id of an image"),                              \
	    S("instance_type", false, 1, 63, "id of an instance type"),                      \
	    I("storage_bytes", false, 0, INT64_C(1048576) * GB,                              \
	      "size of its files' volume; can grow"),                                        \
	    I("auto_stop_seconds", false, 0, 31536000,                                       \
	      "idle time after which a session stops"),                                      \
	    I("max_seconds", false, 0, 31536000,                                             \
	      "longest run from its next start on; 0: the plan's"),                          \
	    S("stop_calendar", false, 0, 1000,                                               \
	      "times of day at which it stops, like 19:00 mon-fri Europe/Berlin; empty: none")

#define BUDGET_FIELDS                                                     \
	S("amount", true, 1, 32, "of a month, like \"25\" or \"12.50\""), \
	    B("hard", "stop what costs when it is used up (default), or only tell")

/* clang-format off */
const struct route routes[] = {
	/* --- signing in --- */
	{ "POST", "/api/v1/login", WHO_ANYONE, RIGHT_READ, do_login, 200, "Login", "login", ROUTE_BODY | ROUTE_SECRET,
	  "Sign in with a one-time code or a password; a cookie, or with grant=token a token",
	  { S("code", false, 0, 64, "one-time sign-in code"), S("email", false, 0, 254, "e-mail address"),
	    S("password", false, 0, 100000, "password"), S("grant", false, 0, 16, "cookie (default) or token"),
	    S("name", false, 1, 256, "of the token"),
	    I("expires_in_seconds", false, 60, TOKEN_TTL_MAX_S, "of the token; default 30 days") } },
	{ "POST", "/api/v1/logout", WHO_ACCOUNT, RIGHT_SESSION, do_logout, 204, NULL, "logout", ROUTE_BODY | ROUTE_SECRET | ROUTE_ESSENTIAL,
	  "End this sign-in, and every ticket that came from it" },
	{ "GET", "/api/v1/me", WHO_ACCOUNT, RIGHT_READ, do_me, 200, "Me", NULL, 0, "Who am I" },
	{ "PATCH", "/api/v1/me", WHO_ACCOUNT, RIGHT_SECRETS, do_me_change, 200, "Me", "account.change", ROUTE_BODY,
	  "Change my name, or how I want the console",
	  { S("name", false, 0, 1000, "shown name"), S("theme", false, 0, 16, "light, dark or system"),
	    S("language", false, 2, 6, "system or two letters"), B("one_key", "one-letter keys"), B("tour_done", "the first steps were seen"),
	    S("app", false, 3, 3, "with what files open: lab or ide") } },
	{ "POST", "/api/v1/me/password", WHO_ACCOUNT, RIGHT_SECRETS, do_password, 204, NULL, "account.password", ROUTE_BODY | ROUTE_SECRET,
	  "Set or change my password; other sign-ins end",
	  { S("current", false, 0, 100000, "the present password, if there is one"),
	    S("new", true, 0, 100000, "at least 10 characters") } },
	{ "GET", "/api/v1/tokens", WHO_ACCOUNT, RIGHT_READ, do_tokens, 200, "TokenList", NULL, ROUTE_LIST, "My tokens" },
	{ "POST", "/api/v1/tokens", WHO_ACCOUNT, RIGHT_SECRETS, do_token_create, 201, "Token", "token.create", ROUTE_BODY,
	  "Make a token; it is shown this once",
	  { S("name", true, 0, 1000, "what it is for"),
	    { "scopes", FIELD_STRINGS, false, 0, 0, "account, read, session:<id>; default account" },
	    I("expires_in_seconds", false, 60, TOKEN_TTL_MAX_S, "default 30 days, at most 90") } },
	{ "DELETE", "/api/v1/tokens/{id}", WHO_ACCOUNT, RIGHT_SECRETS, do_token_revoke, 204, NULL, "token.revoke", ROUTE_ESSENTIAL,
	  "Revoke a token; what it opened closes within 5 seconds" },

	/* --- what there is to choose --- */
	{ "GET", "/api/v1/instance-types", WHO_ACCOUNT, RIGHT_READ, do_types, 200, "InstanceTypeList", NULL, ROUTE_LIST, "Instance types with their prices" },
	{ "GET", "/api/v1/images", WHO_ACCOUNT, RIGHT_READ, do_images, 200, "ImageList", NULL, ROUTE_LIST, "Images" },

	{ "GET", "/api/v1/plans", WHO_ACCOUNT, RIGHT_READ, do_plans, 200, "PlanList", NULL, ROUTE_LIST, "Plans and their limits; an administrator gives them" },

	/* --- catalogue and accounts, for administrators --- */
	{ "GET", "/api/v1/admin/catalogue", WHO_ADMIN, RIGHT_READ, do_admin_catalogue, 200, "Catalogue", NULL, 0, "Instance types, plans and prices as one document" },
	{ "PUT", "/api/v1/admin/catalogue", WHO_ADMIN, RIGHT_WRITE, do_admin_catalogue_change, 200, "CatalogueChange", "catalogue.change", ROUTE_BODY | ROUTE_MATCH,
	  "The catalogue as it should be; what is missing is not offered any more",
	  { I("version", false, 1, INT64_MAX, "the version that was changed, instead of If-Match"), S("currency", false, 3, 3, "the site's"),
	    { "storage", FIELD_JSON, true, 0, 0, "price_per_gb_month, next_prices" }, { "instance_types", FIELD_JSON, true, 0, 0, "see CatalogueType" },
	    { "plans", FIELD_JSON, true, 0, 0, "see Plan" } },
	  { S("dry_run", false, 4, 5, "true: only say what would change, and whom it touches") } },
	{ "GET", "/api/v1/admin/catalogue/use", WHO_ADMIN, RIGHT_READ, do_admin_catalogue_use, 200, "CatalogueUse", NULL, 0,
	  "How many have and run each type and plan, and what things have cost until now, newest first; from is null for the first price of all" },
	{ "GET", "/api/v1/admin/accounts", WHO_ADMIN, RIGHT_READ, do_admin_accounts, 200, "AdminAccountList", NULL, ROUTE_LIST, "All accounts, newest first, with plan and use", { { 0 } },
	  { S("q", false, 0, 200, "only whose address or name contains it") } },
	{ "PATCH", "/api/v1/admin/accounts/{id}", WHO_ADMIN, RIGHT_WRITE, do_admin_account_change, 200, "AdminAccount", "account.plan", ROUTE_BODY,
	  "Give an account another plan; nothing that runs or is kept is taken away", { S("plan", true, 0, 40, "id of a plan; empty: the default one") } },

	/* --- workspaces --- */
	{ "GET", "/api/v1/workspaces", WHO_ACCOUNT, RIGHT_READ, do_workspaces, 200, "WorkspaceList", NULL, ROUTE_LIST, "My workspaces, newest first", { { 0 } },
	  { S("label", false, 1, 40, "only the one of this origin"), S("deleted", false, 4, 5, "true: the deleted ones that can be brought back instead") } },
	{ "POST", "/api/v1/workspaces", WHO_ACCOUNT, RIGHT_WRITE, do_workspace_create, 201, "Workspace", "workspace.create", ROUTE_BODY, "Make a workspace",
	  { WORKSPACE_FIELDS(false), B("example", "put the example notebooks in it at its first start; the name is chosen if there is none") } },
	{ "GET", "/api/v1/workspaces/{id}", WHO_ACCOUNT, RIGHT_READ, do_workspace, 200, "Workspace", NULL, 0, "One workspace" },
	{ "PATCH", "/api/v1/workspaces/{id}", WHO_ACCOUNT, RIGHT_WRITE, do_workspace_change, 200, "Workspace", "workspace.change", ROUTE_BODY | ROUTE_MATCH,
	  "Change a workspace; a running session takes image and type at its next start", { WORKSPACE_FIELDS(false) } },
	{ "DELETE", "/api/v1/workspaces/{id}", WHO_ACCOUNT, RIGHT_WRITE, do_workspace_delete, 204, NULL, "workspace.delete", ROUTE_BODY | ROUTE_ESSENTIAL | ROUTE_MATCH,
	  "Delete a workspace with its files; it can be brought back until kept_until",
	  { S("confirm", false, 0, 1000, "the workspace's name (or header X-Confirm)"), B("stop", "also end its session"),
	    B("forever", "don't keep it; a deleted one that is kept is given up") } },
	{ "POST", "/api/v1/workspaces/{id}/restore", WHO_ACCOUNT, RIGHT_WRITE, do_workspace_restore, 200, "Workspace", "workspace.restore", ROUTE_BODY,
	  "Bring a deleted workspace back, with its files", { S("name", false, 0, 1000, "another name, if its own is taken") } },
	{ "POST", "/api/v1/workspaces/{id}/start", WHO_ACCOUNT, RIGHT_WRITE, do_start, 202, "SessionAnswer", "session.start", ROUTE_BODY,
	  "Start a session, or find the one that runs", { S("instance_type", false, 1, 63, "for this session only"),
	    S("on_turn", false, 1, 8, "when there is no room now: start (default) when its turn comes, or hold the turn for me"),
	    { "fallback_types", FIELD_STRINGS, false, 0, 0, "types that would do as well: the first with room is taken" } } },
	{ "POST", "/api/v1/workspaces/{id}/stop", WHO_ACCOUNT, RIGHT_WRITE, do_stop, 202, "SessionAnswer", "session.stop", ROUTE_BODY | ROUTE_ESSENTIAL, "Stop the session" },

	{ "POST", "/api/v1/workspaces/{id}/enter", WHO_ACCOUNT, RIGHT_WRITE, do_workspace_enter, 200, "Entry", "workspace.enter", ROUTE_BODY,
	  "A one-use code for the workspace's own origin, good for 30 seconds; while it is stopped for downloads only" },

	/* --- sessions --- */
	{ "GET", "/api/v1/sessions", WHO_ACCOUNT, RIGHT_READ, do_sessions, 200, "SessionList", NULL, ROUTE_LIST, "My sessions, newest first", { { 0 } },
	  { S("state", false, 1, 16, "only those in this state"), S("workspace_id", false, 1, 64, "only those of this workspace") } },
	{ "GET", "/api/v1/sessions/{id}", WHO_ACCOUNT, RIGHT_SESSION, do_session, 200, "Session", NULL, 0, "One session" },
	{ "POST", "/api/v1/sessions/{id}/extend", WHO_ACCOUNT, RIGHT_WRITE, do_extend, 200, "Session", "session.extend", ROUTE_BODY | ROUTE_TOLD,
	  "Move the stop later by so much, up to the hard maximum", { I("seconds", true, 1, 2592000, "how much later") } },
	{ "POST", "/api/v1/sessions/{id}/enter", WHO_ACCOUNT, RIGHT_WRITE, do_enter, 200, "Entry", "session.enter", ROUTE_BODY,
	  "A one-use code for the session's own origin, good for 30 seconds" },
	{ "GET", "/api/v1/sessions/{id}/logs", WHO_ACCOUNT, RIGHT_SESSION, do_session_logs, 200, "Log", NULL, 0, "What the container said" },
	{ "GET", "/api/v1/sessions/{id}/activity", WHO_ACCOUNT, RIGHT_SESSION, do_session_activity, 200, "Activity", NULL, 0,
	  "Why it still runs, or why it stopped: clocks, evidence, a verdict and the last ten minutes" },
	{ "GET", "/api/v1/admin/sessions", WHO_ADMIN, RIGHT_READ, do_admin_sessions, 200, "AdminSessionList", NULL, ROUTE_LIST, "Sessions of all owners, newest first, each with why it runs", { { 0 } },
	  { S("state", false, 1, 16, "live (default), all, or a state"), S("account", false, 1, 64, "only this owner's"), S("q", false, 1, 200, "text in workspace, owner or id") } },
	{ "POST", "/api/v1/admin/sessions/{id}/stop", WHO_ADMIN, RIGHT_WRITE, do_admin_stop, 200, "Session", "session.stop", ROUTE_BODY | ROUTE_ESSENTIAL,
	  "Stop anybody's session; its owner reads the reason", { S("reason", true, 0, 1000, "why, for the owner") } },
	{ "GET", "/api/v1/events", WHO_ACCOUNT, RIGHT_READ, do_events, 200, NULL, NULL, ROUTE_STREAM, "Server-sent events; resumes after Last-Event-ID" },

	/* --- finding, and going on --- */
	{ "GET", "/api/v1/home", WHO_ACCOUNT, RIGHT_READ, do_home, 200, "Home", NULL, 0, "What runs, what can be continued, what it costs, and what waits to be read" },
	{ "GET", "/api/v1/search", WHO_ACCOUNT, RIGHT_READ, do_search, 200, "SearchResult", NULL, 0, "Workspaces, notebooks, files and the text in them; any q is a search", { { 0 } },
	  { S("q", true, 0, 4000, "words, \"a phrase\", -word, in:workspace, type:notebook"), S("limit", false, 1, 8, "1 to 50, default 20"),
	    S("workspace_id", false, 1, 64, "only in this one") } },
	{ "GET", "/api/v1/recent", WHO_ACCOUNT, RIGHT_READ, do_recent, 200, "RecentList", NULL, 0, "Notebooks and files that I opened, saved or ran last", { { 0 } },
	  { S("limit", false, 1, 8, "1 to 50, default 20"), S("workspace_id", false, 1, 64, "only of this one") } },
	{ "GET", "/api/v1/sessions/{id}/metrics", WHO_ACCOUNT, RIGHT_SESSION, do_session_metrics, 200, "Metrics", NULL, 0, "CPU, memory, disk, network and processes over time, also of a past session", { { 0 } },
	  { S("from", false, 1, 40, "RFC 3339; default an hour before the end"), S("to", false, 1, 40, "RFC 3339; default now, or the end"),
	    S("step", false, 1, 4, "1, 10, 60 or 600 seconds; default what fits") } },

	/* --- notices --- */
	{ "GET", "/api/v1/notices", WHO_ACCOUNT, RIGHT_READ, do_notices, 200, "NoticeList", NULL, ROUTE_LIST, "What I was told, newest first", { { 0 } },
	  { S("unread", false, 4, 5, "true: only those that I have not read") } },
	{ "POST", "/api/v1/notices/read", WHO_ACCOUNT, RIGHT_WRITE, do_notices_read, 204, NULL, "notices.read", ROUTE_BODY, "I have read them all" },
	{ "POST", "/api/v1/notices/{id}/read", WHO_ACCOUNT, RIGHT_WRITE, do_notice_read, 200, "Notice", "notice.read", ROUTE_BODY, "I have read this one" },

	/* --- the line --- */
	{ "GET", "/api/v1/admin/queue", WHO_ADMIN, RIGHT_READ, do_queue, 200, "QueueList", NULL, ROUTE_LIST, "Who waits for room, in order" },
	{ "GET", "/api/v1/admin/capacity", WHO_ADMIN, RIGHT_READ, do_capacity, 200, "Capacity", NULL, 0, "What the host has, offers and uses" },

	/* --- books --- */
	{ "GET", "/api/v1/invoices", WHO_ACCOUNT, RIGHT_READ, do_invoices, 200, "InvoiceList", NULL, ROUTE_LIST, "My invoices, newest first; all=true for administrators", { { 0 } },
	  { S("all", false, 4, 5, "true: everybody's"), S("month", false, 7, 7, "only those of this month, 2026-11") } },
	{ "GET", "/api/v1/invoices/{id}", WHO_ACCOUNT, RIGHT_READ, do_invoice, 200, "Invoice", NULL, 0, "One invoice with its lines, by id or number", { { 0 } },
	  { S("format", false, 1, 8, "json (default), csv or html: a page to keep and print") } },
	{ "POST", "/api/v1/admin/invoices/close", WHO_ADMIN, RIGHT_WRITE, do_invoices_close, 200, "Closed", "invoice.close", ROUTE_BODY, "Close a month that is over: an invoice for each owner; again finds nothing to do",
	  { S("month", true, 7, 7, "2026-11") } },
	{ "POST", "/api/v1/admin/credits", WHO_ADMIN, RIGHT_WRITE, do_credit, 201, "Credit", "credit.give", ROUTE_BODY, "Give an owner credit, which invoices use up first",
	  { S("account", true, 1, 254, "id or e-mail address"), S("amount", true, 1, 24, "more than 0, \"12.50\""), S("note", true, 1, NOTE_MAX, "why") } },
	{ "POST", "/api/v1/admin/corrections", WHO_ADMIN, RIGHT_WRITE, do_correct, 201, "Correction", "charge.correct", ROUTE_BODY, "Correct a charge by a new one, of either sign",
	  { S("charge", true, 1, 95, "id of the charge"), S("amount", true, 1, 24, "\"-1.25\""), S("note", true, 1, NOTE_MAX, "why") } },
	{ "GET", "/api/v1/admin/focus", WHO_ADMIN, RIGHT_READ, do_focus, 200, NULL, NULL, 0, "A closed month's invoices as FOCUS 1.0 CSV; X-Next-Cursor where there is more", { { 0 } },
	  { S("month", true, 7, 7, "2026-11"), S("cursor", false, 1, 24, "X-Next-Cursor of the part before") } },
	{ "GET", "/api/v1/usage", WHO_ACCOUNT, RIGHT_READ, do_usage, 200, "Usage", NULL, ROUTE_LIST, "Itemised usage that started in [from, to), and its total; all=true for administrators", { { 0 } },
	  { S("from", false, 1, 40, "RFC 3339"), S("to", false, 1, 40, "RFC 3339"), S("format", false, 1, 8, "json (default) or csv"),
	    S("group", false, 1, 16, "sums by day, workspace, type or account instead of lines"), S("all", false, 4, 5, "true: everybody's") } },
	{ "GET", "/api/v1/balance", WHO_ACCOUNT, RIGHT_READ, do_balance, 200, "Balance", NULL, 0, "Where I stand this month" },
	{ "GET", "/api/v1/estimate", WHO_ACCOUNT, RIGHT_READ, do_estimate, 200, "Estimate", NULL, 0, "What a new workspace would cost, and how far the budget goes", { { 0 } },
	  { S("instance_type", false, 1, 63, "id of an instance type"), S("storage_bytes", false, 1, 20, "size of its volume"),
	    S("auto_stop_seconds", false, 1, 10, "idle time after which a session stops") } },
	{ "GET", "/api/v1/workspaces/{id}/estimate", WHO_ACCOUNT, RIGHT_READ, do_workspace_estimate, 200, "Estimate", NULL, 0, "What a start would cost, and how far the budget goes", { { 0 } },
	  { S("instance_type", false, 1, 63, "instead of the workspace's") } },
	{ "GET", "/api/v1/budget", WHO_ACCOUNT, RIGHT_READ, do_budget, 200, "Budget", NULL, 0, "My budget, the same for every month" },
	{ "PUT", "/api/v1/budget", WHO_ACCOUNT, RIGHT_WRITE, do_budget_put, 200, "Budget", "budget.set", ROUTE_BODY,
	  "Set my budget; a hard one stops what costs when it is used up", { BUDGET_FIELDS } },
	{ "DELETE", "/api/v1/budget", WHO_ACCOUNT, RIGHT_WRITE, do_budget_delete, 204, NULL, "budget.remove", 0, "Remove my budget" },
	{ "GET", "/api/v1/admin/budgets", WHO_ADMIN, RIGHT_READ, do_budgets, 200, "BudgetList", NULL, ROUTE_LIST, "Everybody's budgets, the site's first" },
	{ "PUT", "/api/v1/admin/budgets/{id}", WHO_ADMIN, RIGHT_WRITE, do_admin_budget_put, 200, "Budget", "budget.set", ROUTE_BODY,
	  "Set the budget of an account, or of the site; the account can't change it", { BUDGET_FIELDS } },
	{ "DELETE", "/api/v1/admin/budgets/{id}", WHO_ADMIN, RIGHT_WRITE, do_admin_budget_delete, 204, NULL, "budget.remove", 0, "Remove a budget" },
	{ "GET", "/api/v1/admin/health", WHO_ADMIN, RIGHT_READ, do_admin_health, 200, "Health", NULL, 0, "How the platform's parts are, and its settings" },
	{ "GET", "/api/v1/audit", WHO_ACCOUNT, RIGHT_READ, do_audit, 200, "AuditList", NULL, ROUTE_LIST, "Who did what; all=true for administrators", { { 0 } },
	  { S("all", false, 4, 5, "true: everybody's"), S("q", false, 0, 200, "only rows that contain it") } },
	{ "GET", "/api/v1/openapi.json", WHO_ANYONE, RIGHT_READ, do_openapi, 200, NULL, NULL, 0, "This document" },

	/* --- the operator's --- */
	{ "GET", "/healthz", WHO_ANYONE, RIGHT_READ, do_health, 200, NULL, NULL, 0, "Alive" },
	{ "GET", "/readyz", WHO_ANYONE, RIGHT_READ, do_ready, 200, NULL, NULL, 0, "Ready to start sessions" },
	{ "GET", "/metrics", WHO_METRICS, RIGHT_READ, do_metrics, 200, NULL, NULL, 0, "Prometheus" },

	/* --- between our own processes --- */
	{ "POST", "/internal/sign-in-code", WHO_ROOT, RIGHT_READ, do_sign_in_code, 200, NULL, "login.code", ROUTE_BODY, "A one-time sign-in code",
	  { S("email", false, 0, 254, "whose; default the administrator"), S("name", false, 0, 1000, "of a new account"), B("create", "make the account") } },
	{ "POST", "/internal/backup", WHO_ROOT, RIGHT_READ, do_backup, 200, NULL, "store.backup", ROUTE_BODY, "A copy of the store beside it" },
	{ "GET", "/internal/route", WHO_EDGE, RIGHT_READ, do_route, 200, NULL, NULL, 0, "Where a session's origin leads", { { 0 } },
	  { S("host", true, 1, 64, "label"), S("files", false, 1, 1, "1: a download, also while no session runs") } },
	{ "GET", "/internal/files", WHO_EDGE, RIGHT_READ, do_files, 200, NULL, NULL, 0, "Where a workspace's files are served", { { 0 } },
	  { S("workspace", true, 1, 64, "id") } },
	{ "GET", "/internal/program", WHO_EDGE, RIGHT_READ, do_program, 200, NULL, NULL, 0, "Where a program's address leads", { { 0 } },
	  { S("session", true, 1, 64, "id") } },
	{ "GET", "/internal/cost", WHO_EDGE, RIGHT_READ, do_cost_by_ticket, 200, NULL, NULL, 0, "What a session has cost so far", { { 0 } },
	  { S("host", true, 1, 64, "label") } },
	{ "POST", "/internal/enter", WHO_EDGE, RIGHT_READ, do_enter_code, 200, NULL, "session.entered", ROUTE_BODY, "A code for a ticket",
	  { S("host", true, 1, 64, "label"), S("code", true, 1, 128, "entry code") } },
	{ "POST", "/internal/extend", WHO_EDGE, RIGHT_READ, do_extend_by_ticket, 200, NULL, "session.extend", ROUTE_BODY, "Extend from within the session",
	  { S("host", true, 1, 64, "label"), I("seconds", true, 1, 2592000, "how much later") } },
	{ "POST", "/internal/stop", WHO_EDGE, RIGHT_READ, do_stop_by_ticket, 200, NULL, "session.stop", ROUTE_BODY | ROUTE_ESSENTIAL, "Stop from within the session",
	  { S("host", true, 1, 64, "label") } },
};
/* clang-format on */
const size_t nroutes = ARRAY_LEN(routes);
