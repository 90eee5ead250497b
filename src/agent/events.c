/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/events.h"

#include <errno.h>

#include "agent/events_api.h"
#include "http/ws.h"

#define LISTENERS_MAX 256U

static const char *const schemas[] = { EVENT_CONTENTS, EVENT_KERNEL, EVENT_STOP,
	                               EVENT_SESSION };

struct listener {
	struct list node;
	struct ws *ws;
	struct agent *a;
	struct ev_later gone;
};

void events_init(struct events *e)
{
	list_init(&e->listeners_);
	e->n_ = 0;
}

static void listener_free(struct ev_later *l)
{
	free(CONTAINER_OF(l, struct listener, gone));
}

void events_fini(struct events *e)
{
	/* Sockets end with the server, which calls on_close of each. */
	list_init(&e->listeners_);
}

void events_leave(struct agent *a, unsigned timeout_ms)
{
	list_for_each_safe (it, &a->events.listeners_)
		ws_leave(LIST_ENTRY(it, struct listener, node)->ws, 1012,
		         STR("the server restarts: come back"), timeout_ms);
}

void events_emit(struct agent *a, const char *schema, struct str members)
{
	struct buf b = BUF(65536);
	char when[TIME_RFC3339_MAX];

	if (list_empty(&a->events.listeners_))
		return;
	time_rfc3339(time_wall_us(), when);
	buf_printf(&b, "{\"schema_id\":\"%s\",\"schema_version\":\"1\",\"timestamp\":\"%s\"",
	           schema, when);
	if (members.len) {
		buf_put_c(&b, ',');
		buf_put_str(&b, members);
	}
	buf_put_c(&b, '}');
	if (!buf_error(&b)) {
		list_for_each_safe (it, &a->events.listeners_) {
			struct listener *l = LIST_ENTRY(it, struct listener, node);

			/* One that does not listen any more is closed by its own on_close. */
			(void)(ws_send(l->ws, WS_TEXT, buf_str(&b)) == 0);
		}
	}
	buf_fini(&b);
}

static void on_message(struct ws *w, enum ws_op op, struct str data, void *arg)
{
	(void)w;
	(void)op;
	(void)data;
	(void)arg;
}

static void on_close(struct ws *w, unsigned code, void *arg)
{
	struct listener *l = arg;

	(void)w;
	(void)code;
	list_del(&l->node);
	l->a->events.n_--;
	ev_at_turn_end(l->a->ev, &l->gone, listener_free);
}

void events_subscribe(struct call *c)
{
	struct listener *l;
	struct ws_cfg cfg = { .message_max = 4096,
		              .out_max = 1U << 20,
		              .deflate = &c->a->deflate,
		              .on_message = on_message,
		              .on_close = on_close };

	if (!ws_is_handshake(c->r)) {
		agent_json_error(c->r, 400, NULL, "This address speaks WebSocket only");
		return;
	}
	if (c->a->events.n_ >= LISTENERS_MAX) {
		agent_json_error(c->r, 503, NULL, "Too many event listeners");
		return;
	}
	l = xcalloc(1, sizeof(*l));
	l->a = c->a;
	cfg.arg = l;
	l->ws = ws_accept(c->r, &cfg);
	if (!l->ws) {
		free(l);
		return;
	}
	list_push(&c->a->events.listeners_, &l->node);
	c->a->events.n_++;
}

static bool known(struct str schema)
{
	for (size_t i = 0; i < ARRAY_LEN(schemas); i++)
		if (str_is(schema, schemas[i]))
			return true;
	return false;
}

static void on_post(struct call *c, const struct json *body)
{
	struct str schema = json_str_or(body, "schema_id", STR(""));
	const struct json *data = json_get(body, "data");
	struct str in;
	wall_us at;

	if (!body || body->type != JSON_OBJECT || !schema.len || !json_get(body, "version") ||
	    !data || data->type != JSON_OBJECT) {
		agent_json_error(c->r, 400, NULL, "An event needs schema_id, version and data");
		return;
	}
	if (!known(schema)) {
		agent_json_error(c->r, 400, NULL, "Unregistered event schema: %.*s",
		                 STR_ARG(schema));
		return;
	}
	if (json_get(body, "timestamp") &&
	    time_parse_rfc3339(json_str_or(body, "timestamp", STR("")), &at) < 0) {
		agent_json_error(c->r, 400, NULL,
		                 "timestamp must look like 2026-11-21T10:54:00Z");
		return;
	}
	in = str_trim(str_sub(data->raw, 1, data->raw.len - 1));
	events_emit(c->a, arena_strz(&c->r->arena, schema), in);
	call_empty(c, 204);
}

void events_post(struct call *c)
{
	call_read_json(c, CALL_JSON_MAX, on_post);
}
