/* SPDX-License-Identifier: Apache-2.0 */
/* why; admin sessions, admin stop: what runs, and why. */
#include <stdio.h>

#include "base/time.h"
#include "cli/find.h"
#include "cli/text.h"

static void line(const char *what, const char *text)
{
	struct buf b = BUF((size_t)1 << 20);

	text_clean(&b, str_of(text));
	printf("%-12s %s\n", what, buf_cstr(&b));
	buf_fini(&b);
}

static const char *clock_words(struct str kind)
{
	return str_is(kind, "idle")       ? "if idle until then"
	       : str_is(kind, "max")      ? "longest run"
	       : str_is(kind, "calendar") ? "time of day"
	       : str_is(kind, "budget")   ? "budget used up"
	                                  : "";
}

static void show_clocks(struct cli *c, const struct json *answer)
{
	json_for_each(k, json_get(answer, "clocks"))
	{
		printf("%-12s %s (%s)\n", "Stops at", cli_time(c, k, "at"),
		       clock_words(json_str_or(k, "kind", STR(""))));
	}
}

/* The last minutes, newest last. */
static void show_minutes(struct cli *c, const struct json *answer)
{
	static const char *const titles[] = { "MINUTE UNTIL", "ACTIVE", ">CPUS", "WHY", NULL };
	struct buf out = BUF((size_t)1 << 20);
	struct table t;

	if (!json_at(json_get(answer, "minutes"), 0))
		return;
	table_init(&t, titles);
	json_for_each(m, json_get(answer, "minutes"))
	{
		const struct json *active = json_get(m, "active"),
		                  *cores = json_get(m, "cpu_cores");

		table_cell(&t, cli_time(c, m, "at"));
		table_cell(&t, active && active->type == JSON_TRUE    ? "yes"
		               : active && active->type == JSON_FALSE ? "no"
		                                                      : "not known");
		table_cell(&t, cores && cores->type == JSON_NUMBER ? cli_text(c, m, "cpu_cores")
		                                                   : "-");
		table_cell(&t, cli_text(c, m, "why"));
	}
	table_end(&t, &out);
	printf("\n");
	cli_json(buf_str(&out));
	buf_fini(&out);
}

int cmd_why(struct cli *c)
{
	const struct json *ws, *s;
	struct api_reply reply;
	int r = api_open(c);

	if (r == CLI_OK)
		r = find_workspace(c, c->argv[0], &ws);
	if (r != CLI_OK)
		return r;
	s = json_get(ws, "session");
	if (!s || s->type != JSON_OBJECT)
		s = json_get(ws, "last_session");
	if (!s || s->type != JSON_OBJECT)
		return cli_say(c, CLI_NOT_FOUND, "%s has never run", cli_text(c, ws, "name"));
	r = api_get(c, &reply, "/sessions/%s/activity", id_of(c, s));
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(reply.body);
		return CLI_OK;
	}
	line("Workspace", cli_text(c, ws, "name"));
	line("State", cli_text(c, s, "state"));
	line("Why", cli_text(c, reply.json, "verdict"));
	show_clocks(c, reply.json);
	show_minutes(c, reply.json);
	return CLI_OK;
}

/* --- all owners --- */

static int get_all(struct cli *c, struct api_reply *ret)
{
	const char *state = cli_option(c, "state"), *text = cli_option(c, "filter");
	struct str path = arena_printf(&c->arena, "/admin/sessions?state=%s%s%s",
	                               api_escape(c, state ? state : "live"), text ? "&q=" : "",
	                               text ? api_escape(c, text) : "");

	return api_list(c, path.ptr, NULL, ret);
}

int cmd_admin_sessions(struct cli *c)
{
	static const char *const titles[] = { "OWNER", "WORKSPACE", "STATE", "STARTED",
		                              ">COST", "ID",        "WHY",   NULL };
	struct buf out = BUF((size_t)64 << 20);
	struct api_reply list;
	struct table t;
	int r = api_open(c);

	if (r == CLI_OK)
		r = get_all(c, &list);
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(list.body);
		return CLI_OK;
	}
	table_init(&t, titles);
	json_for_each(it, json_get(list.json, "items"))
	{
		const struct json *s = json_get(it, "session"),
		                  *owner = json_get(it, "account");

		table_cell(&t, cli_text(c, owner, "email"));
		table_cell(&t, cli_text(c, s, "workspace_name"));
		table_cell(&t, cli_text(c, s, "state"));
		table_cell(&t, cli_time(c, s, "started_at"));
		table_cell(&t, cli_text(c, s, "cost"));
		table_cell(&t, cli_text(c, s, "id"));
		table_cell(&t, cli_text(c, it, "verdict"));
	}
	table_end(&t, &out);
	cli_json(buf_str(&out));
	buf_fini(&out);
	if (!json_at(json_get(list.json, "items"), 0))
		cli_note(c, "No session is running.");
	return CLI_OK;
}

int cmd_admin_stop(struct cli *c)
{
	const char *reason = cli_option(c, "reason");
	struct api_request q = { .method = "POST", .once = true };
	struct buf b = BUF(4096);
	struct jsonw w = JSONW(&b);
	struct api_reply reply;
	int r;

	if (!reason || !*reason)
		return cli_say(c, CLI_USAGE,
		               "say why with --reason TEXT: the session's owner reads it");
	r = api_open(c);
	if (r != CLI_OK)
		return r;
	jw_obj(&w);
	jw_kv_z(&w, "reason", reason);
	jw_obj_end(&w);
	q.path =
	    arena_printf(&c->arena, "/admin/sessions/%s/stop", api_escape(c, c->argv[0])).ptr;
	q.body = buf_str(&b);
	r = api_call(c, &q, &reply);
	buf_fini(&b);
	if (r != CLI_OK)
		return r;
	if (c->json)
		cli_json(reply.body);
	else
		printf("%s is %s; its owner is told why.\n",
		       cli_text(c, reply.json, "workspace_name"),
		       cli_text(c, reply.json, "state"));
	return CLI_OK;
}
