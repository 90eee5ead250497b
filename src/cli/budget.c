/* SPDX-License-Identifier: Apache-2.0 */
/* balance; budget show, set, clear; admin budget list, set, clear. */
#include <stdio.h>

#include "cli/api.h"
#include "cli/text.h"

static const char *money_line(struct cli *c, const struct json *o, const char *key)
{
	return arena_printf(&c->arena, "%s %s", cli_text(c, o, key), cli_text(c, o, "currency"))
	    .ptr;
}

static bool is_null(const struct json *o, const char *key)
{
	const struct json *v = json_get(o, key);

	return !v || v->type == JSON_NULL;
}

static bool is_true(const struct json *o, const char *key)
{
	const struct json *v = json_get(o, key);

	return v && v->type == JSON_TRUE;
}

static void print_budget(struct cli *c, const struct json *b)
{
	bool none = is_null(b, "amount");

	printf("%-12s %s\n", "Month", cli_text(c, b, "month"));
	printf("%-12s %s\n", "Budget", none ? "none" : money_line(c, b, "amount"));
	printf("%-12s %s\n", "Used", money_line(c, b, "used"));
	if (!none)
		printf("%-12s %s (%s %% used)\n", "Left", money_line(c, b, "left"),
		       cli_text(c, b, "percent"));
	printf("%-12s %s per hour\n", "Burns", money_line(c, b, "burn_per_hour"));
	if (none)
		return;
	printf("%-12s %s\n", "When used up",
	       is_true(b, "hard") ? "what costs is stopped; files stay"
	                          : "you are told; nothing is stopped");
	if (!is_null(b, "until"))
		printf("%-12s %s, as it burns now\n", "Lasts until", cli_time(c, b, "until"));
	if (is_true(b, "by_admin"))
		printf("%-12s an administrator\n", "Set by");
}

static int answer(struct cli *c, const struct api_reply *reply)
{
	if (c->json)
		cli_json(reply->body.len ? reply->body : STR("{\"removed\":true}"));
	else if (reply->json)
		print_budget(c, reply->json);
	else
		printf("The budget is removed.\n");
	return CLI_OK;
}

/* PUT of AMOUNT, or DELETE when amount is NULL. */
static int change(struct cli *c, const char *path, const char *amount)
{
	struct api_request q = { .method = amount ? "PUT" : "DELETE", .path = path };
	struct buf b = BUF(4096);
	struct jsonw w = JSONW(&b);
	struct api_reply reply;
	int r;

	if (amount) {
		jw_obj(&w);
		jw_kv_z(&w, "amount", amount);
		jw_kv_bool(&w, "hard", !cli_option(c, "alerts-only"));
		jw_obj_end(&w);
		q.body = buf_str(&b);
	}
	r = api_call(c, &q, &reply);
	buf_fini(&b);
	return r == CLI_OK ? answer(c, &reply) : r;
}

int cmd_budget_show(struct cli *c)
{
	struct api_reply reply;
	int r = api_open(c);

	if (r == CLI_OK)
		r = api_get(c, &reply, "/budget");
	return r == CLI_OK ? answer(c, &reply) : r;
}

int cmd_budget_set(struct cli *c)
{
	int r = api_open(c);

	return r == CLI_OK ? change(c, "/budget", c->argv[0]) : r;
}

int cmd_budget_clear(struct cli *c)
{
	int r = api_open(c);

	return r == CLI_OK ? change(c, "/budget", NULL) : r;
}

