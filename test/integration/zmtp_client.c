/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ZMTP codec on a blocking socket, for test_zmtp.py: zmtp-client TYPE
 * PATH IDENTITY PIECE. Reads lines of parts in hex from stdin and sends them;
 * prints "READY" and each message in the same form. A SUB's line is a prefix
 * to subscribe to. PIECE: bytes read at a time.
 */
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/encode.h"
#include "proto/zmtp.h"

struct client {
	struct zmtp z;
	int fd;
	size_t piece;
	struct buf out;
};

static _Noreturn void die(const char *what)
{
	(void)printf("ERROR %s\n", what);
	exit(1);
}

static void flush_out(struct client *c)
{
	while (buf_len(&c->out)) {
		ssize_t n = write(c->fd, buf_str(&c->out).ptr, buf_len(&c->out));

		if (n < 0)
			die("write failed");
		buf_consume(&c->out, (size_t)n);
	}
}

static void print_message(const struct client *c)
{
	for (size_t i = 0; i < zmtp_parts(&c->z); i++) {
		struct buf hex = BUF(64U << 20);
		uint64_t dropped;

		hex_put(&hex, zmtp_part(&c->z, i, &dropped));
		(void)printf("%s%.*s", i ? " " : "", STR_ARG(buf_str(&hex)));
		if (dropped)
			(void)printf("+%llu", (unsigned long long)dropped);
		buf_fini(&hex);
	}
	(void)printf("\n");
}

static void read_socket(struct client *c)
{
	static char data[65536];
	ssize_t n = read(c->fd, data, c->piece < sizeof(data) ? c->piece : sizeof(data));
	struct str in = { data, n > 0 ? (size_t)n : 0 };
	struct err err = ERR_NONE;

	if (n <= 0)
		die("closed");
	for (;;) {
		int r = zmtp_feed(&c->z, &in, &c->out, &err);

		if (r < 0)
			die(err.msg);
		flush_out(c);
		if (r == ZMTP_MORE)
			break;
		if (r == ZMTP_READY)
			(void)printf("READY\n");
		else
			print_message(c);
	}
	(void)fflush(stdout);
}

static void send_line(struct client *c, struct str line)
{
	struct str part[64], hex;
	struct buf data = BUF(64U << 20);
	size_t n = 0, at = 0, ends[64];

	while (n < 64 && str_split(&line, ' ', &hex)) {
		char *to = buf_reserve(&data, hex.len / 2 + 1);

		if (!to || hex_get(hex, to, hex.len / 2) < 0)
			die("bad line");
		buf_commit(&data, hex.len / 2);
		ends[n++] = buf_len(&data);
	}
	for (size_t i = 0; i < n; i++) {
		part[i] = str_sub(buf_str(&data), at, ends[i]);
		at = ends[i];
	}
	if (c->z.type == ZMTP_SUB)
		zmtp_subscribe(&c->z, &c->out, part[0]);
	else
		zmtp_send(&c->out, part, n);
	flush_out(c);
	buf_fini(&data);
}

static void read_stdin(struct client *c, struct buf *lines)
{
	char *to = buf_reserve(lines, 65536);
	ssize_t n = to ? read(0, to, 65536) : -1;

	if (n <= 0)
		exit(0);
	buf_commit(lines, (size_t)n);
	for (;;) {
		struct str s = buf_str(lines);
		size_t end = str_chr(s, '\n', 0);

		if (end == s.len)
			break;
		send_line(c, str_sub(s, 0, end));
		buf_consume(lines, end + 1);
	}
}

int main(int argc, char **argv)
{
	struct client c = { .out = BUF(64U << 20) };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct buf lines = BUF(64U << 20);
	uint64_t piece;

	if (argc != 5 || str_to_u64(str_of(argv[4]), 1, 65536, &piece) < 0)
		die("usage: zmtp-client SUB|DEALER PATH IDENTITY PIECE");
	c.piece = (size_t)piece;
	c.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", argv[2]);
	if (c.fd < 0 || connect(c.fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		die("connect failed");
	zmtp_init(&c.z, strcmp(argv[1], "SUB") == 0 ? ZMTP_SUB : ZMTP_DEALER, str_of(argv[3]),
	          1U << 20);
	zmtp_start(&c.z, &c.out);
	flush_out(&c);
	for (;;) {
		struct pollfd p[2] = { { c.fd, POLLIN, 0 }, { 0, POLLIN, 0 } };

		if (poll(p, 2, -1) < 0)
			die("poll failed");
		if (p[0].revents)
			read_socket(&c);
		if (p[1].revents)
			read_stdin(&c, &lines);
	}
}
