/* SPDX-License-Identifier: Apache-2.0 */
#include "net/ip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>

#define MAPPED_BITS 96

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool is_v4(const struct ip *ip)
{
	return memcmp(ip->byte, mapped, sizeof(mapped)) == 0;
}

static void set_v4(struct ip *ip, const void *four)
{
	memcpy(ip->byte, mapped, sizeof(mapped));
	memcpy(ip->byte + sizeof(mapped), four, 4);
}

int ip_parse(struct str s, struct ip *ret)
{
	char text[IP_TEXT_MAX];
	struct in6_addr a6;
	struct in_addr a4;

	if (s.len == 0 || s.len >= sizeof(text) || str_chr(s, 0, 0) < s.len)
		return -EINVAL;
	memcpy(text, s.ptr, s.len);
	text[s.len] = 0;
	if (inet_pton(AF_INET, text, &a4) == 1)
		set_v4(ret, &a4);
	else if (inet_pton(AF_INET6, text, &a6) == 1)
		memcpy(ret->byte, &a6, sizeof(ret->byte));
	else
		return -EINVAL;
	return 0;
}

bool ip_of(const struct addr *a, struct ip *ret)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in4;

	if (a->sa.ss_family == AF_INET) {
		memcpy(&in4, &a->sa, sizeof(in4));
		set_v4(ret, &in4.sin_addr);
	} else if (a->sa.ss_family == AF_INET6) {
		memcpy(&in6, &a->sa, sizeof(in6));
		memcpy(ret->byte, &in6.sin6_addr, sizeof(ret->byte));
	} else {
		return false;
	}
	return true;
}

bool ip_is_loopback(const struct ip *ip)
{
	static const struct ip one = { .byte = { [15] = 1 } };

	return is_v4(ip) ? ip->byte[12] == 127 : memcmp(ip, &one, sizeof(one)) == 0;
}

void ip_text(const struct ip *ip, char ret[IP_TEXT_MAX])
{
	bool v4 = is_v4(ip);

	CHECK(inet_ntop(v4 ? AF_INET : AF_INET6, ip->byte + (v4 ? sizeof(mapped) : 0), ret,
	                IP_TEXT_MAX));
}

static bool bit(const struct ip *ip, unsigned i)
{
	return ip->byte[i / 8] >> (7 - i % 8) & 1;
}

static int parse_net(struct str s, struct ip *ret_net, unsigned *ret_bits, struct err *err)
{
	size_t slash = str_chr(s, '/', 0);
	uint64_t bits = 128;
	int r = ip_parse(str_sub(s, 0, slash), ret_net);

	if (r == 0 && slash < s.len) {
		unsigned head = str_chr(s, ':', 0) == s.len ? MAPPED_BITS : 0;

		r = str_to_u64(str_sub(s, slash + 1, s.len), 0, 128 - head, &bits);
		bits += head;
	}
	if (r < 0)
		return ERR(err, -EINVAL,
		           "\"%.*s\" is neither an address nor a network, as in 127.0.0.1 "
		           "or 10.0.0.0/8",
		           s.len > 60 ? 60 : (int)s.len, s.ptr);
	for (unsigned i = (unsigned)bits; i < 128; i++) {
		if (bit(ret_net, i))
			return ERR(err, -EINVAL,
			           "%.*s has bits set behind its first %.*s: is it an address?",
			           STR_ARG(s), STR_ARG(str_sub(s, slash + 1, s.len)));
	}
	*ret_bits = (unsigned)bits;
	return 0;
}

int ip_nets_parse(struct str s, struct ip_nets *ret, struct err *err)
{
	struct ip_nets nets = { 0 };
	struct str one;

	while (str_split(&s, ' ', &one)) {
		int r;

		if (one.len == 0)
			continue;
		if (nets.n == IP_NETS_MAX)
			return ERR(err, -E2BIG, "more than %d networks", IP_NETS_MAX);
		r = parse_net(one, &nets.net[nets.n], &nets.bits[nets.n], err);
		if (r < 0)
			return r;
		nets.n++;
	}
	*ret = nets;
	return 0;
}

static bool is_in(const struct ip *ip, const struct ip *net, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(ip->byte, net->byte, whole) == 0 &&
	       (rest == 0 || (ip->byte[whole] ^ net->byte[whole]) >> (8 - rest) == 0);
}

bool ip_nets_have(const struct ip_nets *nets, const struct ip *ip)
{
	for (size_t i = 0; i < nets->n; i++) {
		if (is_in(ip, &nets->net[i], nets->bits[i]))
			return true;
	}
	return false;
}
