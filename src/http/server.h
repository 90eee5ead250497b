/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1 server on the loop. One handler gets every request as soon as its
 * head is parsed; from then on the request must be answered exactly once:
 *
 *   http_read_body → …  → http_reply            small bodies
 *   http_stream_body → … → http_reply           uploads, with back-pressure
 *   http_hdr* → http_reply | http_reply_json    whole answers
 *   http_hdr* → http_begin → http_data* → http_end    streams (SSE, chunked)
 *   http_hdr* → http_reply_fd                   files, by sendfile
 *   ws_accept (http/ws.h), http_take            the connection leaves HTTP
 *
 * Answers may come from inside the handler or any later turn. The request and
 * its arena live until the answer is sent or the client has gone; `on_free`
 * is called exactly once, last, also when the client vanished: put your own
 * clean-up there. After on_free the pointer is dead. A request whose client
 * has gone may still be "answered": that does nothing.
 *
 * Deadlines and maxima: head 10 s, idle keep-alive 75 s, body at least
 * 1 KiB/s, `out` buffer out_max. The Host table is the handler's business.
 */
#pragma once

#include "ev/ev.h"
#include "http/head.h"
#include "http/url.h"
#include "net/sock.h"
#include "net/stream.h"

struct http_server;
struct http_conn;
struct http_req;

typedef void http_handler_fn(struct http_req *r, void *arg);
typedef void http_req_fn(struct http_req *r);
typedef void http_body_fn(struct http_req *r, struct str body);

struct http_req {
	struct http_head head; /* slices live as long as the request */
	struct url url;        /* parsed from head.target with cfg.slash_ok */
	struct arena arena;
	struct addr *peer;
	pid_t peer_pid; /* unix sockets: SO_PEERCRED, else -1 */
	uid_t peer_uid;
	gid_t peer_gid;
	void *user;            /* the handler's */
	http_req_fn *on_free;  /* exactly once, see above */
	http_req_fn *on_drain; /* streaming answer: queue is empty again */
	http_req_fn *on_gone;  /* streaming answer or wait: client went away */
	struct http_conn *conn_;
	struct http_req_priv *priv_;
};

struct http_server_cfg {
	http_handler_fn *handler;
	void *arg;
	size_t arena_max;   /* per request; 0: 1 MiB */
	size_t out_max;     /* per connection; 0: 4 MiB */
	size_t in_max;      /* per connection read buffer; 0: 64 KiB */
	unsigned conns_max; /* 0: 10,000; more are answered 503 and closed */
	bool slash_ok;      /* %2F allowed in path segments */
	bool raw_query;     /* a proxy's: the query is passed on as it is, not parsed */
	const char *server; /* Server: field, or NULL */
};

MUST_CHECK int http_server_new(struct ev *ev, const struct http_server_cfg *cfg,
                               struct http_server **ret, struct err *err);
/* Takes ownership of the listening descriptor. Several may be added. */
MUST_CHECK int http_server_listen(struct http_server *s, int fd, struct err *err);
void http_server_free(struct http_server *s); /* closes all connections */
size_t http_server_conns(const struct http_server *s);

/* For a program that takes over from this one: while held, no connection is
 * taken and no request begun; they wait. Those in progress go on. */
void http_server_hold(struct http_server *s, bool hold);
/* Out of service: no connection is taken any more (who waits for one is the next
 * program's), and every answer from now on is its connection's last. Idle
 * connections get their usual time; now (unix sockets): they end at once, and
 * in such a way that a request sent meanwhile is either answered or could not
 * be sent at all. Over when http_server_conns() is 0. */
void http_server_drain(struct http_server *s, bool now);
/* Connections with a request in progress, or an answer not sent. */
size_t http_server_busy(const struct http_server *s);
/* Every descriptor that another server can go on with: the listening ones, and
 * connections between two requests with what was read of the next. */
typedef void http_each_fn(int fd, bool listening, struct str in, void *arg);
void http_server_each(const struct http_server *s, http_each_fn *fn, void *arg);
/* The other side of it: such a connection (taken, also on failure). */
MUST_CHECK int http_server_adopt(struct http_server *s, int fd, struct str in, struct err *err);

/* Whole body, at most max bytes (413 is answered for you when larger), then
 * fn; the slice lives as long as the request. */
void http_read_body(struct http_req *r, size_t max, http_body_fn *fn);
/* Pieces as they come; an empty slice (len 0) is the end. Total at most max. */
void http_stream_body(struct http_req *r, uint64_t max, http_body_fn *fn);
void http_body_pause(struct http_req *r);
void http_body_resume(struct http_req *r);

/* Adds an answer field (copied). CHECKs that name and value are clean: clean
 * untrusted values before, e.g. by percent-encoding. */
void http_hdr(struct http_req *r, const char *name, struct str value);
/* For names and values that the head parser has passed. */
void http_hdr_str(struct http_req *r, struct str name, struct str value);
void http_hdrf(struct http_req *r, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Whole answer; Content-Length, Date are added. */
void http_reply(struct http_req *r, unsigned status, struct str body);
void http_reply_json(struct http_req *r, unsigned status, struct str json); /* + Content-Type */
/* Streaming answer: length, or HTTP_CHUNKED. */
#define HTTP_CHUNKED UINT64_MAX
void http_begin(struct http_req *r, unsigned status, uint64_t length);
/* Queues; -ENOBUFS when it does not fit: wait for on_drain. */
MUST_CHECK int http_data(struct http_req *r, struct str data);
size_t http_pending(const struct http_req *r); /* bytes queued and not yet sent */
void http_end(struct http_req *r);
/* len bytes of the file from off by sendfile; takes ownership of fd. A file
 * that turns out shorter closes the connection. */
void http_reply_fd(struct http_req *r, unsigned status, int fd, uint64_t off, uint64_t len);
/* Give up: close the connection without (more of) an answer, in such a way that
 * what was begun can't be taken for the whole. */
void http_abort(struct http_req *r);
struct ev *http_ev(const struct http_req *r);
/* Which connection of this server it came on, from 1; 0 if the client has gone. */
uint64_t http_conn_id(const struct http_req *r);
/* The connection leaves HTTP: the descriptor and the bytes already read after
 * the head (valid until the end of the turn). The request is freed at the end
 * of the turn (on_free is called). -1 if the client has gone. */
int http_take(struct http_req *r, struct str *ret_rest);
