/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Core's answers to "who is this, and where to": kept for a second, asked
 * once for all requests that wait for it, asked again every two seconds for
 * as long as something goes on by them. An answer other than 200 ends what
 * goes on; no answer ends nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "edge/edge-priv.h"

#define FRESH_MS   1000U
#define RECHECK_MS 1500U /* looked at every second: asked within 2.5 s */
#define SWEEP_MS   1000U
#define IDLE_MS    10000U
#define SECRET_MAX 2048U
#define TOO_MANY   429U

static void cut_all(struct route *rt)
{
	list_for_each_safe (it, &rt->live)
		LIST_ENTRY(it, struct live, node)->cut(LIST_ENTRY(it, struct live, node));
}

static void close_idle(struct route *rt)
{
	upstream_sweep(&rt->idle, UINT64_MAX, 0);
}

static void tell_waiters(struct route *rt, unsigned status)
{
	struct list now = LIST_INIT(now);

	/* Those who come to wait from within the calls are a new round. */
	while (!list_empty(&rt->waiters)) {
		struct list *n = rt->waiters.next;

		list_del(n);
		list_push(&now, n);
	}
	while (!list_empty(&now)) {
		struct route_wait *w = LIST_ENTRY(now.next, struct route_wait, node);

		list_del(&w->node);
		w->fn(w, rt, status);
	}
}

static bool copy(char *to, size_t max, struct str s)
{
	if (s.len >= max || str_chr(s, 0, 0) != s.len)
		return false;
	if (s.len)
		memcpy(to, s.ptr, s.len);
	to[s.len] = 0;
	return true;
}

/* Header values from core are clean, since ids and percent-encoding are. */
static bool read_identity(struct route *rt, const struct json *j)
{
	struct buf name = BUF(EDGE_NAME_MAX), path = BUF(sizeof(struct addr));
	struct str socket = json_str_or(j, "socket", STR("")), cut;
	struct addr a;
	bool ok;

	cut = json_str_or(j, "name", STR(""));
	cut = str_sub(cut, 0, utf8_whole(str_sub(cut, 0, EDGE_NAME_MAX / 3 - 1)));
	pct_put(&name, cut, "");
	buf_printf(&path, "unix:%s%.*s", rt->e->cfg->socket_root, STR_ARG(socket));
	ok = copy(rt->session, sizeof(rt->session), json_str_or(j, "session", STR(""))) &&
	     copy(rt->account, sizeof(rt->account), json_str_or(j, "account", STR(""))) &&
	     copy(rt->name, sizeof(rt->name), buf_str(&name)) && rt->session[0] &&
	     http_is_token(str_of(rt->account)) && socket.len && !buf_error(&path) &&
	     addr_parse(buf_str(&path), &a, NULL) == 0;
	if (ok)
		rt->agent = a;
	buf_fini(&name);
	buf_fini(&path);
	return ok;
}

/* True if this is an answer about the session, and not core in trouble. */
static bool is_verdict(unsigned status, const struct json *body)
{
	return status == 200 || status == 401 || status == 403 || status == 404 ||
	       (status == 503 && json_get(body, "state"));
}

static void on_answer(void *arg, unsigned status, const struct json *body)
{
	struct route *rt = arg, old = *rt;
	bool same;

	rt->ask = NULL;
	if (!is_verdict(status, body)) {
		tell_waiters(rt, 0);
		return;
	}
	if (status == 200 && !read_identity(rt, body)) {
		tell_waiters(rt, 0);
		return;
	}
	(void)copy(rt->state, sizeof(rt->state), json_str_or(body, "state", STR("")));
	same = old.status == 200 && status == 200 && strcmp(old.session, rt->session) == 0 &&
	       strcmp(old.account, rt->account) == 0 && old.agent.len == rt->agent.len &&
	       memcmp(&old.agent.sa, &rt->agent.sa, rt->agent.len) == 0;
	rt->status = status;
	rt->at = ev_now_ms(rt->e->ev);
	if (old.status == 200 && !same) {
		close_idle(rt);
		cut_all(rt);
	}
	tell_waiters(rt, status);
}

static void ask(struct route *rt)
{
	struct buf target = BUF(256), fields = BUF(SECRET_MAX + 512);

	rt->asked = ev_now_ms(rt->e->ev);
	buf_printf(&target, rt->kind == ROUTE_PROGRAM ? "/internal/program?session="
	                                              : "/internal/route?host=");
	pct_put(&target, rt->subject, "");
	buf_put_z(&fields, rt->e->core_hint);
	if (rt->secret.len)
		buf_printf(&fields, "%s: %.*s\r\n",
		           rt->kind == ROUTE_BROWSER ? "X-Carrel-Ticket" : "Authorization",
		           STR_ARG(rt->secret));
	if (!buf_error(&target) && !buf_error(&fields))
		rt->ask = ask_core(rt->e, buf_str(&target), buf_str(&fields), STR_NONE,
		                   on_answer, rt);
	buf_fini(&target);
	buf_fini(&fields);
}

