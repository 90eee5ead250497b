/* SPDX-License-Identifier: Apache-2.0 */
#include "net/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static void addresses(void)
{
	static const struct {
		const char *in, *out; /* out NULL: refused */
	} c[] = {
		{ "unix:/run/x.sock", "unix:/run/x.sock" },
		{ "tcp:127.0.0.1:8888", "tcp:127.0.0.1:8888" },
		{ "tcp:[::1]:80", "tcp:[::1]:80" },
		{ "tcp:0.0.0.0:0", "tcp:0.0.0.0:0" },
		{ "unix:", NULL },
		{ "tcp:localhost:80", NULL },
		{ "tcp:127.0.0.1", NULL },
		{ "tcp:127.0.0.1:", NULL },
		{ "tcp:127.0.0.1:65536", NULL },
		{ "tcp:127.0.0.1:-1", NULL },
		{ "tcp:[::1:80", NULL },
		{ "tcp:::1:80", NULL },
		{ "http:x", NULL },
		{ "", NULL },
	};
	char text[128];

	for (size_t i = 0; i < ARRAY_LEN(c); i++) {
		struct err e = ERR_NONE;
		struct addr a;
		int r = addr_parse(str_of(c[i].in), &a, &e);

		T_EQ(r == 0, c[i].out != NULL);
		if (r < 0) {
			T_OK(e.msg[0]);
			continue;
		}
		addr_text(&a, text);
		T_STREQ(text, c[i].out);
	}
	{
		char longest[200] = "unix:";
		struct addr a;

		memset(longest + 5, 'a', 107);
		T_EQ(addr_parse((struct str){ longest, 5 + 107 }, &a, NULL), 0);
		memset(longest + 5, 'a', 108);
		T_EQ(addr_parse((struct str){ longest, 5 + 108 }, &a, NULL), -ENAMETOOLONG);
		T_EQ(addr_parse(STR("unix:a\0b"), &a, NULL), -EINVAL);
	}
}

static void unix_sockets(void)
{
	char dir[] = "/tmp/test-sock-XXXXXX", path[64];
	int before = open_fds(), fd, second, c, s;
	struct err e = ERR_NONE;
	struct addr a;
	struct stat st;
	pid_t pid;
	uid_t uid;
	gid_t gid;

	T_OK(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "unix:%s/s", dir);
	T_EQ(addr_parse(str_of(path), &a, &e), 0);
	T_EQ(sock_listen(&a, 8, 0640, &fd, &e), 0);
	T_EQ(stat(path + 5, &st), 0);
	T_EQ(st.st_mode & 0777, 0640);
	/* Somebody answers there: not replaced. */
	T_EQ(sock_listen(&a, 8, 0640, &second, &e), -EADDRINUSE);
	T_EQ(sock_connect(&a, &c, &e), 0);
	T_EQ(sock_accept(fd, NULL, &s), 0); /* the probe's */
	close(s);
	T_EQ(sock_accept(fd, NULL, &s), 0);
	T_OK(fcntl(s, F_GETFL) & O_NONBLOCK);
	T_OK(fcntl(s, F_GETFD) & FD_CLOEXEC);
	T_EQ(sock_accept(fd, NULL, &second), -EAGAIN);
	T_EQ(sock_peercred(s, &pid, &uid, &gid), 0);
	T_EQ(pid, getpid());
	T_EQ(uid, getuid());
	T_EQ(sock_error(c), 0);
	close(s);
	close(c);
	close(fd);
	/* Its server died: replaced. */
	T_EQ(sock_listen(&a, 8, 0, &fd, &e), 0);
	close(fd);
	T_EQ(sock_connect(&a, &c, &e), -ECONNREFUSED);
	unlink(path + 5);
	T_EQ(sock_connect(&a, &c, &e), -ENOENT);
	rmdir(dir);
	T_EQ(open_fds(), before);
}

static void tcp_sockets(void)
{
	struct err e = ERR_NONE;
	struct addr a, peer;
	int fd, second, c, s;
	char text[128];

	T_EQ(addr_parse(STR("tcp:127.0.0.1:0"), &a, &e), 0);
	T_EQ(sock_listen(&a, 8, 0, &fd, &e), 0);
	T_EQ(getsockname(fd, (struct sockaddr *)&a.sa, &a.len), 0);
	T_EQ(sock_listen(&a, 8, 0, &second, &e), -EADDRINUSE);
	T_EQ(sock_connect(&a, &c, &e), 0);
	while (sock_accept(fd, &peer, &s) == -EAGAIN)
		;
	addr_text(&peer, text);
	T_OK(str_starts(str_of(text), STR("tcp:127.0.0.1:")));
	sock_nodelay(s);
	close(s);
	close(c);
	close(fd);
}

TEST_MAIN({ "addresses are values, and only numeric ones", addresses },
          { "unix sockets: mode, stale files, credentials", unix_sockets },
          { "TCP sockets", tcp_sockets })
