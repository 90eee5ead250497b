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
#define RECHECKS   64U   /* open at once: the rest of ASK_MAX is for new requests */
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

/* A name from core as a header value: percent-encoded, cut between characters. */
static void read_name(char *to, size_t max, struct str name)
{
	struct buf b = BUF(max);

	name = str_sub(name, 0, utf8_whole(str_sub(name, 0, max / 3 - 1)));
	pct_put(&b, name, "");
	if (buf_error(&b) || !copy(to, max, buf_str(&b)))
		to[0] = '\0';
	buf_fini(&b);
}

/* Header values from core are clean, since ids and percent-encoding are. */
static bool read_identity(struct route *rt, const struct json *j)
{
	struct buf path = BUF(sizeof(struct addr));
	struct str socket = json_str_or(j, "socket", STR(""));
	struct addr a;
	bool ok;

	read_name(rt->name, sizeof(rt->name), json_str_or(j, "name", STR("")));
	read_name(rt->workspace, sizeof(rt->workspace), json_str_or(j, "workspace", STR("")));
	buf_printf(&path, "unix:%s%.*s", rt->e->cfg->socket_root, STR_ARG(socket));
	ok = copy(rt->session, sizeof(rt->session), json_str_or(j, "session", STR(""))) &&
	     copy(rt->account, sizeof(rt->account), json_str_or(j, "account", STR(""))) &&
	     rt->session[0] && http_is_token(str_of(rt->account)) && socket.len &&
	     !buf_error(&path) && addr_parse(buf_str(&path), &a, NULL) == 0;
	if (ok)
		rt->agent = a;
	buf_fini(&path);
	return ok;
}

/* True if this is an answer about the session, and not core in trouble. */
static bool is_verdict(unsigned status, const struct json *body)
{
	return status == 200 || status == 401 || status == 403 || status == 404 ||
	       (status == 503 && json_get(body, "state"));
}

static bool is_files(const struct route *rt)
{
	return rt->kind >= ROUTE_DOWNLOAD;
}

/* Of files core says more: what is the matter with the volume, the disk. */
static bool is_files_verdict(unsigned status, const struct json *body)
{
	return status == 409 || status == 423 || status == 507 ||
	       (status == 503 && json_get(body, "detail"));
}

static void cut_copy(char *to, size_t max, struct str s)
{
	s.len = utf8_whole(str_sub(s, 0, max - 1));
	if (!copy(to, max, s))
		to[0] = '\0';
}

static void read_refusal(struct route *rt, const struct json *j)
{
	cut_copy(rt->slug, sizeof(rt->slug),
	         str_sub(json_str_or(j, "type", STR("")),
	                 sizeof("https://carrel.dev/problems/") - 1, 1000));
	cut_copy(rt->title, sizeof(rt->title), json_str_or(j, "title", STR("")));
	cut_copy(rt->why, sizeof(rt->why), json_str_or(j, "detail", STR("")));
}

