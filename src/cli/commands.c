/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#define NOWAIT                                                                  \
	{                                                                       \
		"no-wait", 0, NULL, "return at once, don't wait for the result" \
	}

/* clang-format off */
const struct command commands[] = {
	{ "login", NULL, "[URL]", 0, 1, "sign in, and keep a token for this computer", cmd_login, COMPLETE_NOTHING, {
		{ "code", 'c', "CODE", "one-time sign-in code; - reads it from standard input" },
		{ "email", 'e', "EMAIL", "sign in with a password, which is asked for (or read from standard input)" },
		{ "name", 0, "NAME", "what the token is called in the list of tokens" },
		{ "expires", 0, "DURATION", "how long the token is good (default 90d)" } } },
	{ "logout", NULL, "", 0, 0, "end this computer's token and forget it", cmd_logout, COMPLETE_NOTHING, { { 0 } } },
	{ "whoami", NULL, "", 0, 0, "show who is signed in, and where", cmd_whoami, COMPLETE_NOTHING, { { 0 } } },

	{ "workspace", "create", "[NAME]", 0, 1, "make a workspace", cmd_workspace_create, COMPLETE_NOTHING, {
		{ "example", 0, NULL, "with example notebooks in it; needs no name" },
		{ "image", 'i', "IMAGE", "image that its sessions start from" },
		{ "type", 't', "TYPE", "instance type: CPU, memory, price" },
		{ "storage", 's', "SIZE", "size of its volume, for example 5GiB" },
		{ "auto-stop", 'a', "DURATION", "stop after this long without activity (else what the hub has set, 1h as shipped)" },
		{ "max", 'm', "DURATION", "longest run of a session; 0: the plan's" },
		{ "calendar", 'c', "TIMES", "stop at these times of day, for example '19:00 mon-fri Europe/Berlin'" } } },
	{ "workspace", "list", "", 0, 0, "list workspaces", cmd_workspace_list, COMPLETE_NOTHING, {
		{ "deleted", 'd', NULL, "the deleted ones that can be brought back" } } },
	{ "workspace", "show", "NAME", 1, 1, "show one workspace and its session", cmd_workspace_show, COMPLETE_WORKSPACE, { { 0 } } },
	{ "workspace", "set", "NAME", 1, 1, "change a workspace", cmd_workspace_set, COMPLETE_WORKSPACE, {
		{ "name", 'n', "NAME", "new name" },
		{ "image", 'i', "IMAGE", "image of the next session" },
		{ "type", 't', "TYPE", "instance type of the next session" },
		{ "storage", 's', "SIZE", "larger volume" },
		{ "auto-stop", 'a', "DURATION", "stop after this long without activity" },
		{ "max", 'm', "DURATION", "longest run, from the next start on; 0: the plan's" },
		{ "calendar", 'c', "TIMES", "stop at these times of day; '' for none" } } },
	{ "workspace", "delete", "NAME", 1, 1, "delete a workspace with all its files", cmd_workspace_delete, COMPLETE_WORKSPACE, {
		{ "yes", 'y', NULL, "don't ask for the name again" },
		{ "stop", 0, NULL, "stop its session first, if one runs" },
		{ "forever", 0, NULL, "don't keep it; or give up one that is kept" } } },
	{ "workspace", "restore", "NAME", 1, 1, "bring a deleted workspace back, with its files", cmd_workspace_restore, COMPLETE_NOTHING, {
		{ "name", 'n', "NAME", "another name, if its own is taken" } } },

	{ "start", NULL, "NAME", 1, 1, "start a workspace's session and print its address", cmd_start, COMPLETE_WORKSPACE, {
		{ "type", 't', "TYPE", "instance type, this time" },
		{ "or", 'o', "TYPES", "take one of these, with commas, rather than wait" },
		{ "hold", 0, NULL, "if there is a line: keep the turn for me, don't start by itself" }, NOWAIT } },
	{ "open", NULL, "NAME", 1, 1, "open a running session in the browser", cmd_open, COMPLETE_WORKSPACE, {
		{ "ide", 0, NULL, "in Carrel's own IDE" },
		{ "lab", 0, NULL, "in JupyterLab" },
		{ "print", 'p', NULL, "print the address only" } } },
	{ "stop", NULL, "NAME", 1, 1, "stop a workspace's session; its files stay", cmd_stop, COMPLETE_WORKSPACE, { NOWAIT } },
	{ "extend", NULL, "NAME DURATION", 2, 2, "put a session's stop off by so long, for example 2h", cmd_extend, COMPLETE_WORKSPACE, { { 0 } } },
	{ "why", NULL, "NAME", 1, 1, "say why a session still runs, or why it was stopped", cmd_why, COMPLETE_WORKSPACE, { { 0 } } },
	{ "ls", NULL, "", 0, 0, "list running sessions", cmd_ls, COMPLETE_NOTHING, {
		{ "all", 'a', NULL, "ended ones too" } } },
	{ "queue", NULL, "", 0, 0, "show your places in line, with estimates", cmd_queue, COMPLETE_NOTHING, {
		{ "all", 'a', NULL, "everybody's, for administrators" } } },
	{ "search", NULL, "WORD...", 1, 32, "find workspaces, notebooks, files and the text in them", cmd_search, COMPLETE_NOTHING, {
		{ "limit", 'n', "N", "at most so many, 1 to 50 (default 20)" } } },
	{ "recent", NULL, "", 0, 0, "list the notebooks and files that you opened, saved or ran last", cmd_recent, COMPLETE_NOTHING, {
		{ "limit", 'n', "N", "at most so many, 1 to 50 (default 20)" } } },
	{ "notifications", NULL, "", 0, 0, "show what you were told and have not read", cmd_notifications, COMPLETE_NOTHING, {
		{ "all", 'a', NULL, "of the last 30 days, read or not" },
		{ "read", 'r', NULL, "then mark all of it as read" } } },
	{ "logs", NULL, "NAME", 1, 1, "show what the session's container said", cmd_logs, COMPLETE_WORKSPACE, { { 0 } } },

	{ "files", "ls", "WORKSPACE[:PATH]", 1, 1, "list files, also while the workspace is stopped", cmd_files_ls, COMPLETE_WORKSPACE, { { 0 } } },
	{ "files", "get", "WORKSPACE:PATH [TO]", 1, 2, "copy a file or folder from a workspace; - is standard output", cmd_files_get, COMPLETE_WORKSPACE_FILE, { { 0 } } },
	{ "files", "put", "FILE WORKSPACE[:PATH]", 2, 2, "copy a file to a workspace; goes on where it was cut", cmd_files_put, COMPLETE_FILE_WORKSPACE, {
		{ "replace", 'r', NULL, "take the place of a file that is there" } } },
	{ "files", "rm", "WORKSPACE:PATH", 1, 1, "move a file or folder to the trash", cmd_files_rm, COMPLETE_WORKSPACE, { { 0 } } },
	{ "files", "restore", "WORKSPACE:PATH", 1, 1, "bring back what was deleted last from there", cmd_files_restore, COMPLETE_WORKSPACE, { { 0 } } },
	{ "files", "mv", "WORKSPACE:PATH PATH", 2, 2, "rename or move a file in its workspace", cmd_files_mv, COMPLETE_WORKSPACE, { { 0 } } },
	{ "files", "mkdir", "WORKSPACE:PATH", 1, 1, "make a folder", cmd_files_mkdir, COMPLETE_WORKSPACE, { { 0 } } },
	{ "files", "du", "WORKSPACE[:PATH]", 1, 1, "show what uses the storage, largest first", cmd_files_du, COMPLETE_WORKSPACE, { { 0 } } },

	{ "usage", NULL, "", 0, 0, "show what ran, how long, and what it cost", cmd_usage, COMPLETE_NOTHING, {
		{ "month", 'm', "YYYY-MM", "that month (UTC) instead of this one" },
		{ "csv", 0, NULL, "comma-separated values" },
		{ "by", 'b', "WHAT", "sums by day, workspace, type or account instead of lines" },
		{ "all", 'a', NULL, "everybody's (administrators)" } } },
	{ "balance", NULL, "", 0, 0, "show where this month stands: used, burning now, credit, budget", cmd_balance, COMPLETE_NOTHING, { { 0 } } },
	{ "budget", "show", "", 0, 0, "show this month's budget and what is left of it", cmd_budget_show, COMPLETE_NOTHING, { { 0 } } },
	{ "budget", "set", "AMOUNT", 1, 1, "set a budget for every month; when it is used up, what costs is stopped", cmd_budget_set, COMPLETE_NOTHING, {
		{ "alerts-only", 0, NULL, "tell at 50, 80 and 100 %, stop nothing" } } },
	{ "budget", "clear", "", 0, 0, "remove the budget", cmd_budget_clear, COMPLETE_NOTHING, { { 0 } } },

	{ "plans", NULL, "", 0, 0, "list plans and what they allow", cmd_plans, COMPLETE_NOTHING, { { 0 } } },
	{ "invoice", "list", "", 0, 0, "list invoices, newest first", cmd_invoice_list, COMPLETE_NOTHING, {
		{ "all", 'a', NULL, "everybody's, for administrators" },
		{ "month", 'm', "YYYY-MM", "only those of this month" } } },
	{ "invoice", "show", "NUMBER", 1, 1, "show an invoice with its lines, or save it", cmd_invoice_show, COMPLETE_NOTHING, {
		{ "csv", 0, NULL, "its lines as comma-separated values" },
		{ "html", 0, "FILE", "save it as a page; - is standard output" },
		{ "pdf", 0, "FILE", "print it into a PDF, by a Chromium on this machine" } } },

	{ "token", "create", "NAME", 1, 1, "make a token for programs; it is shown once", cmd_token_create, COMPLETE_NOTHING, {
		{ "scope", 's', "SCOPES", "what it may do: account (default), read, session:ID; several with commas" },
		{ "expires", 'e', "DURATION", "how long it is good (default 90d)" } } },
	{ "token", "list", "", 0, 0, "list tokens", cmd_token_list, COMPLETE_NOTHING, { { 0 } } },
	{ "token", "revoke", "ID", 1, 1, "end a token, by its id or name", cmd_token_revoke, COMPLETE_NOTHING, { { 0 } } },

	{ "admin", "sign-in-code", "", 0, 0, "make a fresh one-time code for the administrator (as root, on the hub's machine)", cmd_admin_sign_in_code, COMPLETE_NOTHING, {
		{ "state", 0, "DIR", "state directory of the hub (default: what its configuration says)" } } },
	{ "admin", "budget", "[list | set WHO AMOUNT | clear WHO]", 0, 3, "show or change budgets; WHO is an e-mail address, an account's id, or site", cmd_admin_budget, COMPLETE_NOTHING, {
		{ "alerts-only", 0, NULL, "tell at 50, 80 and 100 %, stop nothing" } } },
	{ "admin", "sessions", "", 0, 0, "list the sessions of all owners, and why each still runs", cmd_admin_sessions, COMPLETE_NOTHING, {
		{ "state", 0, "STATE", "live (default), all, or a state such as running" },
		{ "filter", 'f', "TEXT", "only those with this in workspace, owner or id" } } },
	{ "admin", "stop", "SESSION", 1, 1, "stop anybody's session, by its id; its owner reads the reason", cmd_admin_stop, COMPLETE_NOTHING, {
		{ "reason", 'r', "TEXT", "why; needed" } } },
	{ "admin", "accounts", "", 0, 0, "list all accounts with plan and use (as an administrator)", cmd_admin_accounts, COMPLETE_NOTHING, { { 0 } } },
	{ "admin", "plan", "ACCOUNT PLAN", 2, 2, "give an account another plan; nothing is taken away from it", cmd_admin_plan, COMPLETE_NOTHING, { { 0 } } },
	{ "admin", "catalogue", "export | diff FILE | apply FILE | use", 1, 2, "instance types, plans and prices as one JSON file; what would change, in words; change it; who uses what, and what it has cost", cmd_admin_catalogue, COMPLETE_CATALOGUE, {
		{ "yes", 'y', NULL, "apply without asking" } } },
	{ "admin", "invoice", "close MONTH", 2, 2, "close a month that is over: an invoice for each owner", cmd_admin_invoice, COMPLETE_NOTHING, { { 0 } } },
	{ "admin", "credit", "ACCOUNT", 1, 1, "give an account credit, which invoices use up first", cmd_admin_credit, COMPLETE_NOTHING, {
		{ "amount", 'a', "AMOUNT", "how much, for example 12.50" },
		{ "note", 'n', "TEXT", "why; the owner reads it" } } },
	{ "admin", "correct", "CHARGE", 1, 1, "correct a charge by a new one, on the next invoice", cmd_admin_correct, COMPLETE_NOTHING, {
		{ "amount", 'a', "AMOUNT", "how much more, or with a minus less" },
		{ "note", 'n', "TEXT", "why; the owner reads it" } } },
	{ "admin", "focus", "MONTH", 1, 1, "a closed month's invoices as FOCUS 1.0, comma-separated values", cmd_admin_focus, COMPLETE_NOTHING, { { 0 } } },
	{ "doctor", NULL, "", 0, 0, "look for what is missing or risky on this host", cmd_doctor, COMPLETE_NOTHING, {
		{ "state", 0, "DIR", "state directory of the hub (default /var/lib/carrel)" },
		{ "port", 0, "PORT", "port of the hub (default 8888)" } } },
	{ "completion", NULL, "SHELL", 1, 1, "print completions for bash or zsh", cmd_completion, COMPLETE_SHELL, { { 0 } } },
	{ "version", NULL, "", 0, 0, "print versions", cmd_version, COMPLETE_NOTHING, { { 0 } } },
};
/* clang-format on */
const size_t ncommands = ARRAY_LEN(commands);