int cmd_balance(struct cli *c)
{
	const struct json *b, *budget;
	struct api_reply reply;
	char text[DURATION_TEXT_MAX];
	uint64_t free_s = 0;
	int r = api_open(c);

	if (r == CLI_OK)
		r = api_get(c, &reply, "/balance");
	if (r != CLI_OK)
		return r;
	b = reply.json;
	if (c->json) {
		cli_json(reply.body);
		return CLI_OK;
	}
	printf("%-12s %s\n", "Month", cli_text(c, b, "month"));
	printf("%-12s %s\n", "Used", money_line(c, b, "used"));
	printf("%-12s %s\n", "Not charged", money_line(c, b, "open"));
	printf("%-12s %s per hour\n", "Burns", money_line(c, b, "burn_per_hour"));
	printf("%-12s %s\n", "Credit", money_line(c, b, "credit"));
	if (json_get_u64(b, "free_seconds_left", UINT64_MAX, &free_s) == 0 && free_s) {
		duration_text(free_s, text);
		printf("%-12s %s left\n", "Free time", text);
	}
	budget = json_get(b, "budget");
	if (budget && budget->type == JSON_OBJECT)
		printf("%-12s %s %s, %s left, %s\n", "Budget", cli_text(c, budget, "amount"),
		       cli_text(c, b, "currency"), cli_text(c, budget, "left"),
		       is_true(budget, "hard") ? "hard" : "alerts only");
	if (!is_null(b, "ends_at"))
		printf("%-12s %s\n", "Lasts until", cli_time(c, b, "ends_at"));
	return CLI_OK;
}

/* --- everybody's --- */

static int list(struct cli *c)
{
	static const char *const titles[] = { "WHOSE", ">AMOUNT", ">USED", ">LEFT",
		                              "",      "KIND",    "ID",    NULL };
	struct buf out = BUF((size_t)16 << 20);
	struct api_reply reply;
	struct table t;
	int r = api_list(c, "/admin/budgets", NULL, &reply);

	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(reply.body);
		return CLI_OK;
	}
	table_init(&t, titles);
	json_for_each(b, json_get(reply.json, "items"))
	{
		table_cell(&t, is_null(b, "email") ? "the site" : cli_text(c, b, "email"));
		table_cell(&t, cli_text(c, b, "amount"));
		table_cell(&t, cli_text(c, b, "used"));
		table_cell(&t, cli_text(c, b, "left"));
		table_cell(&t, cli_text(c, b, "currency"));
		table_cell(&t, is_true(b, "hard") ? "hard" : "alerts only");
		table_cell(&t, cli_text(c, b, "account_id"));
	}
	table_end(&t, &out);
	cli_json(buf_str(&out));
	buf_fini(&out);
	return CLI_OK;
}

/* WHO is site, an account's id, or an e-mail address. */
static int path_of(struct cli *c, const char *who, const char **ret)
{
	const char *id = strchr(who, '@') ? NULL : who;
	struct api_reply reply;
	int r = CLI_OK;

	if (!id) {
		r = api_list(c, "/admin/accounts", NULL, &reply);
		if (r != CLI_OK)
			return r;
		json_for_each(a, json_get(reply.json,
		                          "items")) if (str_is(json_str_or(a, "email", STR("")),
		                                               who)) id = cli_text(c, a, "id");
	}
	if (!id)
		return cli_say(c, CLI_NOT_FOUND, "there is no account \"%s\"", who);
	*ret = arena_printf(&c->arena, "/admin/budgets/%s", api_escape(c, id)).ptr;
	return CLI_OK;
}

int cmd_admin_budget(struct cli *c)
{
	const char *what = c->argc ? c->argv[0] : "list", *path = NULL;
	bool set = strcmp(what, "set") == 0, clear = strcmp(what, "clear") == 0;
	int r;

	if (c->argc > (set     ? 3
	               : clear ? 2
	                       : 1) ||
	    (set && c->argc < 3) || (clear && c->argc < 2) ||
	    !(set || clear || strcmp(what, "list") == 0))
		return cli_say(c, CLI_USAGE,
		               "say: admin budget list, admin budget set WHO AMOUNT, or admin "
		               "budget clear WHO");
	r = api_open(c);
	if (r != CLI_OK)
		return r;
	if (!set && !clear)
		return list(c);
	r = path_of(c, c->argv[1], &path);
	return r == CLI_OK ? change(c, path, set ? c->argv[2] : NULL) : r;
}
