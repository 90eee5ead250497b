/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connected, non-blocking byte stream with bounded buffers both ways.
 * Embedded in its owner. Back-pressure: reading stops while `in` is full or
 * paused; stream_write queues, and the owner stops producing when
 * stream_pending() is high and goes on in on_drain.
 *
 * on_data: new bytes in s->in (consume with buf_consume; after consuming from
 * a full `in` at another time call stream_resume). on_drain: the out buffer has
 * become empty, on a later turn than the write. on_close: the peer closed
 * (err->code 0), or an error; called once, never from within a stream_* call,
 * after which the owner calls stream_close. Half close: after the peer's FIN
 * on_eof is called if set, else on_close. Idle streams hold no buffer.
 */
#pragma once

#include "base/buf.h"
#include "ev/ev.h"

struct stream;
typedef void stream_fn(struct stream *s);
typedef void stream_close_fn(struct stream *s, const struct err *err);

struct stream {
	struct ev *ev;
	struct ev_fd fd;
	struct buf in, out;
	stream_fn *on_data, *on_drain, *on_eof;
	stream_close_fn *on_close;
	size_t out_max_;
	uint64_t sent_; /* bytes the kernel has taken so far */
	bool paused_, connecting_, eof_, shut_, closed_;
	bool blocked_;  /* the kernel took less than we had: wait for EPOLLOUT */
	bool broken_;   /* a write failed: nothing more can be sent */
	bool parked_;   /* hung up while paused: unwatched until resumed */
	bool closing_;  /* stream_close_soon was called */
	bool fin_;      /* our FIN has been sent */
	bool later_on_; /* later_ is queued */
	bool drain_;    /* on_drain is owed */
	bool bulk_;     /* the last read filled its buffer: read more at a time */
	bool plain_;    /* not a socket: a pipe or a pty */
	struct ev_timer timer_;
	struct ev_later later_;
	int file_; /* being sent after `out`, or -1 */
	uint64_t file_off_, file_left_;
	uint64_t close_sent_; /* sent_ when the closing timer last looked */
	unsigned close_ms_;
};

/* Takes ownership of fd (also on failure). in_max, out_max: hard maxima. Set
 * the callbacks after it: it clears the struct. */
/* NOLINTNEXTLINE(readability-function-size): seven, but each is a fact */
MUST_CHECK int stream_open(struct stream *s, struct ev *ev, int fd, size_t in_max,
                           size_t out_max, bool connecting, struct err *err);
/* Closes the descriptor now; the memory may go at the end of the turn. */
void stream_close(struct stream *s);
/* Sends what is pending (as long as some of it is taken every 30 s), then FIN,
 * waits timeout_ms for the peer's FIN, so that no reset eats the last bytes,
 * closes and calls on_close with code 0. What still comes in is thrown away. */
void stream_close_soon(struct stream *s, unsigned timeout_ms);
/* The descriptor leaves the stream, which is then as if closed; `in` keeps
 * what was read until stream_close. Nothing may be pending. */
int stream_release(struct stream *s);
/* -ENOBUFS if it does not fit whole (nothing was queued then), -EPIPE if the
 * connection can't send any more. Tries to send at once when nothing is
 * pending. */
MUST_CHECK int stream_write(struct stream *s, struct str data);
MUST_CHECK int stream_writev(struct stream *s, const struct str *parts, size_t n);
/* Only queues: what is queued in a turn goes out by one call at its end. (Of
 * the three below a failure may be ignored: on_close will tell.) */
int stream_queuev(struct stream *s, const struct str *parts, size_t n);
/* Like stream_writev but past out_max too: for one whole answer which its
 * maker holds in memory anyway. */
int stream_writev_all(struct stream *s, const struct str *parts, size_t n);
/* Then len bytes of `file` from off, by sendfile; takes ownership of file. A
 * file that ends early breaks the connection. Nothing may be written until
 * on_drain; one file at a time. */
int stream_send_file(struct stream *s, int file, uint64_t off, uint64_t len);
/* Sends what was queued now rather than at the end of the turn. */
void stream_flush(struct stream *s);
static inline size_t stream_pending(const struct stream *s)
{
	return buf_len(&s->out) + (s->file_ >= 0 ? s->file_left_ : 0);
}
/* Bytes that the kernel has taken since the stream was opened. */
static inline uint64_t stream_sent(const struct stream *s)
{
	return s->sent_;
}
/* Is the other side behind: did the kernel take less than there was? */
static inline bool stream_blocked(const struct stream *s)
{
	return s->blocked_;
}
/* What the other side has sent already, without waiting for the next turn:
 * calls on_data, and at its end on_eof or on_close. False: there is no more. */
bool stream_read_now(struct stream *s);
void stream_pause(struct stream *s);
void stream_resume(struct stream *s);
void stream_shutdown(struct stream *s); /* FIN after what is pending */
