/* SPDX-License-Identifier: Apache-2.0 */
/* workspace create, list, show, set. */
#include <stdio.h>

#include "base/encode.h"
#include "cli/find.h"
#include "cli/text.h"

/* The longest run and the calendar. */
static int put_clocks(struct cli *c, struct jsonw *w)
{
	const char *max = cli_option(c, "max"), *calendar = cli_option(c, "calendar");
	struct err err = ERR_NONE;
	uint64_t v = 0;

	if (max) {
		if (strcmp(max, "0") != 0 && duration_parse(str_of(max), &v, &err) < 0)
			return cli_say(c, CLI_USAGE, "--max: %s", err.msg);
		jw_kv_u64(w, "max_seconds", v);
	}
	if (calendar)
		jw_kv_z(w, "stop_calendar", calendar);
	return CLI_OK;
}

/* Writes the options that were given as fields of the body. */
static int put_options(struct cli *c, struct jsonw *w)
{
	const char *image = cli_option(c, "image"), *type = cli_option(c, "type");
	const char *storage = cli_option(c, "storage"), *stop = cli_option(c, "auto-stop");
	struct err err = ERR_NONE;
	uint64_t v;

	if (image)
		jw_kv_z(w, "image", image);
	if (type)
		jw_kv_z(w, "instance_type", type);
	if (storage) {
		if (size_parse(str_of(storage), &v, &err) < 0)
			return cli_say(c, CLI_USAGE, "--storage: %s", err.msg);
		jw_kv_u64(w, "storage_bytes", v);
	}
	if (stop) {
		if (duration_parse(str_of(stop), &v, &err) < 0)
			return cli_say(c, CLI_USAGE, "--auto-stop: %s", err.msg);
		jw_kv_u64(w, "auto_stop_seconds", v);
	}
	return put_clocks(c, w);
}

static void size_line(const char *what, const struct json *o, const char *key)
{
	char text[SIZE_TEXT_MAX];
	uint64_t v;

	if (json_get_u64(o, key, UINT64_MAX, &v) < 0)
		return;
	size_text(v, text);
	printf("%-12s %s\n", what, text);
}

static void duration_line(const char *what, const struct json *o, const char *key)
{
	char text[DURATION_TEXT_MAX];
	uint64_t v;

	if (json_get_u64(o, key, UINT64_MAX, &v) < 0)
		return;
	duration_text(v, text);
	printf("%-12s after %s without activity\n", what, text);
}

static void text_line(const char *what, const char *text)
{
	struct buf b = BUF((size_t)1 << 20);

	text_clean(&b, str_of(text));
	printf("%-12s %s\n", what, buf_cstr(&b));
	buf_fini(&b);
}

static void show_session(struct cli *c, const struct json *s)
{
	const struct json *stats = json_get(s, "stats");

	text_line("Session", cli_text(c, s, "id"));
	text_line("State", cli_text(c, s, "state"));
	if (session_is_over(s))
		text_line("Reason", cli_text(c, s, "reason"));
	text_line("Started", cli_time(c, s, "started_at"));
	text_line(session_is_over(s) ? "Stopped" : "Stops",
	          cli_time(c, s, session_is_over(s) ? "stopped_at" : "stop_at"));
	printf("%-12s %s %s\n", "Cost", cli_text(c, s, "cost"), cli_text(c, s, "currency"));
	if (!session_is_over(s)) {
		text_line("Address", cli_text(c, s, "url"));
		text_line("For programs", cli_text(c, s, "program_url"));
	}
	if (stats && stats->type == JSON_OBJECT) {
		text_line("CPUs busy", cli_text(c, stats, "cpu_cores_used"));
		size_line("Memory", stats, "memory_bytes");
		size_line("Disk used", stats, "disk_used_bytes");
	}
}

static void show_clocks(struct cli *c, const struct json *w)
{
	char text[DURATION_TEXT_MAX];
	uint64_t v = 0;

	if (json_get_u64(w, "max_seconds", UINT64_MAX, &v) == 0 && v) {
		duration_text(v, text);
		printf("%-12s after %s at the latest\n", "Maximum", text);
	}
	if (json_str_or(w, "stop_calendar", STR("")).len)
		text_line("Calendar", cli_text(c, w, "stop_calendar"));
}

static int show(struct cli *c, const struct json *w)
{
	const struct json *s = json_get(w, "session");

	if (c->json) {
		cli_json(w->raw);
		return CLI_OK;
	}
	text_line("Workspace", cli_text(c, w, "name"));
	text_line("Id", cli_text(c, w, "id"));
	text_line("Image", cli_text(c, w, "image"));
	printf("%-12s %s, %s %s/h\n", "Type", cli_text(c, w, "instance_type"),
	       cli_text(c, w, "price_per_hour"), cli_text(c, w, "currency"));
	size_line("Storage", w, "storage_bytes");
	duration_line("Auto-stop", w, "auto_stop_seconds");
	show_clocks(c, w);
	text_line("Created", cli_time(c, w, "created_at"));
	if (!s || s->type != JSON_OBJECT)
		s = json_get(w, "last_session");
	if (s && s->type == JSON_OBJECT) {
		printf("\n");
		show_session(c, s);
	}
	return CLI_OK;
}

