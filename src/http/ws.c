/* SPDX-License-Identifier: Apache-2.0 */
/*
 *   OPEN ---- close frame from either side, or an error ----> CLOSING -> gone
 *
 * In between, ws_leave has sent its close frame and waits for the client's.
 *
 * In CLOSING the user has been told (or will be at the end of this turn) and
 * the stream only sends what is queued, the close frame last. Messages that
 * are made in one turn leave by one write at its end.
 */
#include "http/ws.h"

#include <errno.h>
#include <stdlib.h>

#include "base/encode.h"
#include "http/conn.h"
#include "http/wsframe.h"
#include "http/wskey.h"

#define WS_IN_MAX    65536U
#define WS_LINGER_MS 3000U
#define WS_SMALL     16384U
#define WS_PARTS_MAX 15U
#define CTL_MAX      125U

struct ws {
	struct stream st;
	struct ws_cfg cfg;
	struct wsf_reader rd;
	struct buf msg;
	struct ev_timer timer;
	struct ev_later kick, gone;
	unsigned silent; /* ticks since a sign of life */
	uint64_t tick_sent;
	struct wsd wsd;
	uint64_t wire; /* bytes of this message's frames, as they came */
	uint32_t utf8;
	unsigned code; /* that ended it */
	unsigned leave_ms;
	uint64_t left_sent;
	enum ws_op op;
	bool kicked, paused, leaving, closing, told, dead, stuck;
	bool in_message; /* on_message reads msg */
	uint8_t nctl;
	char ctl[CTL_MAX];
};

/* ---- the end ---- */

static void drop_message(struct ws *w)
{
	if (!w->in_message) /* else when it returns */
		buf_fini(&w->msg);
}

static void on_gone(struct ev_later *l)
{
	free(CONTAINER_OF(l, struct ws, gone));
}

static void die(struct ws *w)
{
	if (w->dead)
		return;
	w->dead = true;
	ev_timer_stop(&w->timer);
	stream_close(&w->st);
	drop_message(w);
	wsd_fini(&w->wsd);
	ev_at_turn_end(w->st.ev, &w->gone, on_gone);
}

static void tell(struct ws *w)
{
	if (w->told)
		return;
	w->told = true;
	w->cfg.on_close(w, w->code, w->cfg.arg);
}

static void process(struct ws *w);

static void on_kick(struct ev_later *l)
{
	struct ws *w = CONTAINER_OF(l, struct ws, kick);

	w->kicked = false;
	if (w->closing)
		tell(w);
	else if (!w->dead)
		process(w);
	if (!w->dead && !w->closing && !w->paused)
		stream_resume(&w->st);
}

static void kick(struct ws *w)
{
	if (w->kicked || w->dead)
		return;
	w->kicked = true;
	ev_at_turn_end(w->st.ev, &w->kick, on_kick);
}

static int put_frame(struct ws *w, unsigned op, const struct str *parts, size_t n, size_t len)
{
	struct str all[WS_PARTS_MAX + 1];
	char head[WSF_HEAD_MAX];

	all[0] = (struct str){ head, wsf_head(head, true, (enum wsf_op)(op & 15), len, NULL) };
	head[0] = (char)(head[0] | (int)(op & WSF_PACKED));
	for (size_t i = 0; i < n; i++)
		all[i + 1] = parts[i];
	return len <= WS_SMALL ? stream_queuev(&w->st, all, n + 1)
	                       : stream_writev(&w->st, all, n + 1);
}

static int put_message(struct ws *w, enum ws_op op, const struct str *parts, size_t n,
                       size_t len)
{
	struct str packed;
	int r;

	if (!wsd_pack(&w->wsd, parts, n, ev_now_ms(w->st.ev), stream_blocked(&w->st), &packed))
		return put_frame(w, op, parts, n, len);
	r = put_frame(w, op | WSF_PACKED, &packed, 1, packed.len);
	wsd_scratch_done(&w->wsd);
	return r;
}

static void put_close(struct ws *w, unsigned code, struct str reason)
{
	char payload[CTL_MAX];
	struct str p = { payload, 0 };

	if (code != 1005) {
		payload[0] = (char)(code >> 8);
		payload[1] = (char)(code & 255);
		reason = str_sub(reason, 0, utf8_whole(str_sub(reason, 0, CTL_MAX - 2)));
		if (reason.len)
			memcpy(payload + 2, reason.ptr, reason.len);
		p.len = 2 + reason.len;
	}
	(void)put_frame(w, WSF_CLOSE, &p, 1, p.len);
}

