/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/port-owner.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test.h"

static int listen_any(int family, uint16_t *ret_port)
{
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6,
		                   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in a4 = { .sin_family = AF_INET,
		                  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr *a =
	    family == AF_INET ? (struct sockaddr *)&a4 : (struct sockaddr *)&a6;
	socklen_t len = family == AF_INET ? sizeof(a4) : sizeof(a6);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, a, len) < 0 || listen(fd, 1) < 0 || getsockname(fd, a, &len) < 0)
		return -1;
	*ret_port = ntohs(family == AF_INET ? a4.sin_port : a6.sin6_port);
	return fd;
}

static void finds_us(int family)
{
	struct port_owner who;
	uint16_t port;
	int fd = listen_any(family, &port), before = open_fds();

	T_OK(fd >= 0);
	T_OK(port_owner_find(port, &who));
	T_EQ(who.pid, getpid());
	T_OK(strncmp(who.command, "test-daemon-por", 15) == 0);
	T_OK(strstr(who.line, "test-daemon-port-owner"));
	T_EQ(open_fds(), before);
	(void)close(fd);
	T_OK(!port_owner_find(port, &who));
}

static void finds_who_listens_on_ipv4(void)
{
	finds_us(AF_INET);
}

static void finds_who_listens_on_ipv6(void)
{
	uint16_t port;
	int fd = listen_any(AF_INET6, &port);

	if (fd < 0)
		return; /* a machine without IPv6 */
	(void)close(fd);
	finds_us(AF_INET6);
}

static void a_connection_is_not_a_listener(void)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	struct port_owner who;
	uint16_t port;
	int fd = listen_any(AF_INET, &port), c = socket(AF_INET, SOCK_STREAM, 0);

	T_OK(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
	T_OK(connect(c, (struct sockaddr *)&a, sizeof(a)) == 0);
	T_OK(getsockname(c, (struct sockaddr *)&a, &len) == 0);
	T_OK(!port_owner_find(ntohs(a.sin_port), &who));
	(void)close(c);
	(void)close(fd);
}

TEST_MAIN({ "finds who listens on IPv4", finds_who_listens_on_ipv4 },
          { "finds who listens on IPv6", finds_who_listens_on_ipv6 },
          { "a connection is not a listener", a_connection_is_not_a_listener })
