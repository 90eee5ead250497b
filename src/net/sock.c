/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "net/sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/un.h>

static int parse_unix(struct str path, struct addr *ret, struct err *err)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	if (path.len == 0 || path.len >= sizeof(un.sun_path))
		return ERR(err, -ENAMETOOLONG,
		           "a unix socket's path has 1 to %zu bytes, this one has %zu",
		           sizeof(un.sun_path) - 1, path.len);
	if (str_chr(path, 0, 0) < path.len)
		return ERR(err, -EINVAL, "a unix socket's path can't hold a NUL byte");
	memcpy(un.sun_path, path.ptr, path.len);
	ret->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len + 1);
	memcpy(&ret->sa, &un, sizeof(un));
	return 0;
}

static int parse_tcp(struct str s, struct addr *ret, struct err *err)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	bool v6 = s.len > 0 && s.ptr[0] == '[';
	size_t colon = s.len;
	struct str host;
	char text[64];
	uint64_t port;

	while (colon > 0 && s.ptr[colon - 1] != ':')
		colon--;
	if (colon == 0 || str_to_u64(str_sub(s, colon, s.len), 0, 65535, &port) < 0)
		return ERR(err, -EINVAL, "\"tcp:%.*s\" has no port between 0 and 65535",
		           STR_ARG(s));
	host = str_sub(s, 0, colon - 1);
	if (v6) {
		if (host.len < 2 || host.ptr[host.len - 1] != ']')
			return ERR(err, -EINVAL, "\"tcp:%.*s\" lacks a ]", STR_ARG(s));
		host = str_sub(host, 1, host.len - 1);
	}
	if (host.len >= sizeof(text) || memchr(host.ptr, 0, host.len))
		return ERR(err, -EINVAL, "\"tcp:%.*s\" is not a numeric address", STR_ARG(s));
	memcpy(text, host.ptr, host.len);
	text[host.len] = 0;
	if (inet_pton(v6 ? AF_INET6 : AF_INET, text,
	              v6 ? (void *)&in6.sin6_addr : (void *)&in4.sin_addr) != 1)
		return ERR(err, -EINVAL, "\"tcp:%.*s\" is not a numeric address", STR_ARG(s));
	in4.sin_port = in6.sin6_port = htons((uint16_t)port);
	ret->len = v6 ? sizeof(in6) : sizeof(in4);
	if (v6)
		memcpy(&ret->sa, &in6, sizeof(in6));
	else
		memcpy(&ret->sa, &in4, sizeof(in4));
	return 0;
}

int addr_parse(struct str s, struct addr *ret, struct err *err)
{
	struct addr a = { 0 };
	int r;

	if (str_starts(s, STR("unix:")))
		r = parse_unix(str_sub(s, 5, s.len), &a, err);
	else if (str_starts(s, STR("tcp:")))
		r = parse_tcp(str_sub(s, 4, s.len), &a, err);
	else
		r = ERR(err, -EINVAL,
		        "\"%.*s\" is not an address: say unix:PATH or tcp:IP:PORT", STR_ARG(s));
	if (r == 0)
		*ret = a;
	return r;
}

void addr_text(const struct addr *a, char ret[128])
{
	char ip[INET6_ADDRSTRLEN] = "?";
	struct sockaddr_in6 in6;
	struct sockaddr_in in4;
	struct sockaddr_un un;

	switch (a->len ? a->sa.ss_family : AF_UNSPEC) {
	case AF_UNIX:
		memcpy(&un, &a->sa, sizeof(un));
		(void)snprintf(ret, 128, "unix:%.*s", (int)sizeof(un.sun_path), un.sun_path);
		break;
	case AF_INET:
		memcpy(&in4, &a->sa, sizeof(in4));
		(void)inet_ntop(AF_INET, &in4.sin_addr, ip, sizeof(ip));
		(void)snprintf(ret, 128, "tcp:%s:%u", ip, (unsigned)ntohs(in4.sin_port));
		break;
	case AF_INET6:
		memcpy(&in6, &a->sa, sizeof(in6));
		(void)inet_ntop(AF_INET6, &in6.sin6_addr, ip, sizeof(ip));
		(void)snprintf(ret, 128, "tcp:[%s]:%u", ip, (unsigned)ntohs(in6.sin6_port));
		break;
	default:
		(void)snprintf(ret, 128, "unknown");
	}
}

static int new_socket(const struct addr *a, struct err *err)
{
	int fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return ERR(err, -errno, "can't make a socket: %m");
	return fd;
}

/* Removes the socket file of a server that died; keeps a living one's. */
static int clear_stale(const struct addr *a, struct err *err)
{
	autoclose int fd = -1;
	struct sockaddr_un un;
	struct stat st;

	memcpy(&un, &a->sa, sizeof(un));
	if (lstat(un.sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return 0; /* bind says what is wrong, if anything is */
	fd = new_socket(a, err);
	if (fd < 0)
		return fd;
	if (connect(fd, (const struct sockaddr *)&a->sa, a->len) == 0 || errno == EAGAIN)
		return ERR(err, -EADDRINUSE, "another process answers on %s", un.sun_path);
	if (errno == ECONNREFUSED && unlink(un.sun_path) < 0 && errno != ENOENT)
		return ERR(err, -errno, "can't remove the stale socket %s: %m", un.sun_path);
	return 0;
}

int sock_listen(const struct addr *a, int backlog, mode_t mode, int *ret_fd, struct err *err)
{
	bool local = a->sa.ss_family == AF_UNIX;
	autoclose int fd = -1;
	char text[128];
	int one = 1, r;

	addr_text(a, text);
	if (local) {
		r = clear_stale(a, err);
		if (r < 0)
			return r;
	}
	fd = new_socket(a, err);
	if (fd < 0)
		return fd;
	if (!local && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		return ERR(err, -errno, "SO_REUSEADDR: %m");
	if (bind(fd, (const struct sockaddr *)&a->sa, a->len) < 0)
		return ERR(err, -errno, "can't bind to %s: %m", text);
	if (local && mode && chmod(text + strlen("unix:"), mode) < 0)
		return ERR(err, -errno, "can't set the mode of %s: %m", text);
	if (listen(fd, backlog) < 0)
		return ERR(err, -errno, "can't listen on %s: %m", text);
	*ret_fd = steal_fd(&fd);
	return 0;
}

int sock_connect(const struct addr *a, int *ret_fd, struct err *err)
{
	autoclose int fd = new_socket(a, err);
	char text[128];

	if (fd < 0)
		return fd;
	sock_nodelay(fd);
	if (connect(fd, (const struct sockaddr *)&a->sa, a->len) < 0 && errno != EINPROGRESS) {
		addr_text(a, text);
		return ERR(err, -errno, "can't connect to %s: %m", text);
	}
	*ret_fd = steal_fd(&fd);
	return 0;
}

int sock_error(int fd)
{
	socklen_t len = sizeof(int);
	int e = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) < 0)
		return -errno;
	return -e;
}

int sock_accept(int fd, struct addr *peer, int *ret_fd)
{
	struct addr a = { .len = sizeof(a.sa) };
	int r = accept4(fd, (struct sockaddr *)&a.sa, &a.len, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (r < 0)
		return -errno;
	if (peer)
		*peer = a;
	*ret_fd = r;
	return 0;
}

void sock_nodelay(int fd)
{
	int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

int sock_peercred(int fd, pid_t *pid, uid_t *uid, gid_t *gid)
{
	struct ucred c;
	socklen_t len = sizeof(c);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &len) < 0)
		return -errno;
	*pid = c.pid;
	*uid = c.uid;
	*gid = c.gid;
	return 0;
}