/* Sends a close frame (unless one was sent) and lets go. */
static void end(struct ws *w, unsigned code, struct str reason, unsigned told_code)
{
	if (w->closing || w->dead)
		return;
	w->closing = true;
	w->code = told_code;
	if (!w->leaving)
		put_close(w, code, reason);
	ev_timer_stop(&w->timer);
	drop_message(w);
	wsd_fini(&w->wsd);
	stream_close_soon(&w->st, WS_LINGER_MS);
	kick(w);
}

void ws_close(struct ws *w, unsigned code, struct str reason)
{
	end(w, code, reason, code);
}

/* ---- frames from the client ---- */

static void got_close(struct ws *w)
{
	struct str p = { w->ctl, w->nctl };
	unsigned code;

	if (p.len == 0) {
		end(w, 1005, STR_NONE, 1005);
		return;
	}
	code = p.len < 2 ? 0 : (unsigned)(uint8_t)p.ptr[0] << 8 | (uint8_t)p.ptr[1];
	if (!wsf_close_code_ok(code))
		end(w, 1002, STR("bad close code"), 1002);
	else if (!utf8_valid(str_sub(p, 2, p.len)))
		end(w, 1007, STR("the reason is not UTF-8"), 1007);
	else
		end(w, code, str_sub(p, 2, p.len), code);
}

static void got_control(struct ws *w)
{
	struct str p = { w->ctl, w->nctl };

	if (w->rd.op == WSF_CLOSE)
		got_close(w);
	else if (w->rd.op == WSF_PING && !w->leaving &&
	         put_frame(w, WSF_PONG, &p, 1, p.len) == -ENOBUFS)
		end(w, 1013, STR("pongs are not read"), 1013);
}

static void got_head(struct ws *w)
{
	if (w->rd.op >= WSF_CLOSE) {
		w->nctl = 0;
		return;
	}
	if (w->rd.op != WSF_CONT) {
		w->op = (enum ws_op)w->rd.op;
		w->utf8 = 0;
		w->wire = 0;
	}
	/* Also for what is packed: it is not meant to become larger by that. */
	if (w->rd.len > w->cfg.message_max - w->wire)
		end(w, 1009, STR("the message is too large"), 1009);
	else
		w->wire += w->rd.len;
}

/* What an unpacking gave, from `had` on. */
static void unpacked(struct ws *w, enum wsd_got got, size_t had)
{
	struct str all = buf_str(&w->msg);

	if (got == WSD_BAD)
		end(w, 1007, STR("that can't be unpacked"), 1007);
	else if (got == WSD_LARGE)
		end(w, 1009, STR("the message is too large"), 1009);
	else if (got == WSD_MEMORY)
		end(w, 1013, STR("out of memory"), 1013);
	else if (w->op == WS_TEXT && !utf8_feed(&w->utf8, str_sub(all, had, all.len)))
		end(w, 1007, STR("the text is not UTF-8"), 1007);
}

static void got_packed(struct ws *w, struct str piece)
{
	char *to = wsd_scratch(&w->wsd, piece.len);
	size_t had = buf_len(&w->msg);
	enum wsd_got got = WSD_MEMORY;

	if (to) {
		wsf_unmask(&w->rd, piece, to);
		got = wsd_unpack(&w->wsd, (struct str){ to, piece.len }, &w->msg);
	}
	wsd_scratch_done(&w->wsd);
	unpacked(w, got, had);
}

static void got_data(struct ws *w, struct str piece)
{
	char *to;

	if (w->rd.op >= WSF_CLOSE) {
		wsf_unmask(&w->rd, piece,
		           w->ctl + w->nctl); /* at most 125: the codec saw to it */
		w->nctl = (uint8_t)(w->nctl + piece.len);
		return;
	}
	if (w->rd.packed) {
		got_packed(w, piece);
		return;
	}
	to = buf_reserve(&w->msg, piece.len);
	if (!to) {
		end(w, 1013, STR("out of memory"), 1013);
		return;
	}
	wsf_unmask(&w->rd, piece, to);
	buf_commit(&w->msg, piece.len);
	if (w->op == WS_TEXT && !utf8_feed(&w->utf8, (struct str){ to, piece.len }))
		end(w, 1007, STR("the text is not UTF-8"), 1007);
}

