/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A WebSocket echo server on loopback, for outside judges and benches:
 * ws-echo ADDRESS, e.g. tcp:127.0.0.1:0 or unix:/tmp/x. Prints the address
 * that it listens on. GET of anything answers 1 KiB.
 */
#include <stdio.h>

#include "base/log.h"
#include "http/ws.h"

#define HIGH (1U << 20)

static void on_message(struct ws *w, enum ws_op op, struct str data, void *arg)
{
	(void)arg;
	if (ws_send(w, op, data) == 0 && ws_pending(w) > HIGH)
		ws_pause(w);
}

static void on_drain(struct ws *w, void *arg)
{
	(void)arg;
	ws_resume(w);
}

static void on_close(struct ws *w, unsigned code, void *arg)
{
	(void)w;
	(void)code;
	(void)arg;
}

static void handler(struct http_req *r, void *arg)
{
	static const char page[1024] = "ws-echo";
	static struct wsd_pool deflate = { .near = true };
	static const struct ws_cfg cfg = {
		.out_max = 32U << 20,
		.deflate = &deflate,
		.on_message = on_message,
		.on_drain = on_drain,
		.on_close = on_close,
	};

	(void)arg;
	if (!ws_is_handshake(r))
		http_reply(r, 200, (struct str){ page, sizeof(page) });
	else
		(void)ws_accept(r, &cfg);
}

static int serve(const char *address, struct err *err)
{
	const struct http_server_cfg cfg = { .handler = handler };
	struct addr a = { 0 };
	struct http_server *srv;
	char text[128];
	struct ev *ev;
	int fd, r;

	r = addr_parse(str_of(address), &a, err);
	if (r == 0)
		r = sock_listen(&a, 1024, 0, &fd, err);
	if (r == 0)
		r = ev_new(&ev, err);
	if (r == 0)
		r = http_server_new(ev, &cfg, &srv, err);
	if (r == 0)
		r = http_server_listen(srv, fd, err);
	if (r < 0)
		return r;
	a.len = sizeof(a.sa);
	(void)getsockname(fd, (struct sockaddr *)&a.sa, &a.len);
	addr_text(&a, text);
	printf("%s\n", text);
	(void)fflush(stdout);
	return ev_run(ev, err);
}

int main(int argc, char **argv)
{
	struct err err = ERR_NONE;

	log_init("ws-echo", LOG_INFO);
	if (argc != 2) {
		(void)fprintf(stderr, "usage: ws-echo ADDRESS\n");
		return 2;
	}
	if (serve(argv[1], &err) < 0)
		log_err(LOG_ERROR, "serve", &err);
	return 1;
}
