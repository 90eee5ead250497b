/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/log.h"
#include "http/conn.h"

#define ACCEPTS_PER_TURN 16
#define ACCEPT_AGAIN_MS  100U

struct listener {
	struct http_server *srv;
	struct ev_fd fd;
	struct list node;
};

int http_server_new(struct ev *ev, const struct http_server_cfg *cfg, struct http_server **ret,
                    struct err *err)
{
	struct http_server *s = calloc(1, sizeof(*s));

	if (!s)
		return ERR(err, -ENOMEM, "no memory for an HTTP server");
	s->ev = ev;
	s->cfg = *cfg;
	s->cfg.arena_max = cfg->arena_max ? cfg->arena_max : 1U << 20;
	s->cfg.out_max = cfg->out_max ? cfg->out_max : 4U << 20;
	s->cfg.in_max = cfg->in_max ? cfg->in_max : 64U << 10;
	if (s->cfg.in_max < HTTP_HEAD_MAX + 1)
		s->cfg.in_max = HTTP_HEAD_MAX + 1;
	s->cfg.conns_max = cfg->conns_max ? cfg->conns_max : 10000;
	s->conns = LIST_INIT(s->conns);
	s->listeners = LIST_INIT(s->listeners);
	s->date_s = -1;
	*ret = s;
	return 0;
}

static void refuse_full(int fd)
{
	static const char full[] =
	    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
	    "Retry-After: 5\r\nContent-Type: text/plain\r\n"
	    "Content-Length: 58\r\n\r\n"
	    "Too many connections are open. Try again in some seconds.\n";

	(void)send(fd, full, sizeof(full) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)close(fd);
}

static void on_accept_again(struct ev_timer *t)
{
	struct http_server *s = CONTAINER_OF(t, struct http_server, accept_timer);

	if (s->held)
		return;
	list_for_each (it, &s->listeners)
		ev_fd_want(&LIST_ENTRY(it, struct listener, node)->fd, EPOLLIN);
}

/* Out of descriptors or memory: let those that wait wait, don't spin. */
static void pause_accepting(struct http_server *s, int code)
{
	struct err e = ERR_NONE;

	errno = -code;
	(void)ERR(&e, code, "can't accept connections just now: %m");
	log_err(LOG_WARN, "accept_paused", &e);
	list_for_each (it, &s->listeners)
		ev_fd_want(&LIST_ENTRY(it, struct listener, node)->fd, 0);
	ev_timer_start(s->ev, &s->accept_timer, ACCEPT_AGAIN_MS, on_accept_again);
}

static void on_accept(struct ev_fd *f, uint32_t events)
{
	struct http_server *s = CONTAINER_OF(f, struct listener, fd)->srv;

	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct addr peer;
		int fd, r;

		r = sock_accept(f->fd, &peer, &fd);
		if (r == -EAGAIN)
			return;
		if (r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -ENOBUFS) {
			pause_accepting(s, r);
			return;
		}
		if (r < 0)
			continue; /* the client went before we looked */
		if (s->nconns >= s->cfg.conns_max)
			refuse_full(fd);
		else
			(void)http_conn_new(s, fd, &peer);
	}
}

int http_server_listen(struct http_server *s, int fd, struct err *err)
{
	struct listener *l = calloc(1, sizeof(*l));
	int r;

	if (!l) {
		(void)close(fd);
		return ERR(err, -ENOMEM, "no memory for a listener");
	}
	l->srv = s;
	r = ev_fd_start(s->ev, &l->fd, fd, EPOLLIN, on_accept, err);
	if (r < 0) {
		(void)close(fd);
		free(l);
		return r;
	}
	list_push(&s->listeners, &l->node);
	return 0;
}

static void server_gone(struct ev_later *l)
{
	struct http_server *s = CONTAINER_OF(l, struct http_server, later);

	while (s->spare) {
		struct http_req_priv *p = s->spare;

		s->spare = p->next_spare;
		buf_fini(&p->hdrs);
		free(p);
	}
	list_for_each_safe (it, &s->listeners)
		free(LIST_ENTRY(it, struct listener, node));
	free(s);
}

void http_server_free(struct http_server *s)
{
	if (!s)
		return;
	ev_timer_stop(&s->accept_timer);
	list_for_each (it, &s->listeners) {
		struct listener *l = LIST_ENTRY(it, struct listener, node);

		ev_fd_stop(&l->fd);
		own_close(&l->fd.fd);
	}
	list_for_each_safe (it, &s->conns)
		http_conn_close(LIST_ENTRY(it, struct http_conn, node));
	ev_at_turn_end(s->ev, &s->later, server_gone);
}

