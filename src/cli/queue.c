/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "cli/queue.h"

#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "base/time.h"
#include "cli/find.h"
#include "cli/text.h"

static sigset_t interrupt(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	return set;
}

void cli_keep_interrupt(bool keep)
{
	sigset_t set = interrupt();

	(void)sigprocmask(keep ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
}

bool cli_interrupted(void)
{
	sigset_t set;

	return sigpending(&set) == 0 && sigismember(&set, SIGINT) == 1;
}

void cli_take_interrupt(void)
{
	static const struct timespec now = { 0, 0 };
	sigset_t set = interrupt();

	(void)sigtimedwait(&set, NULL, &now);
}

/* "14:20", or with its date if that is not today. */
static const char *hour(struct cli *c, const struct json *o, const char *key)
{
	const char *text = cli_time(c, o, key);
	wall_us at;

	if (strlen(text) < 16 || time_parse_rfc3339(json_str_or(o, key, STR("")), &at) < 0)
		return NULL;
	return at - time_wall_us() < INT64_C(72000000000)
	           ? arena_printf(&c->arena, "%.5s", text + 11).ptr
	           : text;
}

const char *queue_text(struct cli *c, const struct json *queue)
{
	const char *at, *soon;
	uint64_t place, of, ends = 0;

	if (!queue || queue->type != JSON_OBJECT)
		return NULL;
	if (json_get_u64(queue, "place", UINT64_MAX, &place) < 0 ||
	    json_get_u64(queue, "of", UINT64_MAX, &of) < 0)
		return "in line";
	(void)!json_get_u64(queue, "ends", UINT64_MAX, &ends);
	at = hour(c, queue, "estimate_at");
	soon = hour(c, queue, "expected_at");
	if (!at)
		return arena_printf(&c->arena, "in line, place %llu of %llu",
		                    (unsigned long long)place, (unsigned long long)of)
		    .ptr;
	return arena_printf(
	           &c->arena,
	           "in line, place %llu of %llu; %llu session%s by %s at the latest%s%s",
	           (unsigned long long)place, (unsigned long long)of, (unsigned long long)ends,
	           ends == 1 ? " ends" : "s end", at,
	           soon && strcmp(soon, at) != 0 ? ", perhaps by " : "",
	           soon && strcmp(soon, at) != 0 ? soon : "")
	    .ptr;
}

const char *queue_held_until(struct cli *c, const struct json *session)
{
	const struct json *q = json_get(session, "queue");

	if (!q || q->type != JSON_OBJECT || !json_str_or(q, "held_until", STR_NONE).ptr)
		return NULL;
	return hour(c, q, "held_until");
}

bool queue_asks_to_leave(struct cli *c, const struct json *session)
{
	struct api_request q = { .method = "POST", .body = STR("{}"), .once = true };
	struct api_reply reply;
	char line[16] = "";

	cli_take_interrupt();
	/* Once more ends this command, and leaves the place where it is. */
	cli_keep_interrupt(false);
	(void)fputs(
	    "\nLeave the line? y: leave, Enter: wait on (Ctrl-C again ends this command and "
	    "keeps the place) ",
	    stderr);
	if (!fgets(line, sizeof(line), stdin))
		line[0] = '\0';
	cli_keep_interrupt(true);
	if (line[0] != 'y' && line[0] != 'Y')
		return false;
	q.path =
	    arena_printf(&c->arena, "/workspaces/%s/stop", cli_text(c, session, "workspace_id"))
	        .ptr;
	return api_call(c, &q, &reply) == CLI_OK;
}

/* --- carrel queue --- */

static void put_row(struct cli *c, struct table *t, const struct json *s, bool all)
{
	const struct json *q = json_get(s, "queue");
	bool place = q && q->type == JSON_OBJECT;

	table_cell(t, place ? cli_text(c, q, "place") : "-");
	table_cell(t, cli_text(c, s, "workspace_name"));
	if (all)
		table_cell(t, cli_text(c, s, "email"));
	table_cell(t, cli_text(c, s, "instance_type"));
	table_cell(t, cli_time(c, s, "created_at"));
	table_cell(t, place ? cli_time(c, q, "expected_at") : "-");
	table_cell(t, place ? cli_time(c, q, "estimate_at") : "-");
	table_cell(t, !place ? cli_text(c, s, "reason")
	              : queue_held_until(c, s)
	                  ? arena_printf(&c->arena, "held until %s", queue_held_until(c, s)).ptr
	                  : "waits");
}

int cmd_queue(struct cli *c)
{
	static const char *const mine[] = { ">PLACE",  "WORKSPACE",     "TYPE",  "SINCE",
		                            "PERHAPS", "AT THE LATEST", "STATE", NULL };
	static const char *const everybody[] = { ">PLACE",        "WORKSPACE", "OWNER",
		                                 "TYPE",          "SINCE",     "PERHAPS",
		                                 "AT THE LATEST", "STATE",     NULL };
	struct buf out = BUF((size_t)64 << 20);
	bool all = cli_option(c, "all") != NULL;
	struct api_reply list;
	struct table t;
	int r = api_open(c);

	if (r == CLI_OK)
		r = api_list(c, all ? "/admin/queue?limit=1000" : "/sessions?state=queued",
		             NULL, &list);
	if (r != CLI_OK)
		return r;
	if (c->json) {
		cli_json(list.body);
		return CLI_OK;
	}
	table_init(&t, all ? everybody : mine);
	json_for_each(s, json_get(list.json, "items")) put_row(c, &t, s, all);
	table_end(&t, &out);
	cli_json(buf_str(&out));
	buf_fini(&out);
	if (!json_at(json_get(list.json, "items"), 0))
		cli_note(c, all ? "Nobody waits." : "You wait for nothing.");
	return CLI_OK;
}
