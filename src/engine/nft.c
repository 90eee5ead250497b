/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/nft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "engine/proc.h"
#include "engine/slot.h"

/* The blocks are: this host, private, shared, loopback, link-local (and with
 * it the metadata services of clouds), protocol and test ranges, multicast. */
static const char rules[] =
    "table inet carrel_%1$u\n"
    "delete table inet carrel_%1$u\n"
    "table inet carrel_%1$u {\n"
    "\tset blocked4 {\n\t\ttype ipv4_addr; flags interval\n\t\telements = { 0.0.0.0/8, "
    "10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.0.0.0/24, "
    "192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/3 }\n\t}\n"
    "\tset dns4 {\n\t\ttype ipv4_addr\n\t\t%3$s\n\t}\n"
    "\tset allow4 {\n\t\ttype ipv4_addr; flags interval; auto-merge\n\t\t%4$s\n\t}\n"
    "\tchain input {\n\t\ttype filter hook input priority -5; policy accept;\n"
    "\t\tiifname \"%2$s\" ct state established,related accept\n"
    "\t\tiifname \"%2$s\" counter drop\n\t}\n"
    "\tchain forward {\n\t\ttype filter hook forward priority -5; policy accept;\n"
    "\t\tiifname \"%2$s\" oifname \"cv*\" counter drop\n"
    "\t\tiifname \"%2$s\" fib saddr . iif oif eq 0 counter drop\n"
    "\t\tiifname \"%2$s\" meta nfproto ipv6 counter drop\n"
    "\t\tiifname \"%2$s\" ip daddr @dns4 udp dport 53 accept\n"
    "\t\tiifname \"%2$s\" ip daddr @dns4 tcp dport 53 accept\n"
    "\t\tiifname \"%2$s\" ip daddr @allow4 accept\n"
    "\t\tiifname \"%2$s\" ip daddr @blocked4 counter reject with icmp type admin-prohibited\n"
    "\t\tiifname \"%2$s\" accept\n"
    "\t\toifname \"%2$s\" ct state established,related accept\n"
    "\t\toifname \"%2$s\" counter drop\n\t}\n"
    "\tchain post {\n\t\ttype nat hook postrouting priority 100; policy accept;\n"
    "\t\tiifname \"%2$s\" oifname != \"cv*\" masquerade\n\t}\n"
    "}\n";

/* "a b c/8" → "elements = { a, b, c/8 }"; nothing for nothing. */
static int elements(struct str list, bool prefixes, struct buf *b, struct err *err)
{
	struct str one, bits;
	const char *sep = "elements = { ";
	uint64_t len;

	while (str_split(&list, ' ', &one)) {
		size_t slash = str_chr(one, '/', 0);
		uint32_t ip;

		if (one.len == 0)
			continue;
		bits = str_sub(one, slash + 1, one.len);
		if (slot_parse_ip(str_sub(one, 0, slash), &ip) < 0 ||
		    (slash < one.len && (!prefixes || str_to_u64(bits, 1, 32, &len) < 0)))
			return ERR(err, -EINVAL, "%.*s is no IPv4 %s", STR_ARG(one),
			           prefixes ? "address or CIDR" : "address");
		buf_printf(b, "%s%.*s", sep, STR_ARG(one));
		sep = ", ";
	}
	if (buf_len(b) > 0)
		buf_put_z(b, " }");
	return 0;
}

int nft_text(const struct nft_rules *r, struct buf *b, struct err *err)
{
	struct buf dns = BUF(4096), allow = BUF(65536);
	char ifnames[16];
	int res = elements(r->dns, false, &dns, err);

	if (res == 0)
		res = elements(r->allow, true, &allow, err);
	if (res == 0) {
		(void)snprintf(ifnames, sizeof(ifnames), "cv%02x*", r->slot);
		buf_printf(b, rules, r->slot, ifnames, buf_cstr(&dns), buf_cstr(&allow));
		res = buf_error(b);
	}
	buf_fini(&dns);
	buf_fini(&allow);
	return res;
}

int nft_load(const struct nft_rules *r, struct err *err)
{
	static const char *const argv[] = { "nft", "-f", "-", NULL };
	struct buf text = BUF(1U << 20);
	int res = nft_text(r, &text, err);

	if (res == 0)
		res = proc_run(argv, buf_str(&text), err);
	buf_fini(&text);
	return res;
}

int nft_remove(unsigned slot, struct err *err)
{
	static const char *const argv[] = { "nft", "-f", "-", NULL };
	struct buf text = BUF(256);
	int r;

	/* Adding first makes the deletion of what is not there succeed. */
	buf_printf(&text, "table inet carrel_%u\ndelete table inet carrel_%u\n", slot, slot);
	r = proc_run(argv, buf_str(&text), err);
	buf_fini(&text);
	return r;
}

bool nft_is_loaded(unsigned slot)
{
	struct {
		struct nlmsghdr head;
		struct nfgenmsg gen;
		struct nlattr attr;
		char name[32];
	} q = {
		.head = { .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE,
		          .nlmsg_flags = NLM_F_REQUEST },
		.gen = { .nfgen_family = NFPROTO_INET },
		.attr = { .nla_type = NFTA_TABLE_NAME },
	};
	autoclose int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct timeval patience = { .tv_sec = 1 };
	char in[2048];
	ssize_t n;

	q.attr.nla_len =
	    (uint16_t)(NLA_HDRLEN + 1 + snprintf(q.name, sizeof(q.name), "carrel_%u", slot));
	q.head.nlmsg_len = NLMSG_LENGTH(sizeof(q.gen)) + NLA_ALIGN(q.attr.nla_len);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    send(fd, &q, q.head.nlmsg_len, 0) < 0)
		return false;
	n = recv(fd, in, sizeof(in), 0);
	return n >= (ssize_t)sizeof(struct nlmsghdr) &&
	       ((const struct nlmsghdr *)(const void *)in)->nlmsg_type ==
	           (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE);
}
