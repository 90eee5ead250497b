/* SPDX-License-Identifier: Apache-2.0 */
/* start, open, stop, extend, ls, logs. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/time.h"
#include "cli/find.h"
#include "cli/queue.h"
#include "cli/text.h"

static int open_workspace(struct cli *c, const struct json **ret)
{
	int r = api_open(c);

	return r == CLI_OK ? find_workspace(c, c->argv[0], ret) : r;
}

static int post(struct cli *c, const struct json *o, const char *kind, const char *verb,
                struct str body, struct api_reply *ret)
{
	struct str path = arena_printf(&c->arena, "/%s/%s/%s", kind, id_of(c, o), verb);
	struct api_request q = {
		.method = "POST", .path = path.ptr, .body = body, .once = true
	};

	return api_call(c, &q, ret);
}

/* Why a session is not running, as a sentence. */
static int say_end(struct cli *c, const struct json *s)
{
	return cli_say(c, CLI_FAILED, "%s is %s (%s): %s", cli_text(c, s, "workspace_name"),
	               cli_text(c, s, "state"), cli_text(c, s, "reason"),
	               json_str_or(s, "message", STR_NONE).ptr ? cli_text(c, s, "message")
	                                                       : "see carrel logs");
}

static void say_running(struct cli *c, const struct json *s)
{
	char text[DURATION_TEXT_MAX];
	uint64_t seconds;

	if (json_get_u64(s, "auto_stop_seconds", UINT64_MAX, &seconds) < 0)
		return;
	duration_text(seconds, text);
	cli_note(c, "Running on %s, %s %s/h; stops after %s without activity.",
	         cli_text(c, s, "instance_type"), cli_text(c, s, "price_per_hour"),
	         cli_text(c, s, "currency"), text);
}

/* "a,b" as an array. */
static void put_list(struct jsonw *w, const char *key, const char *list)
{
	struct str rest = str_of(list ? list : ""), one;

	if (!list)
		return;
	jw_key(w, key);
	jw_arr(w);
	while (str_split(&rest, ',', &one))
		jw_str(w, one);
	jw_arr_end(w);
}

/* It is its turn, or --no-wait: it does not run yet. */
static void say_waiting(struct cli *c, const struct json *s)
{
	const char *held = queue_held_until(c, s), *place = queue_text(c, json_get(s, "queue"));

	if (held)
		cli_note(c, "It is your turn until %s; take it with: carrel start %s", held,
		         cli_text(c, s, "workspace_name"));
	else if (place)
		cli_note(c, "It is %s.", place);
}

int cmd_start(struct cli *c)
{
	const char *type = cli_option(c, "type");
	const struct json *ws, *s;
	struct buf b = BUF(1024);
	struct jsonw w = JSONW(&b);
	struct api_reply reply;
	int r = open_workspace(c, &ws);

	if (r != CLI_OK)
		return r;
	jw_obj(&w);
	if (type)
		jw_kv_z(&w, "instance_type", type);
	if (cli_option(c, "hold"))
		jw_kv_z(&w, "on_turn", "hold");
	put_list(&w, "fallback_types", cli_option(c, "or"));
	jw_obj_end(&w);
	cli_note(c, "Starting %s", cli_text(c, ws, "name"));
	r = post(c, ws, "workspaces", "start", buf_str(&b), &reply);
	buf_fini(&b);
	if (r != CLI_OK)
		return r;
	s = json_get(reply.json, "session");
	if (!cli_option(c, "no-wait")) {
		r = wait_session(c, id_of(c, s), true, &s);
		if (r != CLI_OK)
			return r;
	}
	if (c->json)
		cli_json(s->raw);
	if (session_is_over(s))
		return say_end(c, s);
	if (str_is(json_str_or(s, "state", STR("")), "queued"))
		say_waiting(c, s);
	else if (!cli_option(c, "no-wait"))
		say_running(c, s);
	if (!c->json)
		printf("%s/\n", cli_text(c, s, "url"));
	return CLI_OK;
}

