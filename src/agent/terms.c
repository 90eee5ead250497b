/* SPDX-License-Identifier: Apache-2.0 */
/* The registry of terminals and its API. */
#define _GNU_SOURCE
#include "agent/terms.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <termios.h>

#include "agent/place.h"
#include "agent/term.h"

#define CULL_TICK_MS 3000U

static void on_cull(struct ev_timer *timer)
{
	struct terms *all = CONTAINER_OF(timer, struct terms, cull);
	wall_us old = time_wall_us() - (wall_us)all->a->cfg->terminal_cull_seconds * 1000000;

	list_for_each_safe (it, &all->list) {
		struct term *t = LIST_ENTRY(it, struct term, node);

		if (t->last_activity < old)
			term_close(t);
	}
	ev_timer_start(all->a->ev, timer, CULL_TICK_MS, on_cull);
}

int terms_init(struct agent *a, struct err *err)
{
	struct terms *all = xcalloc(1, sizeof(*all));

	(void)err;
	all->a = a;
	list_init(&all->list);
	list_init(&all->dying);
	a->terms = all;
	if (a->cfg->terminal_cull_seconds)
		ev_timer_start(a->ev, &all->cull, CULL_TICK_MS, on_cull);
	return 0;
}

void terms_fini(struct agent *a)
{
	struct terms *all = a->terms;

	if (!all)
		return;
	all->done = NULL;
	list_for_each_safe (it, &all->list)
		term_close(LIST_ENTRY(it, struct term, node));
	list_for_each_safe (it, &all->dying) {
		struct term *t = LIST_ENTRY(it, struct term, node);

		if (!t->reaped)
			(void)kill(-t->child.pid, SIGKILL);
		terms_forget(t);
	}
	ev_timer_stop(&all->cull);
	free(all);
	a->terms = NULL;
}

void terms_stop_all(struct agent *a, unsigned grace_ms, void (*done)(struct agent *a))
{
	struct terms *all = a->terms;

	/* The ladder of signals ends with SIGKILL well within any grace. */
	(void)grace_ms;
	if (list_empty(&all->list) && list_empty(&all->dying)) {
		done(a);
		return;
	}
	all->done = done;
	list_for_each_safe (it, &all->list)
		term_close(LIST_ENTRY(it, struct term, node));
}

wall_us terms_last_activity(const struct agent *a)
{
	return a->terms->last_activity;
}

void terms_each(const struct agent *a, terms_fn *fn, void *arg)
{
	list_for_each (it, &a->terms->list) {
		struct term *t = LIST_ENTRY(it, struct term, node);
		pid_t fg = tcgetpgrp(t->pty);

		fn(t->name, t->child.pid, fg > 0 ? fg : 0, arg);
	}
}

static struct term *find(struct agent *a, struct str name)
{
	list_for_each (it, &a->terms->list) {
		struct term *t = LIST_ENTRY(it, struct term, node);

		if (str_is(name, t->name))
			return t;
	}
	return NULL;
}

static struct term *find_or_404(struct call *c)
{
	struct term *t = find(c->a, c->arg[0]);

	if (!t)
		agent_json_error(c->r, 404, NULL, "Terminal not found: %.*s",
		                 STR_ARG(c->arg[0]));
	return t;
}

static void put_model(struct jsonw *w, const struct term *t)
{
	jw_obj(w);
	jw_kv_z(w, "name", t->name);
	jw_kv_time(w, "last_activity", t->last_activity);
	jw_obj_end(w);
}

static void list_terms(struct call *c)
{
	struct buf b = BUF(65536);
	struct jsonw w = JSONW(&b);

	jw_arr(&w);
	list_for_each (it, &c->a->terms->list)
		put_model(&w, LIST_ENTRY(it, struct term, node));
	jw_arr_end(&w);
	call_reply(c, 200, &b);
	buf_fini(&b);
}

static void reply_model(struct call *c, const struct term *t)
{
	struct buf b = BUF(4096);
	struct jsonw w = JSONW(&b);

	put_model(&w, t);
	call_reply(c, 200, &b);
	buf_fini(&b);
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* An absolute folder, or one of the root's; else the root itself. */
static const char *choose_cwd(struct call *c, struct str cwd)
{
	const char *root = c->a->cfg->root;
	char *z = arena_strz(&c->r->arena, cwd);
	struct str rel;

	if (!cwd.len || !z)
		return root;
	if (z[0] == '/' && is_dir(z))
		return z;
	if (place_clean(&c->r->arena, cwd, &rel) < 0)
		return root;
	rel = arena_printf(&c->r->arena, "%s/%.*s", root, STR_ARG(rel));
	return rel.ptr && is_dir(rel.ptr) ? rel.ptr : root;
}

static bool name_ok(struct str name)
{
	if (!name.len || name.len > TERM_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char ch = name.ptr[i], l = (char)(ch | 0x20);

		if (!((ch >= '0' && ch <= '9') || (l >= 'a' && l <= 'z') || ch == '_'))
			return false;
	}
	return true;
}

static void on_create(struct call *c, const struct json *body)
{
	struct str name = json_str_or(body, "name", STR(""));
	char chosen[TERM_NAME_MAX + 1];
	struct err err = ERR_NONE;
	struct term *t;

	if (c->a->stopping || c->a->terms->n >= TERMS_MAX) {
		agent_json_error(c->r, 503, NULL, "%s",
		                 c->a->stopping ? "The session is stopping"
		                                : "Too many terminals: close one first");
		return;
	}
	if (name.len && (!name_ok(name) || find(c->a, name))) {
		agent_json_error(
		    c->r, name_ok(name) ? 409 : 400, NULL,
		    "That name can't be used: letters, digits and _, not yet taken");
		return;
	}
	if (name.len)
		(void)snprintf(chosen, sizeof(chosen), "%.*s", STR_ARG(name));
	for (unsigned n = 1; !name.len; n++) {
		(void)snprintf(chosen, sizeof(chosen), "%u", n);
		if (!find(c->a, str_of(chosen)))
			break;
	}
	if (term_open(c->a->terms, chosen, choose_cwd(c, json_str_or(body, "cwd", STR(""))), &t,
	              &err) < 0) {
		call_err(c, &err);
		return;
	}
	call_touch(c, ACT_OPEN);
	reply_model(c, t);
}

static void create_term(struct call *c)
{
	call_read_json(c, CALL_JSON_MAX, on_create);
}

static void get_term(struct call *c)
{
	struct term *t = find_or_404(c);

	if (t)
		reply_model(c, t);
}

static void delete_term(struct call *c)
{
	struct term *t = find_or_404(c);

	if (!t)
		return;
	term_close(t);
	call_empty(c, 204);
}

static void attach_term(struct call *c)
{
	struct term *t = find_or_404(c);

	if (!t)
		return;
	if (!ws_is_handshake(c->r))
		agent_json_error(c->r, 400, NULL, "This address speaks WebSocket only");
	else if (t->nclients >= TERM_CLIENTS_MAX)
		agent_json_error(c->r, 503, NULL, "Too many browsers look at this terminal");
	else
		term_attach(t, c);
}

const struct route terms_routes[] = {
	{ "GET", "api/terminals", list_terms, ROUTE_API },
	{ "POST", "api/terminals", create_term, ROUTE_API },
	{ "GET", "api/terminals/:name", get_term, ROUTE_API },
	{ "DELETE", "api/terminals/:name", delete_term, ROUTE_API },
	{ "GET", "terminals/websocket/:name", attach_term, ROUTE_WS },
	{ 0 },
};