static void got_frame(struct ws *w)
{
	if (w->rd.op >= WSF_CLOSE) {
		got_control(w);
		return;
	}
	if (!w->rd.fin)
		return;
	if (w->rd.packed) {
		size_t had = buf_len(&w->msg);

		unpacked(w, wsd_unpack_end(&w->wsd, &w->msg), had);
		if (w->closing)
			return;
	}
	if (w->op == WS_TEXT && w->utf8 != 0) {
		end(w, 1007, STR("the text is not UTF-8"), 1007);
		return;
	}
	w->in_message = true;
	w->cfg.on_message(w, w->op, buf_str(&w->msg), w->cfg.arg);
	w->in_message = false;
	if (w->dead || w->closing) {
		drop_message(w);
	} else {
		buf_clear(&w->msg);
		buf_shrink(&w->msg);
	}
}

static void process(struct ws *w)
{
	while (!w->dead && !w->closing && !w->paused) {
		struct str in = buf_str(&w->st.in), piece;
		size_t had = in.len;
		enum wsf_step step = wsf_next(&w->rd, &in, &piece);

		if (step == WSF_DATA)
			got_data(w, piece);
		if (!w->closing)
			buf_consume(&w->st.in, had - in.len);
		if (step == WSF_HEAD)
			got_head(w);
		else if (step == WSF_FRAME)
			got_frame(w);
		else if (step == WSF_BAD)
			end(w, 1002, STR("that is not a proper frame"), 1002);
		else if (step == WSF_MORE)
			return;
	}
}

/* ---- events ---- */

static void on_data(struct stream *st)
{
	struct ws *w = CONTAINER_OF(st, struct ws, st);

	w->silent = 0;
	process(w);
}

static void on_drain(struct stream *st)
{
	struct ws *w = CONTAINER_OF(st, struct ws, st);

	if (!w->closing && w->cfg.on_drain)
		w->cfg.on_drain(w, w->cfg.arg);
}

static void on_close(struct stream *st, const struct err *err)
{
	struct ws *w = CONTAINER_OF(st, struct ws, st);

	(void)err;
	if (!w->closing) {
		w->closing = true;
		w->code = 1006;
	}
	tell(w);
	die(w);
}

/* Silence is counted in ticks, each of which has asked: after the machine was
 * suspended, all clients are asked before any is given up. A client that takes
 * what is stuck lives, though the pong waits for the ping, and that for its
 * turn; one that we don't listen to can't be heard. */
static bool is_silent(struct ws *w)
{
	if (w->paused || (w->stuck && stream_sent(&w->st) != w->tick_sent))
		w->silent = 0;
	w->stuck = stream_pending(&w->st) > 0;
	w->tick_sent = stream_sent(&w->st);
	return (uint64_t)w->silent++ * w->cfg.ping_ms >= w->cfg.timeout_ms;
}

static void on_timer(struct ev_timer *t)
{
	struct ws *w = CONTAINER_OF(t, struct ws, timer);

	if (is_silent(w)) {
		w->closing = true;
		w->code = 1006;
		tell(w);
		die(w);
		return;
	}
	/* With answers still unread by the client a ping would only wait behind
	 * them; it is what it takes of them that keeps the connection. */
	if (stream_pending(&w->st) == 0)
		(void)put_frame(w, WSF_PING, NULL, 0, 0);
	wsd_rest(&w->wsd, ev_now_ms(w->st.ev));
	ev_timer_start(w->st.ev, t, w->cfg.ping_ms, on_timer);
}

/* ---- the interface ---- */

