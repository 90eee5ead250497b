/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/pump.h"

#include <errno.h>

#define PENDING_MAX (256U << 10)
#define PIECE_MAX   (4U << 20)
#define TURN_PIECES 16U /* 1 MiB */

static void pump_free(struct pump *p)
{
	ev_timer_stop(&p->more_);
	buf_fini(&p->piece_);
	p->fini(p);
}

static void on_free(struct http_req *r)
{
	pump_free(call_of(r)->ctx);
}

/* What the next step made goes out. */
static void go_step(struct pump *p)
{
	struct http_req *r = p->c->r;
	enum pump_step s;

	buf_clear(&p->piece_);
	s = p->step(p, &p->piece_);
	p->ended_ = s != PUMP_MORE;
	if (s == PUMP_FAIL || buf_error(&p->piece_)) {
		p->ended_ = true;
		if (p->begun_)
			http_abort(r);
		else
			agent_json_error(r, 500, NULL, "The file can't be read");
		return;
	}
	if (s == PUMP_DONE && !p->begun_) {
		http_reply(r, p->status_, buf_str(&p->piece_));
		return;
	}
	if (!p->begun_) {
		p->begun_ = true;
		http_begin(r, p->status_, HTTP_CHUNKED);
	}
	if (buf_len(&p->piece_) && http_data(r, buf_str(&p->piece_)) < 0) {
		p->ended_ = true;
		http_abort(r);
	} else if (s == PUMP_DONE) {
		http_end(r);
	}
}

static void on_more(struct ev_timer *t);

static void go_on(struct pump *p)
{
	struct http_req *r = p->c->r;
	unsigned n = 0;

	while (!p->ended_ && (!p->begun_ || http_pending(r) < PENDING_MAX)) {
		if (n++ == TURN_PIECES) {
			ev_timer_start(http_ev(r), &p->more_, 0, on_more);
			return;
		}
		go_step(p);
	}
}

static void on_more(struct ev_timer *t)
{
	go_on(CONTAINER_OF(t, struct pump, more_));
}

static void on_drain(struct http_req *r)
{
	go_on(call_of(r)->ctx);
}

void pump_start(struct pump *p, struct call *c, unsigned status)
{
	p->c = c;
	p->status_ = status;
	buf_init(&p->piece_, PIECE_MAX);
	c->ctx = p;
	c->r->on_free = on_free;
	c->r->on_drain = on_drain;
	go_on(p);
}

struct buf_pump {
	struct pump pump;
	struct buf b;
};

static enum pump_step buf_step(struct pump *p, struct buf *out)
{
	struct buf_pump *bp = CONTAINER_OF(p, struct buf_pump, pump);
	struct str part = str_sub(buf_str(&bp->b), 0, 4 * PUMP_PIECE);

	buf_put_str(out, part);
	buf_consume(&bp->b, part.len);
	return buf_len(&bp->b) ? PUMP_MORE : PUMP_DONE;
}

static void buf_pump_fini(struct pump *p)
{
	struct buf_pump *bp = CONTAINER_OF(p, struct buf_pump, pump);

	buf_fini(&bp->b);
	free(bp);
}

void pump_buf(struct call *c, unsigned status, struct buf *b)
{
	struct buf_pump *bp;

	if (buf_error(b) || buf_len(b) < PENDING_MAX) {
		call_reply(c, status, b);
		buf_fini(b);
		return;
	}
	http_hdr(c->r, "Content-Type", STR("application/json"));
	bp = xcalloc(1, sizeof(*bp));
	bp->pump.step = buf_step;
	bp->pump.fini = buf_pump_fini;
	bp->b = *b;
	*b = BUF(b->max_);
	pump_start(&bp->pump, c, status);
}
