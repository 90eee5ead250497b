/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP load generator: bench-load ADDRESS CONNECTIONS SECONDS < REQUEST.
 * Each connection sends the request, waits for the whole answer and sends it
 * again. Prints one line of JSON. All answers must be as long as the first,
 * and begin with the same status line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

#include "base/file.h"
#include "net/sock.h"

#define CONNS_MAX 4096
#define SAMPLES   4000000

struct conn {
	int fd;
	size_t got;
	uint64_t sent_ns;
};

static struct {
	struct str request;
	struct conn conns[CONNS_MAX];
	size_t answer_len;
	uint32_t *samples; /* microseconds */
	size_t n, errors;
} load;

static uint64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void ask(struct conn *c)
{
	c->sent_ns = now_ns();
	c->got = 0;
	if (send(c->fd, load.request.ptr, load.request.len, MSG_NOSIGNAL) !=
	    (ssize_t)load.request.len)
		load.errors++;
}

/* Head and body of the first answer: what the others are held against. */
static size_t first_answer(struct conn *c)
{
	static char text[1 << 20];
	size_t have = 0;

	ask(c);
	for (;;) {
		ssize_t n = recv(c->fd, text + have, sizeof(text) - have, 0);
		struct str all, rest;
		size_t head, at;
		uint64_t len;

		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0)
			return 0;
		have += (size_t)n;
		all = (struct str){ text, have };
		head = str_find(all, STR("\r\n\r\n"));
		at = str_find(all, STR("Content-Length: "));
		if (head == all.len || at > head)
			continue;
		rest = str_sub(all, at + 16, head);
		if (str_to_u64(str_sub(rest, 0, str_chr(rest, '\r', 0)), 0, sizeof(text),
		               &len) < 0)
			return 0;
		if (have < head + 4 + len)
			continue;
		if (!str_starts(all, STR("HTTP/1.1 200"))) {
			(void)fprintf(stderr, "%.*s\n", STR_ARG(all));
			return 0;
		}
		return have;
	}
}

static void on_ready(struct conn *c)
{
	char buf[8192];
	ssize_t n = recv(c->fd, buf, sizeof(buf), 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 || (c->got == 0 && (n < 12 || memcmp(buf, "HTTP/1.1 200", 12) != 0))) {
		load.errors++;
		(void)close(c->fd);
		return;
	}
	c->got += (size_t)n;
	if (c->got < load.answer_len)
		return;
	if (c->got > load.answer_len)
		load.errors++;
	if (load.n < SAMPLES)
		load.samples[load.n++] = (uint32_t)((now_ns() - c->sent_ns) / 1000);
	ask(c);
}

static int cmp(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int run(const struct addr *a, size_t conns, uint64_t seconds, struct err *err)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), r;
	uint64_t start, end;

	for (size_t i = 0; i < conns; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = &load.conns[i] };

		r = sock_connect(a, &load.conns[i].fd, err);
		if (r < 0)
			return r;
		while (i == 0 && !load.answer_len) {
			(void)usleep(10000);
			load.answer_len = first_answer(&load.conns[0]);
			if (!load.answer_len)
				return ERR(err, -EPROTO,
				           "the first answer is not a 200 with a length");
		}
		if (epoll_ctl(ep, EPOLL_CTL_ADD, load.conns[i].fd, &e) < 0)
			return ERR(err, -errno, "epoll_ctl: %m");
	}
	(void)usleep(50000);
	start = now_ns();
	end = start + seconds * 1000000000;
	for (size_t i = 0; i < conns; i++)
		ask(&load.conns[i]);
	while (now_ns() < end) {
		struct epoll_event ev[256];
		int n = epoll_wait(ep, ev, 256, 1000);

		for (int i = 0; i < n; i++)
			on_ready(ev[i].data.ptr);
		if (n == 0)
			return ERR(err, -ETIMEDOUT, "no answer for a second");
	}
	qsort(load.samples, load.n, sizeof(*load.samples), cmp);
	printf("{\"rps\": %.0f, \"p50_ms\": %.3f, \"p90_ms\": %.3f, \"p99_ms\": %.3f, "
	       "\"max_ms\": %.3f, "
	       "\"n\": %zu, \"errors\": %zu, \"answer_bytes\": %zu}\n",
	       (double)load.n / ((double)(now_ns() - start) / 1e9),
	       load.samples[load.n / 2] / 1e3, load.samples[load.n * 9 / 10] / 1e3,
	       load.samples[load.n * 99 / 100] / 1e3, load.samples[load.n - 1] / 1e3, load.n,
	       load.errors, load.answer_len);
	return 0;
}

int main(int argc, char **argv)
{
	struct buf request = BUF(65536);
	struct err err = ERR_NONE;
	uint64_t conns, seconds;
	struct addr a;

	if (argc != 4 || addr_parse(str_of(argv[1]), &a, &err) < 0 ||
	    str_to_u64(str_of(argv[2]), 1, CONNS_MAX, &conns) < 0 ||
	    str_to_u64(str_of(argv[3]), 1, 600, &seconds) < 0 ||
	    file_read_fd(0, &request, &err) < 0) {
		(void)fprintf(stderr,
		              "usage: bench-load ADDRESS CONNECTIONS SECONDS < REQUEST %s\n",
		              err.msg);
		return 2;
	}
	load.request = buf_str(&request);
	load.samples = calloc(SAMPLES, sizeof(*load.samples));
	if (!load.samples || run(&a, conns, seconds, &err) < 0) {
		(void)fprintf(stderr, "bench-load: %s\n", err.msg);
		return 1;
	}
	return load.errors != 0;
}
