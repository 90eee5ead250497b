/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/list.h"
#include "co.h"

#define ANSWER_MAX (256 * 1024)

struct ask {
	struct list node;
	int fd;
	struct buf in;
	ask_fn *fn;
	void *arg;
};

static struct list asks;
static struct sockaddr_un address;
uint64_t asks_answered, asks_lost;

void ask_init(const char *core_socket)
{
	list_init(&asks);
	address.sun_family = AF_UNIX;
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", core_socket);
}

unsigned asks_open(void)
{
	unsigned n = 0;

	list_for_each (it, &asks)
		n++;
	return n;
}

void ask(const char *method, const char *path, const char *token, const char *body,
         const char *key, ask_fn *fn, void *arg)
{
	struct ask *a = xcalloc(1, sizeof(*a));
	struct buf out = BUF(16384);

	a->in = BUF(ANSWER_MAX);
	a->fn = fn;
	a->arg = arg;
	a->fd = co_keep_fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	list_push(&asks, &a->node);
	buf_printf(&out, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", method,
	           path);
	if (token)
		buf_printf(&out, "Authorization: Bearer %s\r\n", token);
	if (key)
		buf_printf(&out, "Idempotency-Key: %s\r\n", key);
	if (body)
		buf_printf(&out, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
		           strlen(body));
	buf_printf(&out, "\r\n%s", body ? body : "");
	/* Refused: then there is nothing to read, and the answer is that. */
	if (connect(a->fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    send(a->fd, buf_str(&out).ptr, buf_len(&out), MSG_NOSIGNAL) < 0)
		(void)shutdown(a->fd, SHUT_RDWR);
	buf_fini(&out);
}

static void finish(struct ask *a)
{
	struct str text = buf_str(&a->in), body;
	struct arena arena = ARENA(1 << 20);
	struct json *j = NULL;
	uint64_t status = 0;
	size_t head = 0;

	list_del(&a->node);
	while (head + 4 <= text.len && memcmp(text.ptr + head, "\r\n\r\n", 4) != 0)
		head++;
	if (head + 4 <= text.len && text.len > 12 &&
	    str_to_u64(str_sub(text, 9, 12), 100, 599, &status) == 0) {
		body = str_sub(text, head + 4, text.len);
		if (body.len && json_parse(&arena, body, NULL, &j, NULL) < 0)
			j = NULL;
		if (body.len && !j)
			status = 0; /* cut off: as good as none */
	}
	asks_answered += status != 0;
	asks_lost += status == 0;
	trace("answer", "", status);
	a->fn(a->arg, (unsigned)status, j && j->type == JSON_OBJECT ? j : NULL);
	arena_fini(&arena);
	buf_fini(&a->in);
	(void)close(a->fd);
	free(a);
}

bool asks_run(void)
{
	char piece[8192];
	bool any = false;

	list_for_each_safe (it, &asks) {
		struct ask *a = LIST_ENTRY(it, struct ask, node);
		ssize_t n = recv(a->fd, piece, sizeof(piece), MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		any = true;
		if (n > 0)
			buf_put(&a->in, piece, (size_t)n);
		else
			finish(a);
	}
	return any;
}
