/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One read and one write per turn and stream, so that a busy peer can't starve
 * the others. Buffers exist only while something is stuck in them: `in` is
 * taken for the read and given back when its owner has eaten it, `out` holds
 * what the kernel refused.
 *
 * A write that fails only marks the stream: the reader finds the end of the
 * connection by itself, after whatever the peer said last (an early 413, say).
 * Only if nobody reads is the owner told at the end of the turn.
 */
#define _GNU_SOURCE
#include "net/stream.h"

#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "net/sock.h"

#define READ_SMALL 16384U
#define READ_BULK  65536U
#define IOV_PARTS  16U
#define STALL_MS   30000U     /* while closing: without a byte taken */
#define FILE_TURN  (1U << 20) /* of a file, per turn */

static ev_fd_fn on_event;
static ev_later_fn on_later;

static void want(struct stream *s)
{
	uint32_t w = 0;

	if (s->closed_)
		return;
	if (!s->connecting_ && !s->paused_ && !s->eof_ && buf_room(&s->in) > 0)
		w |= EPOLLIN;
	if (s->connecting_ || s->blocked_ || s->drain_ || s->file_ >= 0)
		w |= EPOLLOUT;
	if (!s->parked_) {
		ev_fd_want(&s->fd, w);
	} else if (w) {
		s->parked_ = false;
		if (ev_fd_start(s->ev, &s->fd, s->fd.fd, w, on_event, NULL) < 0)
			s->parked_ = true;
	}
}

static void at_turn_end(struct stream *s)
{
	if (s->later_on_)
		return;
	s->later_on_ = true;
	ev_at_turn_end(s->ev, &s->later_, on_later);
}

/* NOLINTNEXTLINE(readability-function-size): see the header */
int stream_open(struct stream *s, struct ev *ev, int fd, size_t in_max, size_t out_max,
                bool connecting, struct err *err)
{
	int r;

	*s = (struct stream){
		.ev = ev, .out_max_ = out_max, .connecting_ = connecting, .file_ = -1
	};
	buf_init(&s->in, in_max);
	buf_init(&s->out, SIZE_MAX / 2); /* out_max is checked here: see stream_writev_all */
	r = ev_fd_start(ev, &s->fd, fd, connecting ? EPOLLOUT : EPOLLIN, on_event, err);
	if (r < 0) {
		(void)close(fd);
		s->closed_ = true;
		s->fd.fd = -1;
	}
	return r;
}

static void drop_file(struct stream *s)
{
	if (s->file_ >= 0)
		own_close(&s->file_);
	s->file_left_ = 0;
}

void stream_close(struct stream *s)
{
	if (!s->ev)
		return;
	if (!s->closed_) {
		s->closed_ = true;
		ev_timer_stop(&s->timer_);
		ev_fd_stop(&s->fd);
		own_close(&s->fd.fd);
		drop_file(s);
	}
	buf_fini(&s->in);
	buf_fini(&s->out);
}

int stream_release(struct stream *s)
{
	int fd = s->fd.fd;

	CHECK(!s->closed_ && stream_pending(s) == 0);
	s->closed_ = true;
	ev_timer_stop(&s->timer_);
	ev_fd_stop(&s->fd);
	s->fd.fd = -1;
	return fd;
}

static void ended(struct stream *s, const struct err *e)
{
	ev_timer_stop(&s->timer_);
	ev_fd_stop(&s->fd);
	s->parked_ = true; /* not watched again: the owner closes it now */
	s->eof_ = true;
	s->broken_ = true;
	s->blocked_ = s->drain_ = s->connecting_ = false;
	buf_clear(&s->out);
	drop_file(s);
	s->on_close(s, e);
}

static void fail(struct stream *s, int code, const char *what)
{
	struct err e = ERR_NONE;

	errno = -code;
	(void)ERR(&e, code, "%s: %m", what);
	ended(s, &e);
}

static void broke(struct stream *s)
{
	s->broken_ = true;
	s->blocked_ = false;
	buf_clear(&s->out);
	drop_file(s);
	if (s->paused_ || s->parked_ || s->eof_)
		at_turn_end(s);
}

/* Half a message is no message, and nobody would tell the peer: its end, and
 * ours, is made to be seen. */
static void cut(struct stream *s)
{
	broke(s);
	(void)shutdown(s->fd.fd, SHUT_RDWR);
}

static ssize_t send_iov(struct stream *s, struct iovec *iov, size_t n)
{
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = n };
	ssize_t r;

	if (!s->plain_) {
		r = sendmsg(s->fd.fd, &m, MSG_NOSIGNAL | (s->file_ >= 0 ? MSG_MORE : 0));
		if (r >= 0 || errno != ENOTSOCK)
			return r;
		s->plain_ = true;
	}
	return writev(s->fd.fd, iov, (int)n);
}

/* iovec has no const, although nothing is written through it here. */
static void *iov_base(const char *p)
{
	union {
		const char *in;
		void *out;
	} u = { .in = p };

	return u.out;
}

