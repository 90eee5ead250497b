/* SPDX-License-Identifier: Apache-2.0 */
/* token create, list, revoke. */
#include <stdio.h>

#include "cli/find.h"
#include "cli/text.h"

#define EXPIRES_DEFAULT (UINT64_C(90) * 86400)

static int put_body(struct cli *c, struct jsonw *w)
{
	const char *scope = cli_option(c, "scope"), *expires = cli_option(c, "expires");
	struct str rest = str_of(scope ? scope : "account"), part;
	uint64_t seconds = EXPIRES_DEFAULT;
	struct err err = ERR_NONE;

	if (expires && duration_parse(str_of(expires), &seconds, &err) < 0)
		return cli_say(c, CLI_USAGE, "--expires: %s", err.msg);
	jw_obj(w);
	jw_kv_z(w, "name", c->argv[0]);
	jw_key(w, "scopes");
	jw_arr(w);
	while (str_split(&rest, ',', &part))
		jw_str(w, str_trim(part));
	jw_arr_end(w);
	jw_kv_u64(w, "expires_in_seconds", seconds);
	jw_obj_end(w);
	return CLI_OK;
}

int cmd_token_create(struct cli *c)
{
	struct buf b = BUF((size_t)64 * 1024);
	struct jsonw w = JSONW(&b);
	struct api_request q = { .method = "POST", .path = "/tokens" };
	struct api_reply reply;
	int r = api_open(c);

	if (r == CLI_OK)
		r = put_body(c, &w);
	if (r == CLI_OK) {
		q.body = buf_str(&b);
		r = api_call(c, &q, &reply);
	}
	buf_fini(&b);
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(reply.body);
		return CLI_OK;
	}
	printf("%s\n", cli_text(c, reply.json, "token"));
	cli_note(c, "This is the only time that the token is shown. It is good until %s.",
	         cli_time(c, reply.json, "expires_at"));
	return CLI_OK;
}

static const char *scopes_text(struct cli *c, const struct json *token)
{
	struct buf b = BUF(4096);
	struct str s;

	json_for_each(scope, json_get(token, "scopes"))
	{
		if (buf_len(&b))
			buf_put_z(&b, ", ");
		buf_put_str(&b, scope->text);
	}
	s = arena_str(&c->arena, buf_str(&b));
	buf_fini(&b);
	return s.ptr ? s.ptr : "-";
}

int cmd_token_list(struct cli *c)
{
	static const char *const titles[] = { "NAME",    "SCOPES", "CREATED", "LAST USED",
		                              "EXPIRES", "ID",     NULL };
	struct buf out = BUF((size_t)64 << 20);
	struct api_reply list;
	struct table t;
	int r = api_open(c);

	if (r == CLI_OK)
		r = api_list(c, "/tokens", NULL, &list);
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(list.body);
		return CLI_OK;
	}
	table_init(&t, titles);
	json_for_each(token, json_get(list.json, "items"))
	{
		table_cell(&t, cli_text(c, token, "name"));
		table_cell(&t, scopes_text(c, token));
		table_cell(&t, cli_time(c, token, "created_at"));
		table_cell(&t, cli_time(c, token, "last_used_at"));
		table_cell(&t, cli_time(c, token, "expires_at"));
		table_cell(&t, cli_text(c, token, "id"));
	}
	table_end(&t, &out);
	cli_json(buf_str(&out));
	buf_fini(&out);
	return CLI_OK;
}

/* By id, else by a name that only one has. */
static int find_token(struct cli *c, const char *what, const char **ret_id)
{
	const struct json *found = NULL;
	struct api_reply list;
	size_t same = 0;
	int r = api_list(c, "/tokens", NULL, &list);

	if (r != CLI_OK)
		return r;
	json_for_each(token, json_get(list.json, "items"))
	{
		if (str_is(json_str_or(token, "id", STR("")), what)) {
			found = token;
			same = 1;
			break;
		}
		if (str_is(json_str_or(token, "name", STR("")), what)) {
			found = token;
			same++;
		}
	}
	if (same > 1)
		return cli_say(c, CLI_FAILED,
		               "%zu tokens are called \"%s\"; give an id of: carrel token list",
		               same, what);
	if (!found)
		return cli_say(c, CLI_NOT_FOUND,
		               "there is no token \"%s\"; see: carrel token list", what);
	*ret_id = id_of(c, found);
	return CLI_OK;
}

int cmd_token_revoke(struct cli *c)
{
	struct api_request q = { .method = "DELETE" };
	struct api_reply reply;
	const char *id = "";
	int r = api_open(c);

	if (r == CLI_OK)
		r = find_token(c, c->argv[0], &id);
	if (r != CLI_OK)
		return r;
	q.path = arena_printf(&c->arena, "/tokens/%s", id).ptr;
	r = api_call(c, &q, &reply);
	if (r != CLI_OK)
		return r;
	if (c->json)
		cli_json(STR("{\"revoked\":true}"));
	else
		printf("The token %s is revoked.\n", c->argv[0]);
	return CLI_OK;
}
