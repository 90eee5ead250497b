/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connected, non-blocking byte stream with bounded buffers both ways.
 * Embedded in its owner. Back-pressure: reading stops while `in` is full or
 * paused; stream_write queues, and the owner stops producing when
 * stream_pending() is high and goes on in on_drain.
 *
 * on_data: new bytes in s->in (consume with buf_consume). on_drain: the out
 * buffer has become empty. on_close: the peer closed (err->code 0), or an
 * error; called once, after which the owner calls stream_close. Half close:
 * after the peer's FIN on_eof is called if set, else on_close.
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
	bool paused_, connecting_, eof_, shut_, closed_;
	struct ev_timer timer_;
};

/* Takes ownership of fd (also on failure). in_max, out_max: hard maxima. */
MUST_CHECK int stream_open(struct stream *s, struct ev *ev, int fd, size_t in_max,
                           size_t out_max, bool connecting, struct err *err);
/* Closes the descriptor now; the memory may go at the end of the turn. */
void stream_close(struct stream *s);
/* Sends what is pending (bounded by timeout_ms), then closes and calls
 * on_close with code 0. */
void stream_close_soon(struct stream *s, unsigned timeout_ms);
/* -ENOBUFS if it does not fit whole (nothing was queued then). Tries to send
 * at once when nothing is pending. */
MUST_CHECK int stream_write(struct stream *s, struct str data);
MUST_CHECK int stream_writev(struct stream *s, const struct str *parts, size_t n);
static inline size_t stream_pending(const struct stream *s)
{
	return buf_len(&s->out);
}
void stream_pause(struct stream *s);
void stream_resume(struct stream *s);
void stream_shutdown(struct stream *s); /* FIN after what is pending */
