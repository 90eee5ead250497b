/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to the server: a connection and the request in progress on it.
 *
 *   server.c  listening, accepting, recycling
 *   conn.c    reading: heads, bodies, deadlines, the end
 *   reply.c   answering
 *
 * All progress is made in http_conn_run(), which is never re-entered: calls
 * that a handler makes only leave marks, or ask for a run at the turn's end
 * (http_conn_kick). So no callback is called from within a call of the user.
 */
#pragma once

#include "http/body.h"
#include "http/server.h"

#define HTTP_HEAD_MS     10000U
#define HTTP_IDLE_MS     75000U
#define HTTP_TICK_MS     10000U /* how often progress is looked at */
#define HTTP_TICK_BYTES  10240U /* of body in a tick: 1 KiB/s */
#define HTTP_STALL_TICKS 6U     /* without a byte taken by the client */
#define HTTP_LINGER_MS   2000U
#define HTTP_DISCARD_MAX 65536U /* of a body nobody wants, to keep the connection */
#define HTTP_PENDING_MAX 65536U /* unsent answer before the next request is read */
#define HTTP_SPARE_MAX   64U
#define HTTP_SMALL       16384U

struct http_server {
	struct ev *ev;
	struct http_server_cfg cfg;
	struct list conns, listeners;
	size_t nconns;
	uint64_t last_id;
	struct ev_timer accept_timer;
	struct ev_later later;
	struct http_req_priv *spare;
	unsigned nspare;
	bool held, draining, draining_now;
	int64_t date_s;
	char date[TIME_RFC3339_MAX];
	char scratch[2 * HTTP_SMALL];
};

enum http_body_mode {
	HTTP_UNREAD, /* nobody has asked yet */
	HTTP_WHOLE,
	HTTP_STREAM,
	HTTP_DISCARD, /* answered already: only to find the next request */
};

enum http_answer { HTTP_UNANSWERED, HTTP_BEGUN, HTTP_ANSWERED };

struct http_req_priv {
	struct http_req r;
	struct http_conn *c; /* NULL: the client has gone */
	struct http_req_priv *next_spare;
	struct http_server *srv;
	struct ev_later later;
	struct addr peer;

	struct http_body body;
	enum http_body_mode mode;
	http_body_fn *body_fn;
	uint64_t body_max, body_got;
	struct buf whole;
	bool body_over, body_paused, continued;

	enum http_answer answer;
	struct buf hdrs;
	bool out_chunked, no_content, close;
	bool until_close; /* nothing but the connection's end tells the answer's */
	uint64_t out_left;

	char head_text[2048]; /* most heads fit; else the arena has it */
};

struct http_conn {
	struct stream st;
	struct http_server *srv;
	struct list node;
	struct addr peer;
	pid_t pid;
	uid_t uid;
	gid_t gid;
	uint64_t id;
	struct http_parser parser;
	struct http_req_priv *cur;
	struct ev_timer timer;
	struct ev_later kick, gone;
	uint64_t deadline_ms, armed_ms, tick_sent, tick_got;
	unsigned stalls;
	bool running, kicked, dead, closing, eof, in_head;
};

/* conn.c */
/* NULL: no memory; fd is closed. */
struct http_conn *http_conn_new(struct http_server *s, int fd, const struct addr *peer);
void http_conn_close(struct http_conn *c);
void http_conn_kick(struct http_conn *c);
/* If nothing is in progress on it: what comes from now on can't be sent. */
void http_conn_retire(struct http_conn *c);
/* A body is asked for, or goes on: from now it must come at the minimum rate. */
void http_conn_body_starts(struct http_conn *c);
/* The server itself has answered the request in progress: it is let go. */
void http_conn_answered(struct http_conn *c);

/* server.c */
struct http_req_priv *http_slot_new(struct http_server *s);
void http_slot_free(struct http_req_priv *p);
struct str http_server_date(struct http_server *s);

/* reply.c: an answer by the server itself, then the connection closes. */
void http_refuse(struct http_conn *c, unsigned status);
