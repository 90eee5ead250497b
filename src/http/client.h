/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 client on the loop: one connection to a unix or TCP address, one
 * request at a time on it. Streams both ways with back-pressure; an upgrade to
 * WebSocket is accepted only with the right Sec-WebSocket-Accept.
 *
 *   http_client_open → http_client_send → (http_client_data* → http_client_end)
 *     → on_head → on_body* → on_body(empty): idle again, or http_client_close
 *
 * Callbacks come from the loop, never from within a call of this interface.
 * After on_fail (once) only http_client_close may be called; it may be called
 * at any time, from any callback, and nothing is called after it.
 */
#pragma once

#include "ev/ev.h"
#include "http/head.h"
#include "net/sock.h"

struct http_client;

struct http_client_cfg {
	/* The final head (1xx are skipped); its slices live during the call. 101
	 * comes only after http_client_upgrade: then http_client_take. */
	void (*on_head)(struct http_client *c, const struct http_head *h, void *arg);
	/* Pieces of the answer; an empty one is its end. */
	void (*on_body)(struct http_client *c, struct str data, void *arg);
	/* What was queued of the request has been sent. May be NULL. */
	void (*on_drain)(struct http_client *c, void *arg);
	/* Broken, refused, not HTTP. While idle: the server closed (code 0). */
	void (*on_fail)(struct http_client *c, const struct err *err, void *arg);
	void *arg;
	size_t in_max;  /* 0: 64 KiB */
	size_t out_max; /* 0: 1 MiB */
};

MUST_CHECK int http_client_open(struct ev *ev, const struct addr *a,
                                const struct http_client_cfg *cfg, struct http_client **ret,
                                struct err *err);
void http_client_close(struct http_client *c); /* NULL is fine; freed at the turn's end */
/* Another owner, for the next request. Only while idle. */
void http_client_rebind(struct http_client *c, const struct http_client_cfg *cfg);

#define HTTP_CLIENT_CHUNKED UINT64_MAX
#define HTTP_CLIENT_NO_BODY (UINT64_MAX - 1)
/* fields: serialised, each with its CR LF, Host among them; framing fields are
 * added here. length: of the body to come. `first` is its first piece. */
MUST_CHECK int http_client_send(struct http_client *c, struct str method, struct str target,
                                struct str fields, uint64_t length, struct str first);
/* A GET with the fields of the WebSocket handshake added, and our own key. */
MUST_CHECK int http_client_upgrade(struct http_client *c, struct str target, struct str fields);
/* -ENOBUFS: wait for on_drain. -EPIPE: the server reads no more (an answer
 * may still come). */
MUST_CHECK int http_client_data(struct http_client *c, struct str data);
void http_client_end(struct http_client *c);
size_t http_client_pending(const struct http_client *c);
void http_client_pause(struct http_client *c);
void http_client_resume(struct http_client *c);

/* May another request be sent on it? */
bool http_client_idle(const struct http_client *c);
/* Has no byte come since the request was sent? Then a request that failed on
 * a re-used connection may be repeated on a fresh one. */
bool http_client_silent(const struct http_client *c);
/* After 101: the descriptor and what came after the head (until the turn's
 * end). The client is closed by this. -1: it had not taken all of our request. */
int http_client_take(struct http_client *c, struct str *ret_rest);
