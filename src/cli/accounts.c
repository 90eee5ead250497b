/* SPDX-License-Identifier: Apache-2.0 */
/* Plans, and whose they are: plans, admin accounts, admin plan. */
#include <stdio.h>

#include "cli/api.h"
#include "cli/text.h"

static const char *bytes_text(struct cli *c, const struct json *o, const char *key,
                              const char *none)
{
	char text[SIZE_TEXT_MAX];
	uint64_t n = 0;

	if (json_get_u64(o, key, UINT64_MAX, &n) < 0 || n == 0)
		return none;
	size_text(n, text);
	return arena_str(&c->arena, str_of(text)).ptr;
}

static const char *time_text(struct cli *c, const struct json *o, const char *key,
                             const char *none)
{
	char text[DURATION_TEXT_MAX];
	uint64_t n = 0;

	if (json_get_u64(o, key, UINT64_MAX, &n) < 0 || n == 0)
		return none;
	duration_text(n, text);
	return arena_str(&c->arena, str_of(text)).ptr;
}

static const char *types_text(struct cli *c, const struct json *plan)
{
	struct buf b = BUF(4096);
	struct str s;

	json_for_each(it, json_get(plan, "types"))
	{
		if (str_is(it->text, "*")) {
			buf_put_z(&b, "all");
			continue;
		}
		if (buf_len(&b))
			buf_put_z(&b, ", ");
		buf_put_str(&b, it->text);
	}
	s = arena_str(&c->arena, buf_str(&b));
	buf_fini(&b);
	return s.len ? s.ptr : "none";
}

static int put_table(struct table *t)
{
	struct buf out = BUF((size_t)64 << 20);

	table_end(t, &out);
	(void)fwrite(buf_str(&out).ptr, 1, buf_len(&out), stdout);
	buf_fini(&out);
	return CLI_OK;
}

int cmd_plans(struct cli *c)
{
	static const char *const titles[] = { "PLAN",     "NAME",     ">SESSIONS",
		                              ">STORAGE", ">LONGEST", ">FREE PER MONTH",
		                              "TYPES",    NULL };
	struct api_reply list;
	struct table t;
	int r = api_open(c);

	if (r == CLI_OK)
		r = api_list(c, "/plans", NULL, &list);
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(list.body);
		return CLI_OK;
	}
	table_init(&t, titles);
	json_for_each(p, json_get(list.json, "items"))
	{
		table_cell(&t, cli_text(c, p, "id"));
		table_cell(&t, cli_text(c, p, "name"));
		table_cell(&t, cli_text(c, p, "sessions_max"));
		table_cell(&t, bytes_text(c, p, "storage_bytes_max", "no limit"));
		table_cell(&t, time_text(c, p, "session_max_seconds", "as the site"));
		table_cell(&t, time_text(c, p, "free_seconds_per_month", "-"));
		table_cell(&t, types_text(c, p));
	}
	return put_table(&t);
}

int cmd_admin_accounts(struct cli *c)
{
	static const char *const titles[] = { "ACCOUNT",  "NAME", "PLAN", ">SESSIONS",
		                              ">STORAGE", "OVER", NULL };
	struct api_reply list;
	struct table t;
	int r = api_open(c);

	if (r == CLI_OK)
		r = api_list(c, "/admin/accounts", NULL, &list);
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(list.body);
		return CLI_OK;
	}
	table_init(&t, titles);
	json_for_each(a, json_get(list.json, "items"))
	{
		const struct json *over = json_get(a, "over");

		table_cell(&t, cli_text(c, a, "email"));
		table_cell(&t, cli_text(c, a, "name"));
		table_cell(&t, cli_text(c, a, "plan"));
		table_cell(&t, cli_text(c, a, "sessions"));
		table_cell(&t, bytes_text(c, a, "storage_bytes", "0"));
		table_cell(&t, over && over->first ? "yes" : "-");
	}
	return put_table(&t);
}

/* By e-mail address or id. */
static int find_account(struct cli *c, const char *who, const struct json **ret)
{
	struct api_reply list;
	int r = api_list(c, "/admin/accounts", NULL, &list);

	if (r != CLI_OK)
		return r;
	json_for_each(a, json_get(list.json, "items"))
	{
		if (!str_ieq(json_str_or(a, "email", STR("")), str_of(who)) &&
		    !str_is(json_str_or(a, "id", STR("")), who))
			continue;
		*ret = a;
		return CLI_OK;
	}
	return cli_say(c, CLI_NOT_FOUND,
	               "there is no account \"%s\"; see: carrel admin accounts", who);
}

int cmd_admin_plan(struct cli *c)
{
	struct api_request q = { .method = "PATCH" };
	struct buf b = BUF(4096);
	struct jsonw w = JSONW(&b);
	const struct json *account;
	struct api_reply reply;
	int r = api_open(c);

	if (r == CLI_OK)
		r = find_account(c, c->argv[0], &account);
	if (r != CLI_OK)
		return r;
	jw_obj(&w);
	jw_kv_z(&w, "plan", str_is(str_of(c->argv[1]), "default") ? "" : c->argv[1]);
	jw_obj_end(&w);
	q.path = arena_printf(&c->arena, "/admin/accounts/%s",
	                      api_escape(c, cli_text(c, account, "id")))
	             .ptr;
	q.body = buf_str(&b);
	r = api_call(c, &q, &reply);
	buf_fini(&b);
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(reply.body);
		return CLI_OK;
	}
	printf("%s has the plan %s.\n", cli_text(c, reply.json, "email"),
	       cli_text(c, reply.json, "plan_name"));
	json_for_each(x, json_get(reply.json, "over")) cli_note(c, "%.*s", STR_ARG(x->text));
	return CLI_OK;
}