int cmd_stop(struct cli *c)
{
	const struct json *ws, *s;
	struct api_reply reply;
	char text[DURATION_TEXT_MAX];
	double seconds = 0;
	int r = open_workspace(c, &ws);

	if (r != CLI_OK)
		return r;
	if (!live_session(ws))
		return cli_say(c, CLI_FAILED, "%s is not running", cli_text(c, ws, "name"));
	r = post(c, ws, "workspaces", "stop", STR("{}"), &reply);
	if (r != CLI_OK)
		return r;
	s = json_get(reply.json, "session");
	if (!cli_option(c, "no-wait")) {
		cli_note(c, "Stopping %s", cli_text(c, ws, "name"));
		r = wait_session(c, id_of(c, s), false, &s);
	}
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(s->raw);
		return CLI_OK;
	}
	seconds = strtod(cli_text(c, s, "seconds"), NULL);
	duration_text(seconds > 0 && seconds < 1e12 ? (uint64_t)seconds : 0, text);
	printf("%s: %s; it ran %s and cost %s %s.\n", cli_text(c, s, "workspace_name"),
	       cli_text(c, s, "state"), text, cli_text(c, s, "cost"),
	       cli_text(c, s, "currency"));
	return CLI_OK;
}

int cmd_extend(struct cli *c)
{
	const struct json *ws, *s;
	struct err err = ERR_NONE;
	struct api_reply reply;
	uint64_t seconds;
	struct str body;
	int r;

	if (duration_parse(str_of(c->argv[1]), &seconds, &err) < 0)
		return cli_say(c, CLI_USAGE, "%s", err.msg);
	r = open_workspace(c, &ws);
	if (r != CLI_OK)
		return r;
	s = live_session(ws);
	if (!s)
		return cli_say(c, CLI_FAILED,
		               "%s is not running; start it with: carrel start %s",
		               cli_text(c, ws, "name"), cli_text(c, ws, "name"));
	body = arena_printf(&c->arena, "{\"seconds\":%llu}", (unsigned long long)seconds);
	r = post(c, s, "sessions", "extend", body, &reply);
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(reply.body);
		return CLI_OK;
	}
	s = json_get(reply.json, "session") ? json_get(reply.json, "session") : reply.json;
	printf("%s will not stop before %s.\n", cli_text(c, ws, "name"),
	       cli_time(c, s,
	                json_str_or(s, "extended_until", STR_NONE).ptr ? "extended_until"
	                                                               : "stop_at"));
	return CLI_OK;
}

