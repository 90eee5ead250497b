/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/server.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "net/sock.h"
#include "net/stream.h"

#define IN_MAX       (WIRE_FRAME_MAX + 4)
#define OUT_MAX      (16U << 20)
#define CALLS_MAX    4096
#define DOCS_OUT_MAX (2U << 20)
#define CONNS_MAX    8

/* One connection; lives until its last call is answered. */
struct conn {
	struct list link;
	struct server *server; /* NULL: replaced or closed, answers go nowhere */
	struct stream st;
	struct ev *ev;
	struct ev_later later;
	size_t calls;
};

struct server {
	struct ev *ev;
	struct engine *engine;
	int listen_fd;
	uid_t uid;
	struct ev_fd listener;
	struct list conns;
	size_t nconns;
	struct conn *core; /* the one that asked for events, among them */
};

static void on_free(struct ev_later *l)
{
	free(CONTAINER_OF(l, struct conn, later));
}

static void maybe_free(struct conn *c)
{
	if (!c->server && c->calls == 0)
		ev_at_turn_end(c->ev, &c->later, on_free);
}

static void cut(struct conn *c)
{
	struct server *s = c->server;

	if (!s)
		return;
	stream_close(&c->st);
	list_del(&c->link);
	s->nconns--;
	c->server = NULL;
	if (s->core == c) {
		s->core = NULL;
		s->engine->on_event = NULL;
	}
	maybe_free(c);
}

static void put(struct conn *c, const struct wire_msg *m)
{
	struct buf b = BUF(WIRE_FRAME_MAX + 4);
	struct err err = ERR_NONE;

	if (wire_put(&b, m, &err) < 0)
		log_err(LOG_ERROR, "message_unsendable", &err);
	else if (stream_write(&c->st, buf_str(&b)) < 0)
		cut(c);
	buf_fini(&b);
}

static void on_answer(void *arg, const struct wire_msg *m)
{
	struct conn *c = arg;

	c->calls--;
	if (c->server)
		put(c, m);
	else
		maybe_free(c);
}

static void on_event(void *arg, const struct wire_msg *m)
{
	struct server *s = arg;

	/* Documents come again; what is metered must not wait behind them. */
	if (m->type == WIRE_EV_DOC && s->core && buf_len(&s->core->st.out) > DOCS_OUT_MAX)
		return;
	if (s->core)
		put(s->core, m);
}

/* Who asks for events is core from now on, and there is one core at a time. */
static void become_core(struct conn *c)
{
	struct server *s = c->server;

	if (s->core && s->core != c)
		cut(s->core);
	s->core = c;
	s->engine->on_event = on_event;
	s->engine->event_arg = s;
	log_event(LOG_INFO, "core_connected", LI("fd", c->st.fd.fd));
}

static void on_data(struct stream *st)
{
	struct conn *c = CONTAINER_OF(st, struct conn, st);
	struct err err = ERR_NONE;

	while (c->server) {
		struct wire_msg m;
		size_t used;
		int r = wire_get(buf_str(&st->in), &m, &used, &err);

		if (r == WIRE_GET_MORE)
			return;
		if (r < 0 || m.seq == 0 || c->calls >= CALLS_MAX) {
			if (r >= 0)
				(void)ERR(&err, -EPROTO, "a request without seq, or too many");
			log_err(LOG_ERROR, "core_out_of_step", &err);
			cut(c);
			return;
		}
		c->calls++;
		if (m.type == WIRE_EVENTS)
			become_core(c);
		engine_request(c->server->engine, &m, on_answer, c);
		/* A core that died meanwhile can't be answered: it is cut by then. */
		if (c->server)
			buf_consume(&st->in, used);
	}
}

static void on_close(struct stream *st, const struct err *err)
{
	struct conn *c = CONTAINER_OF(st, struct conn, st);

	cut(c);
}

static void take(struct server *s, int fd)
{
	struct conn *c = xcalloc(1, sizeof(*c));
	struct err err = ERR_NONE;

	/* The oldest that is not core makes room: nobody needs as many. */
	if (s->nconns >= CONNS_MAX) {
		struct conn *old = LIST_ENTRY(s->conns.next, struct conn, link);

		cut(old == s->core ? LIST_ENTRY(old->link.next, struct conn, link) : old);
	}
	c->ev = s->ev;
	if (stream_open(&c->st, s->ev, fd, IN_MAX, OUT_MAX, false, &err) < 0) {
		log_err(LOG_ERROR, "core_refused", &err);
		free(c);
		return;
	}
	c->st.on_data = on_data;
	c->st.on_close = on_close;
	c->server = s;
	list_push(&s->conns, &c->link);
	s->nconns++;
}

static void on_accept(struct ev_fd *f, uint32_t events)
{
	struct server *s = CONTAINER_OF(f, struct server, listener);
	autoclose int fd = -1;
	struct addr peer;
	pid_t pid;
	uid_t uid;
	gid_t gid;

	if (sock_accept(s->listen_fd, &peer, &fd) < 0)
		return;
	if (sock_peercred(fd, &pid, &uid, &gid) < 0 || (uid != 0 && uid != s->uid)) {
		log_event(LOG_WARN, "peer_refused", LI("uid", uid));
		return;
	}
	take(s, steal_fd(&fd));
}

int server_new(struct ev *ev, struct engine *e, int listen_fd, uid_t uid, struct server **ret,
               struct err *err)
{
	struct server *s = xcalloc(1, sizeof(*s));
	int r;

	*s = (struct server){ .ev = ev, .engine = e, .listen_fd = listen_fd, .uid = uid };
	list_init(&s->conns);
	r = ev_fd_start(ev, &s->listener, listen_fd, EPOLLIN, on_accept, err);
	if (r < 0) {
		free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	list_for_each_safe (l, &s->conns)
		cut(LIST_ENTRY(l, struct conn, link));
	ev_fd_stop(&s->listener);
	own_close(&s->listen_fd);
	free(s);
}
