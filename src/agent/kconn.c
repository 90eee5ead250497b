/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/kconn.h"

#include <errno.h>

#include "agent/handover.h"
#include "net/sock.h"

/* A kernel takes half a second to bind; then only a broken one keeps us
 * waiting, and need not be asked that often. */
#define RETRY_MS       2U
#define RETRY_SLOW_MS  200U
#define TRIES_FAST     2500U
#define SEND_PARTS_MAX 32U
/* Who takes longer to say who it is, never will: a child that a dead kernel
 * left has its sockets, and takes connections without a thread to answer. */
#define HANDSHAKE_MS 2000U

static void connect_now(struct kconn *c);

static void on_retry(struct ev_timer *t)
{
	connect_now(CONTAINER_OF(t, struct kconn, retry_));
}

static void drop(struct kconn *c)
{
	if (c->open_)
		stream_close(&c->s_);
	c->open_ = false;
	c->ready = false;
}

static void retry(struct kconn *c)
{
	drop(c);
	if (c->on_)
		ev_timer_start(c->ev, &c->retry_,
		               c->tries_++ < TRIES_FAST ? RETRY_MS : RETRY_SLOW_MS, on_retry);
}

static void on_close(struct stream *s, const struct err *err)
{
	(void)err; /* a kernel that ends closes its sockets: its exit tells why */
	retry(CONTAINER_OF(s, struct kconn, s_));
}

static void on_drain(struct stream *s)
{
	struct kconn *c = CONTAINER_OF(s, struct kconn, s_);

	if (c->ready && c->on_drain)
		c->on_drain(c);
}

static int write_buf(struct kconn *c, const struct buf *b)
{
	if (buf_error(b))
		return buf_error(b);
	return buf_len(b) ? stream_write(&c->s_, buf_str(b)) : 0;
}

static void deliver(struct kconn *c)
{
	size_t n = zmtp_parts(&c->z_);
	struct str *part = calloc(n, sizeof(*part));
	uint64_t *dropped = calloc(n, sizeof(*dropped));

	/* Without memory the message is lost, as it is on the kernel's side. */
	if (part && dropped) {
		for (size_t i = 0; i < n; i++)
			part[i] = zmtp_part(&c->z_, i, &dropped[i]);
		c->on_message(c, part, dropped, n);
	}
	free(part);
	free(dropped);
}

static void on_data(struct stream *s)
{
	struct kconn *c = CONTAINER_OF(s, struct kconn, s_);
	struct buf out = BUF(4096);
	int r = 0;

	c->heard_ms = ev_now_ms(c->ev);
	while (c->open_) {
		struct str in = buf_str(&s->in);
		size_t had = in.len;

		r = zmtp_feed(&c->z_, &in, &out, NULL);
		buf_consume(&s->in, had - in.len);
		if (r == ZMTP_READY && c->z_.type == ZMTP_SUB)
			zmtp_subscribe(&c->z_, &out, STR(""));
		if (r >= 0 && write_buf(c, &out) < 0)
			r = -EPIPE;
		buf_clear(&out);
		if (r < 0 || r == ZMTP_MORE)
			break;
		if (r == ZMTP_READY) {
			ev_timer_stop(&c->retry_);
			c->ready = true;
			c->on_ready(c);
		} else {
			deliver(c);
		}
	}
	buf_fini(&out);
	if (r < 0 && c->open_)
		retry(c);
}

static void on_silent(struct ev_timer *t)
{
	retry(CONTAINER_OF(t, struct kconn, retry_));
}

static void connect_now(struct kconn *c)
{
	struct buf greeting = BUF(256);
	struct addr addr;
	int fd = -1;

	if (addr_parse(str_of(c->addr), &addr, NULL) < 0 ||
	    sock_connect(&addr, &fd, NULL) < 0 ||
	    stream_open(&c->s_, c->ev, fd, KCONN_IN_MAX, KCONN_OUT_MAX, true, NULL) < 0) {
		retry(c);
		return;
	}
	c->open_ = true;
	c->s_.on_data = on_data;
	c->s_.on_close = on_close;
	c->s_.on_drain = on_drain;
	ev_timer_start(c->ev, &c->retry_, HANDSHAKE_MS, on_silent);
	zmtp_start(&c->z_, &greeting);
	if (write_buf(c, &greeting) < 0)
		retry(c);
	buf_fini(&greeting);
}