int cmd_workspace_create(struct cli *c)
{
	struct buf b = BUF((size_t)64 * 1024);
	struct jsonw w = JSONW(&b);
	struct api_request q = { .method = "POST", .path = "/workspaces", .once = true };
	struct api_reply reply;
	int r = api_open(c);

	if (r != CLI_OK)
		return r;
	if (!c->argc && !cli_option(c, "example"))
		return cli_say(c, CLI_USAGE, "a workspace needs a name, or --example");
	jw_obj(&w);
	if (c->argc)
		jw_kv_z(&w, "name", c->argv[0]);
	if (cli_option(c, "example"))
		jw_kv_bool(&w, "example", true);
	r = put_options(c, &w);
	jw_obj_end(&w);
	q.body = buf_str(&b);
	if (r == CLI_OK)
		r = api_call(c, &q, &reply);
	buf_fini(&b);
	if (r != CLI_OK)
		return r;
	r = show(c, reply.json);
	cli_note(c, "Start it with: carrel start '%s'", cli_text(c, reply.json, "name"));
	return r;
}

int cmd_workspace_list(struct cli *c)
{
	static const char *const titles[] = { "NAME",     "STATE",    "TYPE",
		                              ">PRICE/H", ">STORAGE", ">AUTO-STOP",
		                              "IMAGE",    "ID",       NULL };
	struct buf out = BUF((size_t)64 << 20);
	struct api_reply list;
	struct table t;
	int r;

	if (cli_option(c, "deleted"))
		return list_deleted(c);
	r = api_open(c);

	if (r == CLI_OK)
		r = api_list(c, "/workspaces", NULL, &list);
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(list.body);
		return CLI_OK;
	}
	table_init(&t, titles);
	json_for_each(w, json_get(list.json, "items"))
	{
		const struct json *s = live_session(w);
		char size[SIZE_TEXT_MAX] = "-", stop[DURATION_TEXT_MAX] = "-";
		uint64_t v;

		if (json_get_u64(w, "storage_bytes", UINT64_MAX, &v) == 0)
			size_text(v, size);
		if (json_get_u64(w, "auto_stop_seconds", UINT64_MAX, &v) == 0)
			duration_text(v, stop);
		table_cell(&t, cli_text(c, w, "name"));
		table_cell(&t, s ? cli_text(c, s, "state") : "stopped");
		table_cell(&t, cli_text(c, w, "instance_type"));
		table_cell(&t, cli_text(c, w, "price_per_hour"));
		table_cell(&t, size);
		table_cell(&t, stop);
		table_cell(&t, cli_text(c, w, "image"));
		table_cell(&t, cli_text(c, w, "id"));
	}
	table_end(&t, &out);
	cli_json(buf_str(&out));
	buf_fini(&out);
	if (!json_at(json_get(list.json, "items"), 0))
		cli_note(c, "There is none yet. Make one with: carrel workspace create NAME");
	return CLI_OK;
}

int cmd_workspace_show(struct cli *c)
{
	const struct json *w;
	struct api_reply reply;
	int r = api_open(c);

	if (r == CLI_OK)
		r = find_workspace(c, c->argv[0], &w);
	if (r == CLI_OK)
		r = api_get(c, &reply, "/workspaces/%s", id_of(c, w));
	return r == CLI_OK ? show(c, reply.json) : r;
}

int cmd_workspace_set(struct cli *c)
{
	const char *name = cli_option(c, "name");
	struct buf b = BUF((size_t)64 * 1024);
	struct jsonw w = JSONW(&b);
	struct api_request q = { .method = "PATCH" };
	struct api_reply reply;
	const struct json *ws;
	int r = api_open(c);

	if (r != CLI_OK)
		return r;
	jw_obj(&w);
	if (name)
		jw_kv_z(&w, "name", name);
	r = put_options(c, &w);
	jw_obj_end(&w);
	if (r == CLI_OK && buf_len(&b) == 2)
		r = cli_say(c, CLI_USAGE, "say what to change, for example --type medium");
	if (r == CLI_OK)
		r = find_workspace(c, c->argv[0], &ws);
	if (r == CLI_OK) {
		q.path = arena_printf(&c->arena, "/workspaces/%s", id_of(c, ws)).ptr;
		q.body = buf_str(&b);
		r = api_call(c, &q, &reply);
	}
	buf_fini(&b);
	return r == CLI_OK ? show(c, reply.json) : r;
}
