/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "shim/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/file.h"

#define GUEST "eth0"

/* One request, built at the end of a fixed buffer. */
struct request {
	struct nlmsghdr head;
	char body[1024];
};

static void *reserve(struct request *q, size_t n)
{
	char *at = (char *)q + NLMSG_ALIGN(q->head.nlmsg_len);

	CHECK(NLMSG_ALIGN(q->head.nlmsg_len) + NLMSG_ALIGN(n) <= sizeof(*q));
	memset(at, 0, NLMSG_ALIGN(n));
	q->head.nlmsg_len = (uint32_t)(NLMSG_ALIGN(q->head.nlmsg_len) + n);
	return at;
}

static void *begin(struct request *q, int type, int flags, size_t body)
{
	memset(q, 0, sizeof(*q));
	q->head.nlmsg_len = NLMSG_HDRLEN;
	q->head.nlmsg_type = (uint16_t)type;
	q->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	return reserve(q, body);
}

static struct rtattr *attr(struct request *q, int type, const void *value, size_t n)
{
	struct rtattr *a = reserve(q, RTA_LENGTH(n));

	a->rta_type = (uint16_t)type;
	a->rta_len = (uint16_t)RTA_LENGTH(n);
	if (n)
		memcpy(RTA_DATA(a), value, n);
	return a;
}

static void attr_z(struct request *q, int type, const char *z)
{
	(void)attr(q, type, z, strlen(z) + 1);
}

static void attr_u32(struct request *q, int type, uint32_t v)
{
	(void)attr(q, type, &v, sizeof(v));
}

static void close_nest(struct request *q, struct rtattr *a)
{
	a->rta_len = (uint16_t)((char *)q + q->head.nlmsg_len - (char *)a);
}

static int talk(int fd, struct request *q)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	char in[4096];
	ssize_t n;

	if (sendto(fd, q, q->head.nlmsg_len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	n = recv(fd, in, sizeof(in), 0);
	if (n < 0)
		return -errno;
	for (const struct nlmsghdr *h = (const void *)in; NLMSG_OK(h, (size_t)n);
	     h = NLMSG_NEXT(h, n))
		if (h->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(h))->error;
	return -EPROTO;
}

static int open_netlink(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

static int make_pair(int fd, const struct net_link *l)
{
	struct request q;
	struct rtattr *info, *data, *peer;

	(void)begin(&q, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(struct ifinfomsg));
	attr_z(&q, IFLA_IFNAME, l->ifname);
	if (l->mtu)
		attr_u32(&q, IFLA_MTU, l->mtu);
	info = attr(&q, IFLA_LINKINFO, NULL, 0);
	(void)attr(&q, IFLA_INFO_KIND, "veth", 4);
	data = attr(&q, IFLA_INFO_DATA, NULL, 0);
	peer = attr(&q, VETH_INFO_PEER, NULL, 0);
	(void)reserve(&q, sizeof(struct ifinfomsg));
	attr_z(&q, IFLA_IFNAME, GUEST);
	if (l->mtu)
		attr_u32(&q, IFLA_MTU, l->mtu);
	attr_u32(&q, IFLA_NET_NS_PID, (uint32_t)l->pid);
	close_nest(&q, peer);
	close_nest(&q, data);
	close_nest(&q, info);
	return talk(fd, &q);
}

static int del_link(int fd, const char *ifname)
{
	struct request q;

	(void)begin(&q, RTM_DELLINK, 0, sizeof(struct ifinfomsg));
	attr_z(&q, IFLA_IFNAME, ifname);
	return talk(fd, &q);
}

static int add_address(int fd, unsigned index, uint32_t ip)
{
	struct request q;
	struct ifaddrmsg *m = begin(&q, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*m));

	m->ifa_family = AF_INET;
	m->ifa_prefixlen = 31;
	m->ifa_index = index;
	attr_u32(&q, IFA_LOCAL, htonl(ip));
	attr_u32(&q, IFA_ADDRESS, htonl(ip));
	return talk(fd, &q);
}

static int set_up(int fd, unsigned index)
{
	struct request q;
	struct ifinfomsg *m = begin(&q, RTM_NEWLINK, 0, sizeof(*m));

	m->ifi_index = (int)index;
	m->ifi_flags = m->ifi_change = IFF_UP;
	return talk(fd, &q);
}

static int add_default_route(int fd, unsigned index, uint32_t gateway)
{
	struct request q;
	struct rtmsg *m = begin(&q, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof(*m));

	m->rtm_family = AF_INET;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = RTPROT_STATIC;
	m->rtm_scope = RT_SCOPE_UNIVERSE;
	m->rtm_type = RTN_UNICAST;
	attr_u32(&q, RTA_GATEWAY, htonl(gateway));
	attr_u32(&q, RTA_OIF, index);
	return talk(fd, &q);
}

/* Sessions speak IPv4 only; a kernel without IPv6 has no such file. */
static void no_ipv6(const char *ifname)
{
	char path[96];
	autoclose int fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", ifname);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "1", 1) < 0)
		return;
}

static int up_with_address(int fd, const char *ifname, uint32_t ip)
{
	unsigned index = if_nametoindex(ifname);
	int r;

	if (!index)
		return -ENODEV;
	no_ipv6(ifname);
	r = ip ? add_address(fd, index, ip) : 0;
	return r < 0 ? r : set_up(fd, index);
}

static int guest_side(const struct net_link *l)
{
	autoclose int ns = -1;
	autoclose int fd = -1;
	char path[64];
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)l->pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		return -errno;
	fd = open_netlink();
	if (fd < 0)
		return fd;
	r = up_with_address(fd, "lo", 0);
	if (r == 0)
		r = up_with_address(fd, GUEST, l->host_ip + 1);
	if (r == 0)
		r = add_default_route(fd, if_nametoindex(GUEST), l->host_ip);
	return r;
}

int net_link_make(const struct net_link *l, struct err *err)
{
	autoclose int fd = open_netlink();
	int r, status;
	pid_t child;

	if (fd < 0)
		return ERR(err, fd, "can't open a netlink socket: %s", strerror(-fd));
	r = make_pair(fd, l);
	if (r == -EEXIST && del_link(fd, l->ifname) == 0) /* of a session that died */
		r = make_pair(fd, l);
	if (r == 0)
		r = up_with_address(fd, l->ifname, l->host_ip);
	if (r < 0)
		return ERR(err, r, "can't make the network interface %s: %s", l->ifname,
		           strerror(-r));
	/* A process that entered the container's namespace does nothing else. */
	child = fork();
	if (child < 0)
		return ERR(err, -errno, "can't fork: %m");
	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(-guest_side(l));
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return ERR(err, -errno, "can't wait: %m");
	if (status != 0)
		return ERR(err, -EIO, "can't set up the session's side of the network: %s",
		           WIFEXITED(status) ? strerror(WEXITSTATUS(status)) : "killed");
	return 0;
}

bool net_link_exists(const char *ifname)
{
	return if_nametoindex(ifname) != 0;
}

uint64_t net_link_bytes(const char *ifname, const char *which)
{
	struct buf b = BUF(8192); /* a file of sysfs says that it has a page */
	char path[96];
	uint64_t n = 0;
	struct str s;

	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/%s", ifname, which);
	if (file_read(AT_FDCWD, path, &b, NULL) < 0) {
		buf_fini(&b);
		return 0;
	}
	s = buf_str(&b);
	if (s.len && s.ptr[s.len - 1] == '\n')
		s.len--;
	if (str_to_u64(s, 0, UINT64_MAX, &n) < 0)
		n = 0;
	buf_fini(&b);
	return n;
}