static void route_free(struct route *rt)
{
	ask_cancel(rt->ask);
	close_idle(rt);
	free(rt);
}

static void sweep_one(struct route *rt, mono_ms now)
{
	upstream_sweep(&rt->idle, now, IDLE_MS);
	if (rt->ask || !list_empty(&rt->waiters))
		return;
	if (!list_empty(&rt->live)) {
		if (now - rt->asked >= RECHECK_MS)
			ask(rt);
	} else if (list_empty(&rt->idle) && now - rt->asked >= FRESH_MS) {
		map_del(&rt->e->routes, rt->key);
		route_free(rt);
	}
}

static void on_sweep(struct ev_timer *t)
{
	struct edge *e = CONTAINER_OF(t, struct edge, sweep);
	size_t at = 0;
	void *value;

	while (map_next(&e->routes, &at, NULL, &value))
		sweep_one(value, ev_now_ms(e->ev));
	upstream_sweep(&e->core_idle, ev_now_ms(e->ev), IDLE_MS);
	ev_timer_start(e->ev, t, SWEEP_MS, on_sweep);
}

static struct str put(char **at, struct str s)
{
	char *p = *at;

	if (s.len)
		memcpy(p, s.ptr, s.len);
	*at += s.len;
	return (struct str){ p, s.len };
}

/* Key: kind, subject, NUL, secret. */
static const struct str kind_letter[] = {
	[ROUTE_BROWSER] = { "h", 1 },
	[ROUTE_TOKEN] = { "t", 1 },
	[ROUTE_PROGRAM] = { "p", 1 },
};

static struct route *route_new(struct edge *e, enum route_kind kind, struct str subject,
                               struct str secret)
{
	struct route *rt = calloc(1, sizeof(*rt) + 2 + subject.len + secret.len);
	char *at, *key;

	if (!rt)
		return NULL;
	at = key = (char *)(rt + 1);
	rt->e = e;
	rt->kind = kind;
	rt->waiters = LIST_INIT(rt->waiters);
	rt->live = LIST_INIT(rt->live);
	rt->idle = LIST_INIT(rt->idle);
	(void)put(&at, kind_letter[kind]);
	rt->subject = put(&at, subject);
	(void)put(&at, STR("\0"));
	rt->secret = put(&at, secret);
	rt->key = (struct str){ key, (size_t)(at - key) };
	return rt;
}

static struct route *find(struct edge *e, enum route_kind kind, struct str subject,
                          struct str secret)
{
	char key[SECRET_MAX + EDGE_ID_MAX + 2], *at = key;

	(void)put(&at, kind_letter[kind]);
	(void)put(&at, subject);
	(void)put(&at, STR("\0"));
	(void)put(&at, secret);
	return map_get(&e->routes, (struct str){ key, (size_t)(at - key) });
}

struct route *route_get(struct edge *e, enum route_kind kind, struct str subject,
                        struct str secret, struct route_wait *w)
{
	struct route *rt;

	if (subject.len > EDGE_ID_MAX || secret.len > SECRET_MAX)
		secret = subject = STR_NONE; /* nobody's */
	rt = find(e, kind, subject, secret);
	if (!rt) {
		rt = route_new(e, kind, subject, secret);
		if (!rt || map_set(&e->routes, rt->key, rt, NULL) < 0) {
			free(rt);
			w->fn(w, NULL, TOO_MANY);
			return NULL;
		}
		if (!ev_timer_armed(&e->sweep))
			ev_timer_start(e->ev, &e->sweep, SWEEP_MS, on_sweep);
	}
	if (rt->status && ev_now_ms(e->ev) - rt->at < FRESH_MS)
		return rt;
	if (!rt->ask)
		ask(rt);
	if (rt->ask)
		list_push(&rt->waiters, &w->node);
	else
		w->fn(w, rt, TOO_MANY);
	return NULL;
}

void route_doubt(struct route *rt)
{
	if (rt->status == 200)
		rt->at = 0;
}

void route_close_all(struct edge *e)
{
	size_t at = 0;
	void *value;

	ev_timer_stop(&e->sweep);
	while (map_next(&e->routes, &at, NULL, &value)) {
		struct route *rt = value;

		cut_all(rt);
		map_del(&e->routes, rt->key);
		route_free(rt);
	}
	upstream_sweep(&e->core_idle, UINT64_MAX, 0);
	ask_close_idle(e);
}
