/* SPDX-License-Identifier: Apache-2.0 */
/* workspace delete, workspace restore, and what can be restored. */
#include <stdio.h>
#include <unistd.h>

#include "base/encode.h"
#include "cli/find.h"
#include "cli/text.h"

#define DELETED "/workspaces?deleted=true"

/* By id, else by a name that only one of them has. */
static int find_deleted(struct cli *c, const char *what, const struct json **ret)
{
	const struct json *found = NULL;
	struct api_reply list;
	size_t same = 0;
	int r = api_list(c, DELETED, NULL, &list);

	if (r != CLI_OK)
		return r;
	json_for_each(w, json_get(list.json, "items"))
	{
		if (str_is(json_str_or(w, "id", STR("")), what)) {
			*ret = w;
			return CLI_OK;
		}
		if (str_is(json_str_or(w, "name", STR("")), what)) {
			found = w;
			same++;
		}
	}
	if (same > 1)
		return cli_say(c, CLI_FAILED,
		               "%zu deleted workspaces were named \"%s\"; give its id, from: "
		               "carrel workspace list --deleted",
		               same, what);
	if (!found)
		return cli_say(c, CLI_NOT_FOUND,
		               "no deleted workspace \"%s\" can be brought back; see: carrel "
		               "workspace list --deleted",
		               what);
	*ret = found;
	return CLI_OK;
}

int list_deleted(struct cli *c)
{
	static const char *const titles[] = { "NAME",     "DELETED", "KEPT UNTIL",
		                              ">STORAGE", "ID",      NULL };
	struct buf out = BUF((size_t)64 << 20);
	struct api_reply list;
	struct table t;
	int r = api_open(c);

	if (r == CLI_OK)
		r = api_list(c, DELETED, NULL, &list);
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(list.body);
		return CLI_OK;
	}
	table_init(&t, titles);
	json_for_each(w, json_get(list.json, "items"))
	{
		char size[SIZE_TEXT_MAX] = "-";
		uint64_t v;

		if (json_get_u64(w, "storage_bytes", UINT64_MAX, &v) == 0)
			size_text(v, size);
		table_cell(&t, cli_text(c, w, "name"));
		table_cell(&t, cli_time(c, w, "deleted_at"));
		table_cell(&t, cli_time(c, w, "kept_until"));
		table_cell(&t, size);
		table_cell(&t, cli_text(c, w, "id"));
	}
	table_end(&t, &out);
	cli_json(buf_str(&out));
	buf_fini(&out);
	if (!json_at(json_get(list.json, "items"), 0))
		cli_note(c, "There is none.");
	return CLI_OK;
}

/* The name typed again, as the console asks for. */
static int confirm(struct cli *c, const char *name)
{
	bool forever = cli_option(c, "forever");
	char line[512];
	size_t n;

	if (cli_option(c, "yes"))
		return CLI_OK;
	if (!isatty(STDIN_FILENO))
		return cli_say(c, CLI_USAGE,
		               "deleting %s deletes all its files%s; say so with --yes", name,
		               forever ? " for ever" : "");
	(void)fprintf(stderr,
	              "This deletes %s with all its files%s. Type its name to go on: ", name,
	              forever ? ", for ever" : "");
	if (!fgets(line, sizeof(line), stdin))
		line[0] = 0;
	n = strcspn(line, "\n");
	if (!str_eq((struct str){ line, n }, str_of(name)))
		return cli_say(c, CLI_FAILED, "that is not its name; nothing was deleted");
	return CLI_OK;
}

/* One that is kept is found too when it is to go for ever. */
static int find_to_delete(struct cli *c, const struct json **ret)
{
	int r;

	if (!cli_option(c, "forever"))
		return find_workspace(c, c->argv[0], ret);
	r = find_workspace_if(c, c->argv[0], ret);
	return r == CLI_OK && !*ret ? find_deleted(c, c->argv[0], ret) : r;
}

/* How long there is to think again, as the server says. */
static void say_kept(struct cli *c, const char *name)
{
	const struct json *limits;
	char text[DURATION_TEXT_MAX];
	struct api_reply me;
	uint64_t s = 0;

	printf("%s is deleted.\n", name);
	if (cli_option(c, "forever") || api_get(c, &me, "/me") != CLI_OK)
		return;
	limits = json_get(me.json, "limits");
	if (!limits || json_get_u64(limits, "deleted_kept_seconds", UINT64_MAX, &s) < 0 ||
	    s == 0)
		return;
	duration_text(s, text);
	cli_note(c, "It is kept for %s. To bring it back: carrel workspace restore \"%s\"",
	         text, name);
}

int cmd_workspace_delete(struct cli *c)
{
	struct api_request q = { .method = "DELETE" };
	struct buf b = BUF((size_t)64 * 1024);
	struct jsonw w = JSONW(&b);
	struct api_reply reply;
	const struct json *ws;
	struct str name;
	int r = api_open(c);

	if (r == CLI_OK)
		r = find_to_delete(c, &ws);
	if (r == CLI_OK)
		r = confirm(c, cli_text(c, ws, "name"));
	if (r != CLI_OK)
		return r;
	name = json_str_or(ws, "name", STR(""));
	jw_obj(&w);
	jw_kv_str(&w, "confirm", name);
	if (cli_option(c, "stop"))
		jw_kv_bool(&w, "stop", true);
	if (cli_option(c, "forever"))
		jw_kv_bool(&w, "forever", true);
	jw_obj_end(&w);
	q.path = arena_printf(&c->arena, "/workspaces/%s", id_of(c, ws)).ptr;
	q.body = buf_str(&b);
	r = api_call(c, &q, &reply);
	buf_fini(&b);
	if (r != CLI_OK)
		return r;
	if (c->json)
		cli_json(reply.json ? reply.body : STR("{\"deleted\":true}"));
	else
		say_kept(c, cli_text(c, ws, "name"));
	return CLI_OK;
}

int cmd_workspace_restore(struct cli *c)
{
	struct api_request q = { .method = "POST" };
	struct buf b = BUF((size_t)64 * 1024);
	struct jsonw w = JSONW(&b);
	const char *name = cli_option(c, "name");
	struct api_reply reply;
	const struct json *ws;
	int r = api_open(c);

	if (r == CLI_OK)
		r = find_deleted(c, c->argv[0], &ws);
	if (r != CLI_OK)
		return r;
	jw_obj(&w);
	if (name)
		jw_kv_z(&w, "name", name);
	jw_obj_end(&w);
	q.path = arena_printf(&c->arena, "/workspaces/%s/restore", id_of(c, ws)).ptr;
	q.body = buf_str(&b);
	r = api_call(c, &q, &reply);
	buf_fini(&b);
	if (r != CLI_OK)
		return r;
	if (c->json)
		cli_json(reply.body);
	else
		printf("%s is back, with its files.\n", cli_text(c, reply.json, "name"));
	return CLI_OK;
}