size_t http_server_conns(const struct http_server *s)
{
	return s->nconns;
}

void http_server_hold(struct http_server *s, bool hold)
{
	s->held = hold;
	list_for_each (it, &s->listeners)
		ev_fd_want(&LIST_ENTRY(it, struct listener, node)->fd, hold ? 0 : EPOLLIN);
	list_for_each (it, &s->conns) {
		if (!hold)
			http_conn_kick(LIST_ENTRY(it, struct http_conn, node));
	}
}

void http_server_drain(struct http_server *s, bool now)
{
	s->draining = true;
	s->draining_now = now;
	ev_timer_stop(&s->accept_timer);
	list_for_each (it, &s->listeners) {
		struct listener *l = LIST_ENTRY(it, struct listener, node);

		ev_fd_stop(&l->fd);
		own_close(&l->fd.fd);
	}
	list_for_each_safe (it, &s->conns)
		http_conn_retire(LIST_ENTRY(it, struct http_conn, node));
}

size_t http_server_busy(const struct http_server *s)
{
	size_t n = 0;

	list_for_each (it, &s->conns) {
		const struct http_conn *c = LIST_ENTRY(it, struct http_conn, node);

		n += c->cur || stream_pending(&c->st) > 0;
	}
	return n;
}

void http_server_each(const struct http_server *s, http_each_fn *fn, void *arg)
{
	list_for_each (it, &s->listeners)
		fn(LIST_ENTRY(it, struct listener, node)->fd.fd, true, STR_NONE, arg);
	list_for_each (it, &s->conns) {
		const struct http_conn *c = LIST_ENTRY(it, struct http_conn, node);

		if (!c->cur && !c->dead && !c->closing && !c->eof && !c->st.closed_ &&
		    stream_pending(&c->st) == 0)
			fn(c->st.fd.fd, false, buf_str(&c->st.in), arg);
	}
}

int http_server_adopt(struct http_server *s, int fd, struct str in, struct err *err)
{
	struct addr peer = { .len = sizeof(peer.sa) };
	struct http_conn *c;

	if (getpeername(fd, (struct sockaddr *)&peer.sa, &peer.len) < 0) {
		int r = -errno;

		(void)close(fd);
		return ERR(err, r, "this connection has ended: %m");
	}
	c = http_conn_new(s, fd, &peer);
	if (!c)
		return ERR(err, -ENOMEM, "no memory for a connection");
	buf_put_str(&c->st.in, in);
	http_conn_kick(c);
	return 0;
}

/* Requests are recycled: a struct of 9 KB is dear to make for each. Only what
 * must start as zero is cleared. */
struct http_req_priv *http_slot_new(struct http_server *s)
{
	struct http_req_priv *p = s->spare;

	if (p) {
		s->spare = p->next_spare;
		s->nspare--;
	} else {
		p = calloc(1, sizeof(*p));
		if (!p)
			return NULL;
		buf_init(&p->hdrs, (size_t)HTTP_HEAD_MAX * 2);
		p->srv = s;
	}
	p->next_spare = NULL;
	p->r.url.n = p->r.url.nparam = 0;
	p->r.user = NULL;
	p->r.on_free = p->r.on_drain = p->r.on_gone = NULL;
	p->r.priv_ = p;
	p->r.peer = &p->peer;
	p->body_fn = NULL;
	p->mode = HTTP_UNREAD;
	p->answer = HTTP_UNANSWERED;
	p->body_max = p->body_got = p->out_left = 0;
	p->body_over = p->body_paused = p->continued = false;
	p->out_chunked = p->no_content = p->close = p->until_close = false;
	arena_init(&p->r.arena, s->cfg.arena_max);
	return p;
}

void http_slot_free(struct http_req_priv *p)
{
	struct http_server *s = p->srv;

	if (p->r.on_free)
		p->r.on_free(&p->r);
	arena_fini(&p->r.arena);
	buf_fini(&p->whole);
	buf_clear(&p->hdrs);
	if (s->nspare >= HTTP_SPARE_MAX) {
		buf_fini(&p->hdrs);
		free(p);
		return;
	}
	p->next_spare = s->spare;
	s->spare = p;
	s->nspare++;
}

struct str http_server_date(struct http_server *s)
{
	wall_us now = time_wall_us();

	if (now / 1000000 != s->date_s) {
		s->date_s = now / 1000000;
		time_http(now, s->date);
	}
	return str_of(s->date);
}
