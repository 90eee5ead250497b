/* SPDX-License-Identifier: Apache-2.0 */
/* search, recent, notifications: what there is, what was last, what was told. */
#include <stdio.h>

#include "cli/api.h"
#include "cli/text.h"

/* Names, paths and what stands in a document are somebody else's words: they
 * may not drive the terminal. */
static void put_clean(struct str s)
{
	struct buf b = BUF((size_t)1 << 20);

	text_clean(&b, s);
	(void)fwrite(buf_str(&b).ptr, 1, buf_len(&b), stdout);
	buf_fini(&b);
}

static void put_pieces(const struct json *pieces, bool tty)
{
	json_for_each(p, pieces)
	{
		bool match = false;

		if (json_get_bool(p, "match", &match) < 0)
			match = false;
		printf("%s", match && tty ? "\033[1m" : "");
		put_clean(json_str_or(p, "text", STR("")));
		printf("%s", match && tty ? "\033[0m" : "");
	}
}

static void put_hit(struct cli *c, const struct json *hit, bool tty)
{
	struct str path = json_str_or(hit, "path", STR(""));
	const struct json *snippet = json_get(hit, "snippet");

	put_clean(str_of(cli_text(c, hit, "workspace_name")));
	printf("%s", path.len ? ": " : "");
	put_clean(path);
	printf("\n");
	if (!json_at(snippet, 0))
		return;
	printf("    ");
	put_pieces(snippet, tty);
	printf("\n");
}

/* The words as they were given, with blanks between; the last one is whole. */
static const char *words(struct cli *c)
{
	struct buf b = BUF(8192);
	const char *text;

	for (int i = 0; i < c->argc; i++) {
		bool several = strchr(c->argv[i], ' ') && !strchr(c->argv[i], '"');

		buf_printf(&b, several ? "\"%s\" " : "%s ", c->argv[i]);
	}
	text = api_escape(c, buf_cstr(&b));
	buf_fini(&b);
	return text;
}

int cmd_search(struct cli *c)
{
	const char *limit = cli_option(c, "limit");
	struct api_reply reply;
	bool more = false;
	int r = api_open(c);

	if (r == CLI_OK)
		r = api_get(c, &reply, "/search?q=%s&limit=%s", words(c),
		            limit ? api_escape(c, limit) : "20");
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(reply.body);
		return CLI_OK;
	}
	json_for_each(hit, json_get(reply.json, "items")) put_hit(c, hit, isatty(1) == 1);
	if (!json_at(json_get(reply.json, "items"), 0))
		return cli_say(c, CLI_NOT_FOUND, "nothing was found");
	if (json_get_bool(reply.json, "more", &more) == 0 && more)
		cli_note(c, "There is more: add a word, or --limit 50.");
	return CLI_OK;
}

int cmd_recent(struct cli *c)
{
	static const char *const titles[] = { "WHEN",      "WHAT", "KERNEL",
		                              "WORKSPACE", "PATH", NULL };
	const char *limit = cli_option(c, "limit");
	struct buf out = BUF((size_t)1 << 20);
	struct api_reply reply;
	struct table t;
	int r = api_open(c);

	if (r == CLI_OK)
		r = api_get(c, &reply, "/recent?limit=%s", limit ? api_escape(c, limit) : "20");
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(reply.body);
		return CLI_OK;
	}
	table_init(&t, titles);
	json_for_each(it, json_get(reply.json, "items"))
	{
		table_cell(&t, cli_time(c, it, "at"));
		table_cell(&t, cli_text(c, it, "what"));
		table_cell(&t, cli_text(c, it, "kernel"));
		table_cell(&t, cli_text(c, it, "workspace_name"));
		table_cell(&t, cli_text(c, it, "path"));
	}
	table_end(&t, &out);
	cli_json(buf_str(&out));
	buf_fini(&out);
	return CLI_OK;
}

static int mark_read(struct cli *c)
{
	struct api_request q = {
		.method = "POST", .path = "/notices/read", .body = STR("{}"), .once = true
	};
	struct api_reply reply;

	return api_call(c, &q, &reply);
}

static void put_notice(struct cli *c, const struct json *n)
{
	printf("%s  ", cli_time(c, n, "at"));
	put_clean(str_of(cli_text(c, json_get(n, "data"), "text")));
	printf("\n");
}

int cmd_notifications(struct cli *c)
{
	bool all = cli_option(c, "all") != NULL;
	struct api_reply list;
	int r = api_open(c);

	if (r == CLI_OK)
		r = api_list(c, all ? "/notices?limit=1000" : "/notices?limit=1000&unread=true",
		             NULL, &list);
	if (r != CLI_OK)
		return r;
	if (c->json)
		cli_json(list.body);
	else
		json_for_each(n, json_get(list.json, "items")) put_notice(c, n);
	if (!json_at(json_get(list.json, "items"), 0))
		cli_note(c, all ? "You were told nothing in the last 30 days."
		                : "There is nothing new.");
	return cli_option(c, "read") ? mark_read(c) : CLI_OK;
}
