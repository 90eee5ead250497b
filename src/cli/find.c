/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/find.h"

#include <poll.h>
#include <stdio.h>

#include "base/time.h"
#include "cli/queue.h"

/* A stream that says nothing for so long is asked anew; the server's own
 * comments come more often. */
#define QUIET_MS 20000U
#define AGAIN_MS 500

int find_workspace_if(struct cli *c, const char *name, const struct json **ret)
{
	const struct json *found = NULL;
	struct api_reply list;
	int r = api_list(c, "/workspaces", NULL, &list);

	if (r != CLI_OK)
		return r;
	json_for_each(w, json_get(list.json, "items"))
	{
		if (str_is(json_str_or(w, "name", STR("")), name) ||
		    (!found && str_is(json_str_or(w, "id", STR("")), name)))
			found = w;
	}
	*ret = found;
	return CLI_OK;
}

int find_workspace(struct cli *c, const char *name, const struct json **ret)
{
	int r = find_workspace_if(c, name, ret);

	if (r == CLI_OK && !*ret)
		return cli_say(c, CLI_NOT_FOUND,
		               "there is no workspace \"%s\"; see: carrel workspace list",
		               name);
	return r;
}

const struct json *live_session(const struct json *workspace)
{
	const struct json *s = json_get(workspace, "session");

	return s && s->type == JSON_OBJECT && !session_is_over(s) ? s : NULL;
}

const char *id_of(struct cli *c, const struct json *o)
{
	const char *id = arena_strz(&c->arena, json_str_or(o, "id", STR("")));

	return api_escape(c, id);
}

bool session_is_over(const struct json *session)
{
	struct str s = json_str_or(session, "state", STR(""));

	return str_is(s, "stopped") || str_is(s, "failed");
}

struct wait {
	struct cli *c;
	const char *id;
	bool running, tty, open_line;
	size_t phases; /* told as finished */
	const char *place;
	bool done;
	const struct json *session;
	int r;
};

/* "  volume      0.12 s", from the times of the phase. */
static void phase_line(struct wait *w, const struct json *phase)
{
	wall_us from, to;
	const char *name = cli_text(w->c, phase, "phase");

	if (w->open_line)
		(void)fputs("\r\033[K", stderr);
	w->open_line = false;
	if (time_parse_rfc3339(json_str_or(phase, "started_at", STR("")), &from) == 0 &&
	    time_parse_rfc3339(json_str_or(phase, "ended_at", STR("")), &to) == 0 && to >= from)
		cli_note(w->c, "  %-10s %lld.%02lld s", name,
		         (long long)((to - from) / 1000000),
		         (long long)((to - from) / 10000 % 100));
	else
		cli_note(w->c, "  %s", name);
}

static void show_phases(struct wait *w, const struct json *session)
{
	const struct json *phases = json_get(session, "phases");
	const struct json *last = NULL;
	size_t n = 0;

	if (w->c->json || !w->running || !phases)
		return;
	json_for_each(p, phases)
	{
		bool ended = json_str_or(p, "ended_at", STR_NONE).ptr;

		last = ended ? NULL : p;
		if (ended && ++n > w->phases) {
			phase_line(w, p);
			w->phases = n;
		}
	}
	if (last && w->tty && !session_is_over(session)) {
		(void)fprintf(stderr, "\r\033[K  %s …", cli_text(w->c, last, "phase"));
		w->open_line = true;
	}
}

/* The place, when it is another one; a terminal's line is written over. */
static void show_place(struct wait *w, const struct json *queue)
{
	const char *text = w->running && !w->c->json ? queue_text(w->c, queue) : NULL;

	if (!text || (w->place && strcmp(text, w->place) == 0))
		return;
	w->place = text;
	if (w->tty) {
		(void)fprintf(stderr, "\r\033[K  %s", text);
		w->open_line = true;
	} else {
		cli_note(w->c, "  %s", text);
	}
}

static void look(struct wait *w, const struct json *session)
{
	struct str state = json_str_or(session, "state", STR(""));

	show_phases(w, session);
	show_place(w, json_get(session, "queue"));
	w->session = session;
	w->done = session_is_over(session) || (w->running && str_is(state, "running")) ||
	          (w->running && queue_held_until(w->c, session));
}

/* {"items":[{"session_id","queue"}]}: all places of this account. */
static void look_places(struct wait *w, struct str data)
{
	struct json *o;

	if (json_parse(&w->c->arena, arena_str(&w->c->arena, data), NULL, &o, NULL) < 0)
		return;
	json_for_each(it, json_get(o, "items"))
	{
		if (str_is(json_str_or(it, "session_id", STR("")), w->id))
			show_place(w, json_get(it, "queue"));
	}
}

static void ask_now(struct wait *w)
{
	struct api_reply reply;

	w->r = api_get(w->c, &reply, "/sessions/%s", w->id);
	if (w->r == CLI_OK)
		look(w, reply.json);
}

static bool on_event(void *arg, struct str event, struct str data, struct str id)
{
	struct wait *w = arg;
	struct json *o;

	if (str_is(event, "hello")) {
		/* The stream runs: what happened before it is asked for once. */
		ask_now(w);
	} else if (str_is(event, "session") &&
	           json_parse(&w->c->arena, arena_str(&w->c->arena, data), NULL, &o, NULL) ==
	               0 &&
	           str_is(json_str_or(o, "id", STR("")), w->id)) {
		look(w, o);
	} else if (str_is(event, "queue")) {
		look_places(w, data);
	}
	return !w->done && w->r == CLI_OK;
}

/* Who is in line is asked; in any other state Ctrl-C ends the program. */
static bool on_interrupt(struct wait *w)
{
	if (!w->session || !str_is(json_str_or(w->session, "state", STR("")), "queued"))
		return false;
	(void)queue_asks_to_leave(w->c, w->session);
	w->place = NULL;
	ask_now(w);
	return true;
}

int wait_session(struct cli *c, const char *id, bool running, const struct json **ret)
{
	struct wait w = {
		.c = c, .id = id, .running = running, .tty = isatty(STDERR_FILENO) == 1
	};

	cli_keep_interrupt(running && w.tty && isatty(STDIN_FILENO) == 1);
	while (!w.done && w.r == CLI_OK) {
		(void)api_events(c, QUIET_MS, on_event, &w);
		if (cli_interrupted() && !on_interrupt(&w))
			break;
		if (!w.done && w.r == CLI_OK) {
			(void)poll(NULL, 0, AGAIN_MS);
			ask_now(&w);
		}
	}
	cli_keep_interrupt(false); /* one that is left ends the program here */
	if (w.open_line)
		(void)fputs("\r\033[K", stderr);
	*ret = w.session;
	return w.r;
}
