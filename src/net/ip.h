/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IP addresses and networks as values. An IPv4 address is kept as its
 * IPv4-mapped one (::ffff:a.b.c.d), which is also how a socket that listens on
 * both families names it: one address has one form.
 */
#pragma once

#include "net/sock.h"

#define IP_TEXT_MAX 46
#define IP_NETS_MAX 64

struct ip {
	uint8_t byte[16];
};

/* A literal and nothing else: no port, no brackets, no zone, no name. -EINVAL */
MUST_CHECK int ip_parse(struct str s, struct ip *ret);
/* False: not of IP (a unix socket). */
bool ip_of(const struct addr *a, struct ip *ret);
bool ip_is_loopback(const struct ip *ip);
void ip_text(const struct ip *ip, char ret[IP_TEXT_MAX]);

struct ip_nets {
	struct ip net[IP_NETS_MAX];
	unsigned bits[IP_NETS_MAX];
	size_t n;
};

/* Addresses and networks (10.0.0.0/8, fd00::/8), separated by spaces. */
MUST_CHECK int ip_nets_parse(struct str s, struct ip_nets *ret, struct err *err);
bool ip_nets_have(const struct ip_nets *nets, const struct ip *ip);