/* One write of `out` and then of parts; what was not taken of parts is added
 * to `out`. */
static void push(struct stream *s, const struct str *parts, size_t n)
{
	struct iovec iov[IOV_PARTS + 1];
	size_t k = 0, had = buf_len(&s->out), sent, total = had;
	ssize_t r;

	if (had)
		iov[k++] = (struct iovec){ iov_base(buf_str(&s->out).ptr), had };
	for (size_t i = 0; i < n && i < IOV_PARTS; i++) {
		total += parts[i].len;
		if (parts[i].len)
			iov[k++] = (struct iovec){ iov_base(parts[i].ptr), parts[i].len };
	}
	if (k == 0)
		return;
	r = send_iov(s, iov, k);
	if (r < 0 && errno != EAGAIN && errno != EINTR) {
		if (errno == EPIPE || errno == ECONNRESET)
			broke(s);
		else /* no memory, say: the peer is still there, and waits */
			cut(s);
		return;
	}
	sent = r > 0 ? (size_t)r : 0;
	s->sent_ += sent;
	s->blocked_ = sent < total;
	buf_consume(&s->out, sent < had ? sent : had);
	sent -= sent < had ? sent : had;
	for (size_t i = 0; i < n; i++) {
		size_t skip = i >= IOV_PARTS ? 0 : sent < parts[i].len ? sent : parts[i].len;

		sent -= skip;
		buf_put_str(&s->out, str_sub(parts[i], skip, parts[i].len));
	}
	s->blocked_ |= buf_len(&s->out) > 0;
	if (buf_error(&s->out)) /* out of memory */
		cut(s);
	else if (buf_len(&s->out) == 0)
		buf_shrink(&s->out);
}

static void push_file(struct stream *s)
{
	size_t n = s->file_left_ < FILE_TURN ? (size_t)s->file_left_ : FILE_TURN;
	off_t off = (off_t)s->file_off_;
	ssize_t r = n ? sendfile(s->fd.fd, s->file_, &off, n) : 0;

	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (r < 0 || (r == 0 && n)) { /* r == 0: the file is shorter than was promised */
		cut(s);
		return;
	}
	s->file_off_ += (uint64_t)r;
	s->file_left_ -= (uint64_t)r;
	s->sent_ += (uint64_t)r;
	if (s->file_left_ == 0)
		drop_file(s);
}

static void on_close_timeout(struct ev_timer *t)
{
	struct stream *s = CONTAINER_OF(t, struct stream, timer_);

	if (stream_pending(s) && s->sent_ != s->close_sent_) {
		s->close_sent_ = s->sent_; /* slow, but it moves */
		ev_timer_start(s->ev, t, STALL_MS, on_close_timeout);
	} else {
		ended(s, &ERR_NONE);
	}
}

static void sent_all(struct stream *s)
{
	if ((s->shut_ || s->closing_) && !s->fin_) {
		s->fin_ = true;
		(void)shutdown(s->fd.fd, SHUT_WR);
		if (s->closing_)
			ev_timer_start(s->ev, &s->timer_, s->close_ms_, on_close_timeout);
	}
	if (s->closing_ && s->eof_)
		at_turn_end(s);
}

void stream_flush(struct stream *s)
{
	if (s->closed_ || s->broken_ || s->connecting_)
		return;
	if (buf_len(&s->out))
		push(s, NULL, 0);
	if (s->file_ >= 0 && buf_len(&s->out) == 0 && !s->broken_)
		push_file(s);
	if (stream_pending(s) == 0)
		sent_all(s);
	want(s);
}

static size_t total_len(const struct str *parts, size_t n)
{
	size_t t = 0;

	for (size_t i = 0; i < n; i++)
		CHECK(!__builtin_add_overflow(t, parts[i].len, &t));
	return t;
}

enum how { NOW, QUEUE, ALL };

static int put(struct stream *s, const struct str *parts, size_t n, enum how how)
{
	size_t len = total_len(parts, n);

	if (s->closed_ || s->broken_ || s->shut_ || s->closing_)
		return -EPIPE;
	if (how != ALL && (len > s->out_max_ || buf_len(&s->out) > s->out_max_ - len))
		return -ENOBUFS;
	if (how != QUEUE && !s->blocked_ && !s->connecting_ && s->file_ < 0) {
		push(s, parts, n);
		s->drain_ = s->blocked_;
		want(s);
		return s->broken_ ? -EPIPE : 0;
	}
	for (size_t i = 0; i < n; i++)
		buf_put_str(&s->out, parts[i]);
	if (buf_error(&s->out)) {
		broke(s);
		return -EPIPE;
	}
	s->drain_ = s->on_drain != NULL;
	if (!s->blocked_ && !s->connecting_)
		at_turn_end(s);
	return 0;
}

int stream_write(struct stream *s, struct str data)
{
	return put(s, &data, 1, NOW);
}

int stream_writev(struct stream *s, const struct str *parts, size_t n)
{
	return put(s, parts, n, NOW);
}

