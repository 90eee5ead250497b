/* SPDX-License-Identifier: Apache-2.0 */
#include "http/pipe.h"

#include <errno.h>
#include <sys/socket.h>

#define SAY_MS 2000U

static ev_fd_fn on_client, on_server;

static void want(struct pipe *p)
{
	struct pipe_side *c = &p->client, *s = &p->server;

	if (p->closed)
		return;
	ev_fd_want(&c->fd, (c->eof || s->blocked ? 0 : EPOLLIN) | (c->blocked ? EPOLLOUT : 0));
	ev_fd_want(&s->fd, (s->eof || c->blocked ? 0 : EPOLLIN) | (s->blocked ? EPOLLOUT : 0));
}

void pipe_close(struct pipe *p)
{
	if (p->closed)
		return;
	p->closed = true;
	ev_timer_stop(&p->timer);
	ev_fd_stop(&p->client.fd);
	ev_fd_stop(&p->server.fd);
	own_close(&p->client.fd.fd);
	own_close(&p->server.fd.fd);
	buf_fini(&p->client.out);
	buf_fini(&p->server.out);
}

static void end(struct pipe *p)
{
	if (p->closed)
		return;
	pipe_close(p);
	p->on_close(p);
}

static void deafen(struct pipe_side *s)
{
	s->deaf = true;
	s->blocked = false;
	buf_fini(&s->out);
}

/* Sends what is stuck and then `data`; keeps what is not taken. False: there is
 * no memory to keep it. */
static bool send_to(struct pipe_side *to, struct str data)
{
	while (!to->deaf && (buf_len(&to->out) || data.len)) {
		bool stuck = buf_len(&to->out) > 0;
		struct str s = stuck ? buf_str(&to->out) : data;
		ssize_t n = send(to->fd.fd, s.ptr, s.len, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			buf_put_str(&to->out, data);
			to->blocked = true;
			return buf_error(&to->out) == 0;
		}
		if (n < 0) {
			deafen(to); /* its own end is found by reading, after its last words */
			return true;
		}
		if (stuck)
			buf_consume(&to->out, (size_t)n);
		else
			data = str_sub(data, (size_t)n, data.len);
	}
	to->blocked = false;
	buf_shrink(&to->out);
	return true;
}

static void count_frames(struct pipe *p, struct str data)
{
	struct str piece;

	while (!p->lost_count) {
		enum wsf_step step = wsf_next(&p->frames, &data, &piece);

		if (step == WSF_BAD)
			p->lost_count = true;
		else if (step == WSF_MORE)
			return;
	}
}

/* One read from a side, passed on at once. */
static void move(struct pipe *p, struct pipe_side *from, struct pipe_side *to)
{
	ssize_t n = read(from->fd.fd, p->shared, PIPE_READ);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		from->eof = true; /* what is stuck still goes out */
		if (!to->blocked)
			end(p);
		else
			want(p);
		return;
	}
	if (from == &p->server)
		count_frames(p, (struct str){ p->shared, (size_t)n });
	if (!send_to(to, (struct str){ p->shared, (size_t)n }))
		end(p);
	else if (to->blocked)
		want(p);
}

static void on_event(struct pipe *p, struct pipe_side *s, struct pipe_side *other,
                     uint32_t events)
{
	bool gone = events & (EPOLLHUP | EPOLLERR);

	if ((events & EPOLLOUT) || (gone && s->blocked)) {
		if (!send_to(s, STR_NONE) || (!s->blocked && other->eof)) {
			end(p);
			return;
		}
		want(p);
	}
	if ((gone || (events & EPOLLIN)) && !s->eof && !other->blocked)
		move(p, s, other);
}

/* Our close frame is on its way: what the client still says is thrown away
 * until it hangs up, since a reset would eat the frame. */
static void on_last_words(struct pipe *p, uint32_t events)
{
	struct pipe_side *c = &p->client;

	if (c->blocked && (events & EPOLLOUT) && !send_to(c, STR_NONE)) {
		end(p);
		return;
	}
	if (!c->blocked)
		(void)shutdown(c->fd.fd, SHUT_WR);
	ev_fd_want(&c->fd, EPOLLIN | (c->blocked ? EPOLLOUT : 0));
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		ssize_t n = read(c->fd.fd, p->shared, PIPE_READ);

		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			end(p);
	}
}

static void on_client(struct ev_fd *f, uint32_t events)
{
	struct pipe *p = CONTAINER_OF(f, struct pipe, client.fd);

	if (p->saying)
		on_last_words(p, events);
	else
		on_event(p, &p->client, &p->server, events);
}

static void on_server(struct ev_fd *f, uint32_t events)
{
	struct pipe *p = CONTAINER_OF(f, struct pipe, server.fd);

	on_event(p, &p->server, &p->client, events);
}

static int watch(struct pipe *p, struct pipe_side *s, int fd, ev_fd_fn *fn, struct err *err)
{
	int r;

	buf_init(&s->out, (size_t)PIPE_READ * 2);
	r = ev_fd_start(p->ev, &s->fd, fd, EPOLLIN, fn, err);
	s->fd.fd = fd; /* ours to close, watched or not */
	return r;
}

int pipe_open(struct pipe *p, struct ev *ev, char *shared, const struct pipe_start *start,
              struct err *err)
{
	int r, r2;

	p->ev = ev;
	p->shared = shared;
	wsf_init(&p->frames, true);
	p->frames.deflate = start->deflate;
	r = watch(p, &p->client, start->client, on_client, err);
	r2 = watch(p, &p->server, start->server, on_server, err);
	if (r == 0)
		r = r2;
	count_frames(p, start->from_server);
	buf_put_str(&p->client.out, start->head);
	if (r == 0 && (!send_to(&p->client, start->from_server) ||
	               !send_to(&p->server, start->from_client)))
		r = ERR(err, -ENOMEM, "no memory for what a side does not take yet");
	if (r < 0)
		pipe_close(p);
	else
		want(p);
	return r;
}

static void on_said(struct ev_timer *t)
{
	end(CONTAINER_OF(t, struct pipe, timer));
}

void pipe_say_close(struct pipe *p, unsigned code, struct str reason)
{
	char frame[WSF_HEAD_MAX + 125];
	size_t n;

	if (p->closed || p->saying)
		return;
	if (p->lost_count || !wsf_at_border(&p->frames)) {
		end(p);
		return;
	}
	reason = str_sub(reason, 0, 123);
	n = wsf_head(frame, true, WSF_CLOSE, 2 + reason.len, NULL);
	frame[n++] = (char)(code >> 8);
	frame[n++] = (char)(code & 255);
	if (reason.len)
		memcpy(frame + n, reason.ptr, reason.len);
	n += reason.len;
	p->saying = true;
	ev_fd_stop(&p->server.fd);
	own_close(&p->server.fd.fd);
	if (p->client.eof || !send_to(&p->client, (struct str){ frame, n }) || p->client.deaf) {
		end(p);
		return;
	}
	ev_timer_start(p->ev, &p->timer, SAY_MS, on_said);
	on_last_words(p, 0);
}
