/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket (RFC 6455), server side, on the loop; the frame codec beneath
 * (http/wsframe.h) also serves clients in tests. Client frames must be
 * masked; control frames at most 125 bytes and whole; text is checked as
 * UTF-8 while it comes; fragments are joined up to message_max. The one
 * extension is permessage-deflate, where the caller has a pool for it.
 *
 * on_message: one whole message, slice valid during the call. on_close: once,
 * with the code that ended it (1006 when the connection just went); after it
 * the socket is closed and the pointer dies at the end of the turn.
 */
#pragma once

#include "http/server.h"
#include "http/wsdeflate.h"

enum ws_op { WS_TEXT = 1, WS_BINARY = 2 };

struct ws;
typedef void ws_message_fn(struct ws *w, enum ws_op op, struct str data, void *arg);
typedef void ws_close_fn(struct ws *w, unsigned code, void *arg);
typedef void ws_fn(struct ws *w, void *arg);

struct ws_cfg {
	size_t message_max;       /* 0: 16 MiB */
	size_t out_max;           /* 0: 16 MiB queued; past it the socket is closed 1013 */
	unsigned ping_ms;         /* 0: 30 s */
	unsigned timeout_ms;      /* 0: 90 s without any byte come or taken: closed */
	struct str protocol;      /* chosen subprotocol, or empty */
	struct wsd_pool *deflate; /* NULL: no compression; see also ws_is_far */
	ws_message_fn *on_message;
	ws_close_fn *on_close;
	ws_fn *on_drain; /* may be NULL: the queue has become empty */
	void *arg;
};

/* Is this request a full RFC 6455 handshake (GET, version 13, 16-byte key)? */
bool ws_is_handshake(const struct http_req *r);
/* Was `proto` offered in Sec-WebSocket-Protocol? */
bool ws_offered(const struct http_req *r, const char *proto);
/* Does a network lie between the client and us, as far as can be told? A peer
 * on loopback is on this machine unless it names somebody that it speaks for,
 * as proxies do; nobody gains by forging that. */
bool ws_is_far(const struct http_req *r);
/* Answers 101 (with fields added by http_hdr before) and takes the connection;
 * the request is freed at the end of the turn. NULL if the client has gone. */
struct ws *ws_accept(struct http_req *r, const struct ws_cfg *cfg);
/* -EPIPE after close, -ENOBUFS past out_max (and the socket is closed). */
MUST_CHECK int ws_send(struct ws *w, enum ws_op op, struct str data);
/* One message from several slices, without joining them first. */
MUST_CHECK int ws_sendv(struct ws *w, enum ws_op op, const struct str *parts, size_t n);
size_t ws_pending(const struct ws *w);
/* Bytes since the beginning: those queued, and those of them that the kernel
 * has taken. Still true in on_close: what lies between was not sent. */
uint64_t ws_queued(const struct ws *w);
uint64_t ws_taken(const struct ws *w);
void ws_pause(struct ws *w); /* stop reading: back-pressure to the client */
void ws_resume(struct ws *w);
/* Sends a close frame, then closes; on_close is still called. */
void ws_close(struct ws *w, unsigned code, struct str reason);
/* Closes at once, with code 1006. */
void ws_drop(struct ws *w);
/* Sends what is queued and a close frame, and nothing after it, but goes on
 * receiving until the client has answered it (on_close is called then) or
 * timeout_ms have passed without a byte taken (code 1006): nothing of either
 * side is lost. */
void ws_leave(struct ws *w, unsigned code, struct str reason, unsigned timeout_ms);
