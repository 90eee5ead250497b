/* SPDX-License-Identifier: Apache-2.0 */
/* A WebSocket through us, once both handshakes are whole. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "edge/edge-priv.h"
#include "http/ws.h"
#include "http/wskey.h"

struct tunnel {
	struct edge *e;
	struct pipe pipe;
	struct live live;
	struct ev_later gone;
};

#define KEEPALIVE_S     60
#define USER_TIMEOUT_MS 60000

static void on_gone(struct ev_later *l)
{
	free(CONTAINER_OF(l, struct tunnel, gone));
}

static void on_close(struct pipe *p)
{
	struct tunnel *t = CONTAINER_OF(p, struct tunnel, pipe);

	t->e->ntunnels--;
	list_del(&t->live.node);
	ev_at_turn_end(p->ev, &t->gone, on_gone);
}

static void on_cut(struct live *l)
{
	struct tunnel *t = CONTAINER_OF(l, struct tunnel, live);

	if (t->e->ending) {
		pipe_close(&t->pipe);
		on_close(&t->pipe);
	} else {
		pipe_say_close(&t->pipe, 4401, STR("access was withdrawn"));
	}
}

/* A client that vanished without a word is found by the kernel: no timer and
 * no byte of ours for a WebSocket that is idle. */
static void keep_alive(int fd)
{
	int on = 1, idle = KEEPALIVE_S, every = 15, times = 3, user = USER_TIMEOUT_MS;

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every, sizeof(every));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof(times));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user, sizeof(user));
}

/* To a client on this machine packing costs more than it saves. */
struct wsext tunnel_offer(const struct http_req *r)
{
	return ws_is_far(r) ? wsext_offer(&r->head) : (struct wsext){ 0 };
}

/* Our own 101 from the parsed one. False: the server chose what nobody
 * offered. */
static bool put_head(const struct http_req *r, const struct http_head *h, enum fields_to from,
                     struct buf *b, struct wsext *ret_ext)
{
	char accept[WS_ACCEPT_LEN];
	struct fields_named named;

	if (fields_named(h, &named) < 0 || !wsext_answer(h, tunnel_offer(r), ret_ext) ||
	    http_count(h, "Sec-WebSocket-Protocol") > 1)
		return false;
	ws_key_accept(http_get(&r->head, "Sec-WebSocket-Key"), accept);
	buf_put_z(b, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	             "Connection: Upgrade\r\nSec-WebSocket-Accept: ");
	buf_put(b, accept, sizeof(accept));
	buf_put(b, "\r\n", 2);
	for (size_t i = 0; i < h->n; i++) {
		struct str name = h->fields[i].name, v = h->fields[i].value;

		if (!fields_answer(&h->fields[i], &named, from))
			continue;
		if (str_ieq(name, STR("Sec-WebSocket-Protocol"))) {
			char proto[128];

			if (v.len >= sizeof(proto) || !http_is_token(v))
				return false;
			memcpy(proto, v.ptr, v.len);
			proto[v.len] = 0;
			if (!ws_offered(r, proto))
				return false;
		}
		buf_put_str(b, name);
		buf_put(b, ": ", 2);
		buf_put_str(b, v);
		buf_put(b, "\r\n", 2);
	}
	if (ret_ext->deflate) {
		buf_put_z(b, "Sec-WebSocket-Extensions: ");
		wsext_put(b, *ret_ext);
		buf_put(b, "\r\n", 2);
	}
	buf_put(b, "\r\n", 2);
	return !buf_error(b);
}

void tunnel_start(struct edge *e, struct route *rt, struct http_req *r, struct http_client *c,
                  const struct http_head *h, enum fields_to from)
{
	struct buf *head = &e->fields;
	struct pipe_start start;
	struct wsext ext;
	struct tunnel *t;

	buf_clear(head);
	if (!put_head(r, h, from, head, &ext)) {
		refuse_plain(r, 502, "bad-handshake", "Bad gateway",
		             "The session's program answered the WebSocket handshake with "
		             "something that was not offered.");
		return;
	}
	start.head = buf_str(head);
	start.deflate = ext.deflate;
	start.client = http_take(r, &start.from_client);
	if (start.client < 0)
		return;
	start.server = http_client_take(c, &start.from_server);
	if (start.server < 0) {
		(void)close(start.client);
		return;
	}
	t = xcalloc(1, sizeof(*t));
	t->e = e;
	keep_alive(start.client);
	if (pipe_open(&t->pipe, e->ev, e->shared, &start, NULL) < 0) {
		ev_at_turn_end(e->ev, &t->gone, on_gone);
		return;
	}
	t->pipe.on_close = on_close;
	t->live.cut = on_cut;
	e->ntunnels++;
	if (rt)
		list_push(&rt->live, &t->live.node);
	else
		list_init(&t->live.node);
}