static void put_head(struct ws *w, struct http_req *r, const struct ws_cfg *cfg)
{
	char accept[WS_ACCEPT_LEN];
	bool proto = cfg->protocol.len > 0, ext = w->wsd.how.deflate;
	struct buf how = BUF(256);

	ws_key_accept(http_get(&r->head, "Sec-WebSocket-Key"), accept);
	CHECK(!proto || http_is_token(cfg->protocol));
	wsext_put(&how, w->wsd.how);
	(void)stream_queuev(&w->st,
	                    (const struct str[]){
	                        STR("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	                            "Connection: Upgrade\r\nSec-WebSocket-Accept: "),
	                        { accept, sizeof(accept) },
	                        proto ? STR("\r\nSec-WebSocket-Protocol: ") : STR_NONE,
	                        proto ? cfg->protocol : STR_NONE,
	                        ext ? STR("\r\nSec-WebSocket-Extensions: ") : STR_NONE,
	                        buf_str(&how),
	                        STR("\r\n"),
	                        buf_str(&r->priv_->hdrs),
	                        STR("\r\n"),
	                    },
	                    9);
	buf_fini(&how);
}

/* What is agreed on with this client. */
static void negotiate(struct ws *w, const struct http_req *r, struct wsd_pool *pool)
{
	if (!pool || !(pool->near || ws_is_far(r)))
		return;
	wsd_init(&w->wsd, pool, wsd_agree(wsext_offer(&r->head)));
	w->rd.deflate = w->wsd.how.deflate;
}

struct ws *ws_accept(struct http_req *r, const struct ws_cfg *cfg)
{
	struct ev *ev = http_ev(r);
	struct err e = ERR_NONE;
	struct str rest;
	struct ws *w;
	int fd;

	CHECK(ws_is_handshake(r));
	fd = http_take(r, &rest);
	if (fd < 0)
		return NULL;
	w = calloc(1, sizeof(*w));
	if (!w) {
		(void)close(fd);
		return NULL;
	}
	w->cfg = *cfg;
	w->cfg.protocol = STR_NONE; /* the caller's memory */
	w->cfg.message_max = cfg->message_max ? cfg->message_max : 16U << 20;
	w->cfg.out_max = cfg->out_max ? cfg->out_max : 16U << 20;
	w->cfg.ping_ms = cfg->ping_ms ? cfg->ping_ms : 30000;
	w->cfg.timeout_ms = cfg->timeout_ms ? cfg->timeout_ms : 90000;
	if (stream_open(&w->st, ev, fd, WS_IN_MAX, w->cfg.out_max + WS_IN_MAX, false, &e) < 0) {
		free(w);
		return NULL;
	}
	w->st.on_data = on_data;
	w->st.on_close = on_close;
	w->st.on_drain = cfg->on_drain ? on_drain : NULL;
	buf_init(&w->msg, w->cfg.message_max);
	wsf_init(&w->rd, false);
	ev_timer_start(ev, &w->timer, w->cfg.ping_ms, on_timer);
	negotiate(w, r, cfg->deflate);
	put_head(w, r, cfg);
	buf_put_str(&w->st.in, rest);
	if (rest.len)
		kick(w);
	return w;
}

int ws_sendv(struct ws *w, enum ws_op op, const struct str *parts, size_t n)
{
	size_t len = 0;
	int r;

	CHECK(n <= WS_PARTS_MAX);
	if (w->closing || w->leaving || w->dead)
		return -EPIPE;
	for (size_t i = 0; i < n; i++)
		CHECK(!__builtin_add_overflow(len, parts[i].len, &len));
	if (len > w->cfg.out_max || stream_pending(&w->st) > w->cfg.out_max - len)
		r = -ENOBUFS;
	else
		r = put_message(w, op, parts, n, len);
	if (r == -ENOBUFS)
		end(w, 1013, STR("this client reads too slowly"), 1013);
	return r;
}

int ws_send(struct ws *w, enum ws_op op, struct str data)
{
	return ws_sendv(w, op, &data, 1);
}

size_t ws_pending(const struct ws *w)
{
	return stream_pending(&w->st);
}

uint64_t ws_queued(const struct ws *w)
{
	return stream_sent(&w->st) + stream_pending(&w->st);
}

uint64_t ws_taken(const struct ws *w)
{
	return stream_sent(&w->st);
}

static void on_left(struct ev_timer *t)
{
	struct ws *w = CONTAINER_OF(t, struct ws, timer);

	if (stream_pending(&w->st) && w->st.sent_ != w->left_sent) {
		w->left_sent = w->st.sent_; /* slow, but it takes what was queued */
		ev_timer_start(w->st.ev, t, w->leave_ms, on_left);
		return;
	}
	ws_drop(w);
}

void ws_drop(struct ws *w)
{
	if (w->dead)
		return;
	w->closing = true;
	w->code = 1006;
	tell(w);
	die(w);
}

void ws_leave(struct ws *w, unsigned code, struct str reason, unsigned timeout_ms)
{
	if (w->closing || w->leaving || w->dead)
		return;
	put_close(w, code, reason);
	w->leaving = true;
	ws_resume(w);
	w->leave_ms = timeout_ms;
	w->left_sent = w->st.sent_;
	ev_timer_start(w->st.ev, &w->timer, timeout_ms, on_left);
}

void ws_pause(struct ws *w)
{
	if (w->leaving)
		return; /* its answer must be heard */
	w->paused = true;
	stream_pause(&w->st);
}

void ws_resume(struct ws *w)
{
	if (!w->paused || w->dead)
		return;
	w->paused = false;
	kick(w);
}