static void take_answer(struct route *rt, unsigned status, const struct json *body)
{
	struct route old = *rt;
	bool same;

	if (!is_verdict(status, body) && !(is_files(rt) && is_files_verdict(status, body))) {
		tell_waiters(rt, 0);
		return;
	}
	rt->write = false;
	(void)!json_get_bool(body, "write", &rt->write);
	if (is_files(rt) && status != 200)
		read_refusal(rt, body);
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

static void recheck_over(struct route *rt)
{
	rt->e->nrechecks -= rt->recheck;
	rt->recheck = false;
}

static void recheck_some(struct edge *e);

static void on_answer(void *arg, unsigned status, const struct json *body)
{
	struct route *rt = arg;
	struct edge *e = rt->e;

	rt->ask = NULL;
	recheck_over(rt);
	take_answer(rt, status, body);
	if (e->rechecks_wait)
		recheck_some(e);
}

/* What is asked, with what, and the first letter of a route's key. */
static const struct {
	struct str letter;
	const char *ask, *field;
} ways[] = {
	[ROUTE_BROWSER] = { { "h", 1 }, "/internal/route?host=", "X-Carrel-Ticket: " },
	[ROUTE_TOKEN] = { { "t", 1 }, "/internal/route?host=", "Authorization: " },
	[ROUTE_PROGRAM] = { { "p", 1 }, "/internal/program?session=", "Authorization: " },
	[ROUTE_DOWNLOAD] = { { "d", 1 }, "/internal/route?files=1&host=", "X-Carrel-Ticket: " },
	[ROUTE_FILES_LOGIN] = { { "l", 1 }, "/internal/files?workspace=", "Cookie: __Host-s=" },
	[ROUTE_FILES_TOKEN] = { { "f", 1 }, "/internal/files?workspace=", "Authorization: " },
};

static void had_its_turn(struct route *rt)
{
	rt->asked = ev_now_ms(rt->e->ev);
	list_del(&rt->turn);
	list_push(&rt->e->turns, &rt->turn);
}

static void ask(struct route *rt)
{
	struct buf target = BUF(256), fields = BUF(SECRET_MAX + 512);

	buf_put_z(&target, ways[rt->kind].ask);
	pct_put(&target, rt->subject, "");
	buf_put_z(&fields, rt->e->core_hint);
	if (rt->secret.len)
		buf_printf(&fields, "%s%.*s\r\n", ways[rt->kind].field, STR_ARG(rt->secret));
	if (!buf_error(&target) && !buf_error(&fields))
		rt->ask = ask_core(rt->e, buf_str(&target), buf_str(&fields), STR_NONE,
		                   on_answer, rt);
	if (rt->ask)
		had_its_turn(rt);
	buf_fini(&target);
	buf_fini(&fields);
}

static void route_free(struct route *rt)
{
	ask_cancel(rt->ask);
	recheck_over(rt);
	list_del(&rt->turn);
	close_idle(rt);
	free(rt);
}

static void sweep_one(struct route *rt, mono_ms now)
{
	upstream_sweep(&rt->idle, now, IDLE_MS);
	if (rt->ask || !list_empty(&rt->waiters) || !list_empty(&rt->live))
		return;
	if (list_empty(&rt->idle) && now - rt->asked >= FRESH_MS) {
		map_del(&rt->e->routes, rt->key);
		route_free(rt);
	}
}

/* Asks again by whose leave something goes on, in the order in which they were
 * asked last, so that none is passed over when there are more than may be open
 * at once: the others follow as answers come, or with the next sweep. */
static void recheck_some(struct edge *e)
{
	mono_ms now = ev_now_ms(e->ev);

	e->rechecks_wait = false;
	while (!list_empty(&e->turns)) {
		struct route *rt = LIST_ENTRY(e->turns.next, struct route, turn);

		if (now - rt->asked < RECHECK_MS)
			return;
		if (rt->ask || list_empty(&rt->live)) {
			had_its_turn(rt);
			continue;
		}
		e->rechecks_wait = e->nrechecks >= RECHECKS;
		if (!e->rechecks_wait)
			ask(rt);
		if (!rt->ask)
			return;
		rt->recheck = true;
		e->nrechecks++;
	}
}

/* Also for the connections to core, which need no route. */
static void on_sweep(struct ev_timer *t)
{
	struct edge *e = CONTAINER_OF(t, struct edge, sweep);
	size_t at = 0;
	void *value;

	while (map_next(&e->routes, &at, NULL, &value))
		sweep_one(value, ev_now_ms(e->ev));
	recheck_some(e);
	upstream_sweep(&e->core_idle, ev_now_ms(e->ev), IDLE_MS);
	route_sweep(e);
}

void route_sweep(struct edge *e)
{
	ev_timer_start(e->ev, &e->sweep, SWEEP_MS, on_sweep);
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
	(void)put(&at, ways[kind].letter);
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

	(void)put(&at, ways[kind].letter);
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
		had_its_turn(rt);
	}
	/* Of files, "not now" may be over in a moment. */
	if (rt->status && ev_now_ms(e->ev) - rt->at < FRESH_MS &&
	    !(is_files(rt) && rt->status > 404))
		return rt;
	if (!rt->ask)
		ask(rt);
	if (rt->ask)
		list_push(&rt->waiters, &w->node);
	else
		w->fn(w, rt, TOO_MANY);
	return NULL;
}

void route_forget(struct edge *e, enum route_kind kind, struct str subject, struct str secret)
{
	struct route *rt = subject.len > EDGE_ID_MAX || secret.len > SECRET_MAX
	                       ? NULL
	                       : find(e, kind, subject, secret);

	if (rt)
		rt->at = 0;
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
