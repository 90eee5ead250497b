/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line. One table (commands.c) names every command with its
 * arguments and options; it drives parsing, help and shell completion. A
 * command's function returns the exit code, and has said on stderr why it is
 * not 0. What a command makes lives in the arena until the program ends.
 *
 * stdout carries the answer only (with --json: the API's JSON), stderr all
 * that is said on the way.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

enum cli_exit {
	CLI_OK,
	CLI_FAILED,
	CLI_USAGE,
	CLI_NOT_FOUND,
	CLI_NOT_ALLOWED,
	CLI_UNREACHABLE,
};

/* What a shell offers for an argument. */
enum cli_complete {
	COMPLETE_NOTHING,
	COMPLETE_WORKSPACE,
	COMPLETE_FILE,
	COMPLETE_SHELL,
	COMPLETE_FILE_WORKSPACE, /* a file, then a workspace */
	COMPLETE_WORKSPACE_FILE, /* the other way round */
	COMPLETE_CATALOGUE,      /* export, diff, apply, use; then a file */
};

#define CLI_OPTIONS_MAX 8

struct cli_option {
	const char *name; /* without the dashes; NULL ends the list */
	char letter;      /* 0: none */
	const char *arg;  /* NULL: a switch */
	const char *text;
};

struct cli;
typedef int cli_fn(struct cli *c);

struct command {
	const char *noun, *verb; /* verb NULL: the noun alone is the command */
	const char *args;        /* as in the usage line */
	int min_args, max_args;
	const char *text;
	cli_fn *run;
	enum cli_complete complete;
	struct cli_option options[CLI_OPTIONS_MAX];
};

struct cli {
	const struct command *cmd;
	bool json;
	int argc; /* arguments without options */
	char **argv;
	const char *values[CLI_OPTIONS_MAX]; /* "" for a switch, NULL if not given */
	struct arena arena;
	const char *url;   /* of the hub, no slash at the end; set by api_open */
	const char *token; /* NULL: not signed in */
};

extern const struct command commands[];
extern const size_t ncommands;

/* Matches argv[0..n): the command, and how many words it took; NULL if none. */
const struct command *command_find(char **argv, int n, int *ret_words);
void command_help(const struct command *cmd);
void commands_help(const char *noun); /* NULL: all */

/* The value of an option of this command by its name; NULL if not given. */
const char *cli_option(const struct cli *c, const char *name);

/* Says "carrel: …" (with --json, one JSON object) on stderr; returns code. */
int cli_say(const struct cli *c, enum cli_exit code, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* A note that is no failure. Nothing with --json. */
void cli_note(const struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The answer: one line of JSON on stdout. */
void cli_json(struct str json);
/* A string or number of an answer as text for a table, never NULL. */
const char *cli_text(struct cli *c, const struct json *o, const char *key);
/* A time of an answer in the user's zone, "-" if there is none. */
const char *cli_time(struct cli *c, const struct json *o, const char *key);

/* Ctrl-C waits to be looked at, instead of ending the program. */
void cli_keep_interrupt(bool keep);
bool cli_interrupted(void);
void cli_take_interrupt(void); /* forgets it */

/* The commands. */
cli_fn cmd_notifications, cmd_recent, cmd_search;
cli_fn cmd_admin_budget, cmd_balance, cmd_budget_clear, cmd_budget_set, cmd_budget_show;
cli_fn cmd_admin_sessions, cmd_admin_stop, cmd_why;
cli_fn cmd_admin_correct, cmd_admin_credit, cmd_admin_focus, cmd_admin_invoice,
    cmd_invoice_list, cmd_invoice_show;
cli_fn cmd_admin_sign_in_code, cmd_completion, cmd_doctor, cmd_extend, cmd_login, cmd_logout,
    cmd_logs, cmd_ls, cmd_open, cmd_queue, cmd_start, cmd_stop, cmd_token_create,
    cmd_token_list, cmd_token_revoke, cmd_usage, cmd_version, cmd_whoami, cmd_workspace_create,
    cmd_workspace_delete, cmd_workspace_list, cmd_workspace_restore, cmd_workspace_set,
    cmd_workspace_show;
cli_fn cmd_files_du, cmd_files_get, cmd_files_ls, cmd_files_mkdir, cmd_files_mv, cmd_files_put,
    cmd_files_restore, cmd_files_rm;
cli_fn cmd_plans, cmd_admin_accounts, cmd_admin_catalogue, cmd_admin_plan;