/* Programs of the desktop take an address as one argument; no shell. */
static bool browse(const char *url)
{
	const char *browser = getenv("BROWSER");
	char *argv[] = { NULL, NULL, NULL };
	int status;
	pid_t pid;

	if (!browser && !getenv("DISPLAY") && !getenv("WAYLAND_DISPLAY"))
		return false;
	argv[0] = xstrdup(browser && *browser ? browser : "xdg-open");
	argv[1] = xstrdup(url);
	(void)fflush(NULL);
	pid = fork();
	if (pid == 0) {
		(void)signal(SIGPIPE, SIG_DFL);
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	free(argv[0]);
	free(argv[1]);
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
	       WEXITSTATUS(status) == 0;
}

/* In what was asked for, else in what the account opens files with. */
static int open_with(struct cli *c, const char **ret)
{
	struct api_reply me;
	int r = CLI_OK;

	if (cli_option(c, "ide") && cli_option(c, "lab"))
		return cli_say(c, CLI_USAGE, "--ide or --lab, not both");
	*ret = cli_option(c, "ide") ? "ide" : "lab";
	if (!cli_option(c, "ide") && !cli_option(c, "lab")) {
		r = api_get(c, &me, "/me");
		if (r == CLI_OK &&
		    str_is(json_str_or(json_get(me.json, "prefs"), "app", STR("")), "ide"))
			*ret = "ide";
	}
	return r;
}

int cmd_open(struct cli *c)
{
	const struct json *ws, *s;
	const char *app = NULL;
	struct str url;
	int r = open_workspace(c, &ws);

	if (r == CLI_OK)
		r = open_with(c, &app);
	if (r != CLI_OK)
		return r;
	s = live_session(ws);
	if (!s || !str_is(json_str_or(s, "state", STR("")), "running"))
		return cli_say(c, CLI_FAILED,
		               "%s is not running; start it with: carrel start %s",
		               cli_text(c, ws, "name"), cli_text(c, ws, "name"));
	if (c->json) {
		cli_json(s->raw);
		return CLI_OK;
	}
	url = arena_printf(&c->arena, "%s/%s", cli_text(c, s, "url"), app);
	printf("%s\n", url.ptr);
	if (!cli_option(c, "print") && !browse(url.ptr))
		cli_note(c, "Open this address in a browser; the console asks you to sign in "
		            "if need be.");
	return CLI_OK;
}

/* "55 min", how far a time is from now. */
static const char *until(struct cli *c, const struct json *s, const char *key, int sign)
{
	char text[DURATION_TEXT_MAX];
	wall_us t;

	if (time_parse_rfc3339(json_str_or(s, key, STR("")), &t) < 0)
		return "-";
	t = (t - time_wall_us()) * sign / 1000000;
	duration_text(t > 0 ? (uint64_t)t : 0, text);
	return arena_str(&c->arena, str_of(text)).ptr;
}

static void ls_row(struct cli *c, struct table *t, const struct json *s)
{
	bool over = session_is_over(s);

	table_cell(t, cli_text(c, s, "workspace_name"));
	table_cell(t, cli_text(c, s, over ? "reason" : "state"));
	table_cell(t, cli_text(c, s, "instance_type"));
	table_cell(t, cli_time(c, s, "started_at"));
	table_cell(t, over ? cli_time(c, s, "stopped_at") : until(c, s, "stop_at", 1));
	table_cell(t, cli_text(c, s, "cost"));
	table_cell(t, over ? cli_text(c, s, "id") : cli_text(c, s, "url"));
}

static int ls_live(struct cli *c, struct buf *json, struct table *t)
{
	struct jsonw w = JSONW(json);
	struct api_reply list;
	int r = api_list(c, "/workspaces", NULL, &list);

	jw_obj(&w);
	jw_key(&w, "items");
	jw_arr(&w);
	json_for_each(ws, r == CLI_OK ? json_get(list.json, "items") : NULL)
	{
		const struct json *s = live_session(ws);

		if (s) {
			jw_raw(&w, s->raw);
			ls_row(c, t, s);
		}
	}
	jw_arr_end(&w);
	jw_obj_end(&w);
	return r;
}

static int ls_all(struct cli *c, struct buf *json, struct table *t)
{
	struct api_reply list;
	int r = api_list(c, "/sessions", NULL, &list);

	json_for_each(s, r == CLI_OK ? json_get(list.json, "items") : NULL) ls_row(c, t, s);
	buf_put_str(json, list.body);
	return r;
}

int cmd_ls(struct cli *c)
{
	static const char *const titles[] = { "WORKSPACE", "STATE", "TYPE",    "STARTED",
		                              "STOPS IN",  ">COST", "ADDRESS", NULL };
	static const char *const all_titles[] = {
		"WORKSPACE",        "STATE", "TYPE",       "STARTED",
		"STOPS IN/STOPPED", ">COST", "ADDRESS/ID", NULL
	};
	struct buf out = BUF((size_t)64 << 20), json = BUF((size_t)64 << 20);
	bool all = cli_option(c, "all") != NULL;
	struct table t;
	int r = api_open(c);

	if (r != CLI_OK)
		return r;
	table_init(&t, all ? all_titles : titles);
	r = all ? ls_all(c, &json, &t) : ls_live(c, &json, &t);
	table_end(&t, &out);
	if (r == CLI_OK)
		cli_json(c->json ? buf_str(&json) : buf_str(&out));
	if (r == CLI_OK && t.cells == t.columns)
		cli_note(c, all ? "Nothing has run yet."
		                : "Nothing is running. Start one with: carrel start NAME");
	buf_fini(&out);
	buf_fini(&json);
	return r;
}

int cmd_logs(struct cli *c)
{
	const struct json *ws, *s;
	struct api_reply reply;
	struct str text;
	int r = open_workspace(c, &ws);

	if (r != CLI_OK)
		return r;
	s = json_get(ws, "session");
	if (!s || s->type != JSON_OBJECT)
		s = json_get(ws, "last_session");
	if (!s || s->type != JSON_OBJECT)
		return cli_say(c, CLI_NOT_FOUND, "%s has never run", cli_text(c, ws, "name"));
	r = api_get(c, &reply, "/sessions/%s/logs", id_of(c, s));
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(reply.body);
		return CLI_OK;
	}
	text = reply.json ? json_str_or(reply.json, "text", reply.body) : reply.body;
	if (!text.len) {
		cli_note(c, "The container of %s has said nothing.", cli_text(c, ws, "name"));
		return CLI_OK;
	}
	/* What a container said may hold anything; a terminal gets it line by
	 * line, harmless, a file gets it as it is. */
	while (isatty(STDOUT_FILENO) && text.len) {
		struct str line = str_sub(text, 0, str_chr(text, '\n', 0));
		struct buf b = BUF((size_t)64 << 20);

		text_clean(&b, line);
		cli_json(buf_len(&b) ? buf_str(&b) : STR("\n"));
		buf_fini(&b);
		text = str_sub(text, line.len + 1, text.len);
	}
	if (text.len)
		cli_json(text);
	return CLI_OK;
}