void kconn_init(struct kconn *c, struct ev *ev, enum zmtp_type type, struct str identity)
{
	c->ev = ev;
	zmtp_init(&c->z_, type, identity, KCONN_MESSAGE_MAX);
}

void kconn_start(struct kconn *c)
{
	kconn_stop(c);
	c->on_ = true;
	c->tries_ = 0;
	/* Not in this turn: the old stream may still be in its batch. */
	ev_timer_start(c->ev, &c->retry_, 0, on_retry);
}

void kconn_stop(struct kconn *c)
{
	c->on_ = false;
	ev_timer_stop(&c->retry_);
	drop(c);
}

void kconn_hear_out(struct kconn *c)
{
	while (c->open_ && stream_read_now(&c->s_))
		;
}

void kconn_fini(struct kconn *c)
{
	if (c->ev)
		kconn_stop(c);
	zmtp_fini(&c->z_);
	c->ev = NULL;
}

int kconn_send(struct kconn *c, const struct str *part, size_t n)
{
	uint8_t heads[SEND_PARTS_MAX][ZMTP_HEAD_MAX];
	struct str all[2 * SEND_PARTS_MAX];
	struct buf b = BUF(KCONN_OUT_MAX);
	int r;

	if (!c->ready)
		return -ENOTCONN;
	if (n <= SEND_PARTS_MAX) {
		for (size_t i = 0; i < n; i++) {
			all[2 * i] =
			    (struct str){ (char *)heads[i],
				          zmtp_head(heads[i], part[i].len, i + 1 < n) };
			all[2 * i + 1] = part[i];
		}
		return stream_writev(&c->s_, all, 2 * n);
	}
	zmtp_send(&b, part, n);
	r = write_buf(c, &b);
	buf_fini(&b);
	return r;
}

size_t kconn_pending(const struct kconn *c)
{
	return c->open_ ? stream_pending(&c->s_) : 0;
}

/* ---- over an exec ---- */

void kconn_save(const struct kconn *c, struct hand_out *out)
{
	bool goes_on = c->open_ && c->ready && !c->s_.broken_ && !c->s_.eof_;

	buf_put_u32le(&out->b, goes_on);
	if (!goes_on)
		return;
	CHECK(buf_len(&c->s_.in) == 0); /* on_data feeds all to the decoder */
	hand_put_fd(out, c->s_.fd.fd);
	hand_put_str(out, buf_str(&c->s_.out));
	zmtp_save(&c->z_, &out->b);
}

static void go_on(struct kconn *c, int fd, struct str unsent)
{
	c->on_ = true;
	if (stream_open(&c->s_, c->ev, fd, KCONN_IN_MAX, KCONN_OUT_MAX, false, NULL) < 0) {
		retry(c);
		return;
	}
	c->open_ = c->ready = true;
	c->s_.on_data = on_data;
	c->s_.on_close = on_close;
	c->s_.on_drain = on_drain;
	if (unsent.len)
		(void)stream_queuev(&c->s_, &unsent, 1); /* on_close tells if it can't be */
}

int kconn_load(struct kconn *c, struct hand_in *in, struct err *err)
{
	struct str unsent;
	int fd, r;

	if (!hand_bool(in)) {
		if (in->a)
			kconn_start(c);
		return 0;
	}
	fd = hand_fd(in);
	unsent = hand_str(in, KCONN_OUT_MAX);
	r = zmtp_load(&c->z_, &in->c, err);
	if (r == 0 && (cur_bad(&in->c) || fd < 0))
		r = ERR(err, -EPROTO, "a connection to a kernel has no descriptor");
	if (r == 0 && in->a)
		go_on(c, fd, unsent);
	return r;
}
