/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/client-http.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/file.h"
#include "http/head.h"
#include "net/sock.h"

#define ANSWER_MAX (256 * 1024)

int client_connect(const char *addr, unsigned timeout_s, int *ret_fd, struct err *err)
{
	struct timeval limit = { .tv_sec = timeout_s };
	struct pollfd p = { .events = POLLOUT };
	autoclose int fd = -1;
	struct addr a;
	int r, flags;

	r = addr_parse(str_of(addr), &a, err);
	if (r == 0)
		r = sock_connect(&a, &fd, err);
	if (r < 0)
		return r;
	p.fd = fd;
	if (poll(&p, 1, (int)timeout_s * 1000) != 1)
		return ERR(err, -ETIMEDOUT, "%s does not answer", addr);
	r = sock_error(fd);
	if (r < 0) {
		errno = -r;
		return ERR(err, r, "connecting to %s: %m", addr);
	}
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0)
		return ERR(err, -errno, "socket options: %m");
	*ret_fd = steal_fd(&fd);
	return 0;
}

/* Connection: close is what ends the answer, so the whole is read first. */
static int read_all(int fd, struct buf *b, struct err *err)
{
	for (;;) {
		char *to = buf_reserve(b, 4096);
		ssize_t n = to ? read(fd, to, 4096) : -1;

		if (!to)
			return ERR(err, -E2BIG, "the answer is too long");
		if (n < 0)
			return ERR(err, -errno, "reading the answer: %m");
		if (n == 0)
			return 0;
		buf_commit(b, (size_t)n);
	}
}

int client_http(const char *addr, const char *method, const char *target, const char *host,
                unsigned timeout_s, struct buf *ret_body, struct err *err)
{
	struct buf request = BUF(4096), answer = BUF(ANSWER_MAX);
	struct http_parser parser = { 0 };
	struct http_head *head = xcalloc(1, sizeof(*head));
	autoclose int fd = -1;
	struct str body;
	size_t used;
	int r;

	buf_printf(
	    &request,
	    "%s %s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
	    method, target, host);
	r = client_connect(addr, timeout_s, &fd, err);
	if (r == 0)
		r = file_write_all(fd, buf_str(&request), err);
	if (r == 0)
		r = read_all(fd, &answer, err);
	if (r == 0 && http_parse_response(&parser, buf_str(&answer), false, head, &used) !=
	                  HTTP_PARSE_DONE)
		r = ERR(err, -EBADMSG, "%s: not a whole HTTP answer", addr);
	if (r == 0) {
		body = str_sub(buf_str(&answer), used, buf_len(&answer));
		if (head->has_length && head->length < body.len)
			body.len = head->length;
		buf_put_str(ret_body, body);
		r = (int)head->status;
	}
	buf_fini(&request);
	buf_fini(&answer);
	free(head);
	return r;
}
