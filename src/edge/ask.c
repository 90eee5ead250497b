/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edge's own questions to core: short, on a few kept connections, repeated
 * while core restarts (its listening socket outlives it), given up after
 * ASK_MS. They share no connection with anything a client sent.
 */
#include <errno.h>
#include <stdlib.h>

#include "edge/edge-priv.h"

#define ASK_MS     4000U
#define ASK_AGAIN  100U
#define ASK_MAX    512U
#define ANSWER_MAX 16384U

struct ask {
	struct edge *e;
	struct http_client *c;
	struct buf text; /* method, target, fields, body, one behind the other */
	size_t len[4];
	struct buf answer;
	struct ev_timer timer;
	struct ev_later gone;
	mono_ms give_up;
	unsigned status;
	bool over;
	ask_fn *fn;
	void *arg;
};

static void attempt(struct ask *a);

static void on_gone(struct ev_later *l)
{
	free(CONTAINER_OF(l, struct ask, gone));
}

static void let_go(struct ask *a)
{
	a->over = true;
	a->e->nasks--;
	ev_timer_stop(&a->timer);
	http_client_close(a->c);
	a->c = NULL;
	buf_fini(&a->text);
	buf_fini(&a->answer);
	ev_at_turn_end(a->e->ev, &a->gone, on_gone);
}

void ask_cancel(struct ask *a)
{
	if (a && !a->over)
		let_go(a);
}

static void finish(struct ask *a, unsigned status)
{
	struct arena mem = ARENA(1 << 18);
	struct json *body = NULL;

	if (buf_len(&a->answer) && json_parse(&mem, buf_str(&a->answer), NULL, &body, NULL) < 0)
		status = status == 200 ? 0 : status;
	a->fn(a->arg, status, body);
	arena_fini(&mem);
	if (!a->over)
		let_go(a);
}

static void on_timer(struct ev_timer *t)
{
	struct ask *a = CONTAINER_OF(t, struct ask, timer);

	http_client_close(a->c);
	a->c = NULL;
	if (ev_now_ms(a->e->ev) >= a->give_up)
		finish(a, 0);
	else
		attempt(a);
}

static void again(struct ask *a)
{
	http_client_close(a->c);
	a->c = NULL;
	a->status = 0;
	buf_clear(&a->answer);
	ev_timer_start(a->e->ev, &a->timer, ASK_AGAIN, on_timer);
}

static void on_head(struct http_client *c, const struct http_head *h, void *arg)
{
	struct ask *a = arg;

	(void)c;
	a->status = h->status;
}

/* Idle connections: all on_x of them but the failure are impossible. */
static void on_idle_fail(struct http_client *c, const struct err *err, void *arg)
{
	struct edge *e = arg;

	(void)err;
	for (size_t i = 0; i < ARRAY_LEN(e->ask_idle); i++) {
		if (e->ask_idle[i] == c)
			e->ask_idle[i] = NULL;
	}
	http_client_close(c);
}

static void keep(struct ask *a)
{
	const struct http_client_cfg idle = { .on_fail = on_idle_fail, .arg = a->e };

	for (size_t i = 0; http_client_idle(a->c) && i < ARRAY_LEN(a->e->ask_idle); i++) {
		if (a->e->ask_idle[i])
			continue;
		http_client_rebind(a->c, &idle);
		a->e->ask_idle[i] = STEAL(a->c);
		return;
	}
}

static void on_body(struct http_client *c, struct str data, void *arg)
{
	struct ask *a = arg;

	(void)c;
	buf_put_str(&a->answer, data);
	if (data.len)
		return;
	keep(a);
	finish(a, buf_error(&a->answer) ? 0 : a->status);
}

static void on_fail(struct http_client *c, const struct err *err, void *arg)
{
	(void)c;
	(void)err;
	again(arg);
}

static struct http_client *take_idle(struct edge *e)
{
	for (size_t i = 0; i < ARRAY_LEN(e->ask_idle); i++) {
		struct http_client *c = STEAL(e->ask_idle[i]);

		if (c && http_client_idle(c))
			return c;
		http_client_close(c);
	}
	return NULL;
}

static void attempt(struct ask *a)
{
	const struct http_client_cfg cfg = {
		.on_head = on_head, .on_body = on_body, .on_fail = on_fail, .arg = a
	};
	struct str all = buf_str(&a->text), part[4];
	mono_ms now = ev_now_ms(a->e->ev);

	for (size_t i = 0, at = 0; i < 4; at += a->len[i++])
		part[i] = str_sub(all, at, at + a->len[i]);
	a->c = take_idle(a->e);
	if (a->c)
		http_client_rebind(a->c, &cfg);
	else if (http_client_open(a->e->ev, &a->e->core, &cfg, &a->c, NULL) < 0)
		a->c = NULL;
	if (!a->c ||
	    http_client_send(a->c, part[0], part[1], part[2],
	                     part[3].len ? part[3].len : HTTP_CLIENT_NO_BODY, part[3]) < 0) {
		again(a);
		return;
	}
	ev_timer_start(a->e->ev, &a->timer, a->give_up > now ? a->give_up - now : 0, on_timer);
}

struct ask *ask_core(struct edge *e, struct str target, struct str fields, struct str body,
                     ask_fn *fn, void *arg)
{
	const struct str parts[4] = { body.len ? STR("POST") : STR("GET"), target, fields,
		                      body };
	const struct str type = STR("Content-Type: application/json\r\n");
	struct ask *a;

	if (e->nasks >= ASK_MAX)
		return NULL;
	a = xcalloc(1, sizeof(*a));
	*a = (struct ask){ .e = e, .fn = fn, .arg = arg };
	buf_init(&a->text, 32768);
	buf_init(&a->answer, ANSWER_MAX);
	for (size_t i = 0; i < 4; i++) {
		buf_put_str(&a->text, parts[i]);
		a->len[i] = parts[i].len;
		if (i == 2 && body.len) { /* core takes no body without its type */
			buf_put_str(&a->text, type);
			a->len[i] += type.len;
		}
	}
	if (buf_error(&a->text)) {
		buf_fini(&a->text);
		free(a);
		return NULL;
	}
	e->nasks++;
	a->give_up = ev_now_ms(e->ev) + ASK_MS;
	attempt(a);
	return a;
}

void ask_close_idle(struct edge *e)
{
	for (size_t i = 0; i < ARRAY_LEN(e->ask_idle); i++)
		http_client_close(STEAL(e->ask_idle[i]));
}