int stream_queuev(struct stream *s, const struct str *parts, size_t n)
{
	return put(s, parts, n, QUEUE);
}

int stream_writev_all(struct stream *s, const struct str *parts, size_t n)
{
	return put(s, parts, n, ALL);
}

int stream_send_file(struct stream *s, int file, uint64_t off, uint64_t len)
{
	CHECK(s->file_ < 0);
	if (s->closed_ || s->broken_ || s->shut_ || s->closing_) {
		(void)close(file);
		return -EPIPE;
	}
	s->file_ = file;
	s->file_off_ = off;
	s->file_left_ = len;
	s->drain_ = true;
	stream_flush(s);
	return 0;
}

void stream_pause(struct stream *s)
{
	s->paused_ = true;
	want(s);
}

void stream_resume(struct stream *s)
{
	s->paused_ = false;
	want(s);
}

void stream_shutdown(struct stream *s)
{
	if (s->shut_ || s->closed_)
		return;
	s->shut_ = true;
	stream_flush(s);
}

void stream_close_soon(struct stream *s, unsigned timeout_ms)
{
	if (s->closing_ || s->closed_)
		return;
	s->closing_ = true;
	s->paused_ = false;
	buf_clear(&s->in);
	s->close_ms_ = timeout_ms;
	s->close_sent_ = s->sent_;
	ev_timer_start(s->ev, &s->timer_, s->fin_ ? timeout_ms : STALL_MS, on_close_timeout);
	if (s->broken_ || s->connecting_)
		at_turn_end(s);
	else
		stream_flush(s);
}

static void on_later(struct ev_later *l)
{
	struct stream *s = CONTAINER_OF(l, struct stream, later_);

	s->later_on_ = false;
	if (s->closed_)
		return;
	if (s->broken_ && (s->closing_ || s->paused_ || s->parked_ || s->eof_))
		fail(s, -EPIPE, "can't send");
	else if (s->closing_ && (s->eof_ || s->connecting_) && stream_pending(s) == 0)
		ended(s, &ERR_NONE);
	else
		stream_flush(s);
}

static void got_eof(struct stream *s)
{
	s->eof_ = true;
	want(s);
	if (s->closing_) {
		if (stream_pending(s) == 0)
			ended(s, &ERR_NONE);
	} else if (s->broken_ || !s->on_eof) {
		ended(s, &ERR_NONE);
	} else {
		s->on_eof(s);
	}
}

/* Was anything read, and is the stream still open? */
static bool fill(struct stream *s)
{
	size_t n = s->bulk_ ? READ_BULK : READ_SMALL;
	size_t room = buf_room(&s->in);
	char *p;
	ssize_t r;

	if (n > room)
		n = room;
	if (n == 0) {
		want(s);
		return false;
	}
	p = buf_reserve(&s->in, n);
	if (!p) {
		fail(s, -ENOMEM, "no memory to read into");
		return false;
	}
	r = read(s->fd.fd, p, n);
	if (r <= 0) {
		int e = errno;

		buf_shrink(&s->in);
		if (r == 0)
			got_eof(s);
		else if (e != EAGAIN && e != EINTR)
			fail(s, -e, "can't read");
		return false;
	}
	s->bulk_ = (size_t)r == n;
	if (s->closing_) {
		buf_clear(&s->in);
		return true;
	}
	buf_commit(&s->in, (size_t)r);
	s->on_data(s);
	if (s->closed_)
		return false;
	if (buf_len(&s->in) == 0)
		buf_shrink(&s->in);
	else
		want(s);
	return true;
}

bool stream_read_now(struct stream *s)
{
	return !s->closed_ && !s->connecting_ && !s->eof_ && !s->paused_ && fill(s);
}

static void connected(struct stream *s)
{
	int e = sock_error(s->fd.fd);

	if (e < 0) {
		fail(s, e, "can't connect");
		return;
	}
	s->connecting_ = false;
	stream_flush(s);
}

static void on_event(struct ev_fd *f, uint32_t events)
{
	struct stream *s = CONTAINER_OF(f, struct stream, fd);
	bool reading = !s->paused_ && !s->eof_ && buf_room(&s->in) > 0;

	if (s->connecting_) {
		connected(s);
		return;
	}
	if (events & EPOLLOUT) {
		s->blocked_ = false;
		stream_flush(s);
		if (s->drain_ && !s->closed_ && !s->broken_ && stream_pending(s) == 0) {
			s->drain_ = false;
			want(s);
			if (s->on_drain)
				s->on_drain(s);
		}
	}
	if (s->closed_)
		return;
	if (reading && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) {
		(void)fill(s);
	} else if (events & (EPOLLHUP | EPOLLERR)) {
		/* Level-triggered and not to be read now: it would spin. */
		ev_fd_stop(&s->fd);
		s->parked_ = true;
		if (s->broken_ || s->eof_)
			fail(s, -EPIPE, "the peer has gone");
	}
}
