/* SPDX-License-Identifier: Apache-2.0 */
#include "net/ip.h"

#include <errno.h>

#include "base/buf.h"
#include "test.h"

static void text(const char *in, const char *want)
{
	char got[IP_TEXT_MAX];
	struct ip ip;

	T_EQ(ip_parse(str_of(in), &ip), 0);
	ip_text(&ip, got);
	T_STREQ(got, want);
}

static void literals(void)
{
	static const char *const bad[] = { "",         "1.2.3",     "1.2.3.4:80", "01.2.3.4",
		                           "[::1]",    "fe80::1%1", " 1.2.3.4",   "1.2.3.4 ",
		                           "_secret",  "unknown",   "1.2.3.256",  "::1::",
		                           "localhost" };
	struct ip ip;

	text("192.0.2.7", "192.0.2.7");
	text("::ffff:192.0.2.7", "192.0.2.7");
	text("2001:DB8:0::1", "2001:db8::1");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		T_EQ(ip_parse(str_of(bad[i]), &ip), -EINVAL);
	T_EQ(ip_parse(STR("1.2.3.4\0"), &ip), -EINVAL);
}

static bool loopback(const char *s)
{
	struct ip ip;

	T_EQ(ip_parse(str_of(s), &ip), 0);
	return ip_is_loopback(&ip);
}

static void of_sockets(void)
{
	struct addr a;
	struct ip ip;
	char got[IP_TEXT_MAX];

	T_OK(loopback("127.0.0.1") && loopback("127.9.9.9") && loopback("::1") &&
	     loopback("::ffff:127.0.0.1"));
	T_OK(!loopback("128.0.0.1") && !loopback("::2") && !loopback("::127.0.0.1"));
	T_EQ(addr_parse(STR("tcp:192.0.2.7:80"), &a, NULL), 0);
	T_OK(ip_of(&a, &ip));
	ip_text(&ip, got);
	T_STREQ(got, "192.0.2.7");
	T_EQ(addr_parse(STR("tcp:[2001:db8::1]:80"), &a, NULL), 0);
	T_OK(ip_of(&a, &ip));
	ip_text(&ip, got);
	T_STREQ(got, "2001:db8::1");
	T_EQ(addr_parse(STR("unix:/x"), &a, NULL), 0);
	T_OK(!ip_of(&a, &ip));
}

static bool have(const char *nets, const char *s)
{
	struct err e = ERR_NONE;
	struct ip_nets n;
	struct ip ip;

	T_EQ(ip_nets_parse(str_of(nets), &n, &e), 0);
	T_EQ(ip_parse(str_of(s), &ip), 0);
	return ip_nets_have(&n, &ip);
}

static void networks(void)
{
	static const char *const bad[] = { "10.0.0.0/33",  "10.0.0.1/8",  "::/129",
		                           "10.0.0.0/",    "10.0.0.0/8/", "10.0.0.0,::1",
		                           "proxy",        "/8",          "::1/127",
		                           "10.0.0.0/08x", "1.2.3.4/-1" };
	struct err e = ERR_NONE;
	struct ip_nets n;

	T_OK(!have("", "127.0.0.1"));
	T_OK(have("127.0.0.1", "127.0.0.1") && !have("127.0.0.1", "127.0.0.2"));
	T_OK(have("127.0.0.1", "::ffff:127.0.0.1"));
	T_OK(have(" ::1  10.0.0.0/8 ", "10.255.1.2") && !have("10.0.0.0/8", "11.0.0.0"));
	T_OK(have("10.0.0.0/8 192.0.2.128/25", "192.0.2.129"));
	T_OK(!have("192.0.2.128/25", "192.0.2.127"));
	T_OK(have("2001:db8::/33", "2001:db8:7fff::1") &&
	     !have("2001:db8::/33", "2001:db8:8000::"));
	T_OK(have("0.0.0.0/0", "8.8.8.8") && !have("0.0.0.0/0", "2001:db8::1"));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		T_EQ(ip_nets_parse(str_of(bad[i]), &n, &e), -EINVAL);
}

static void too_many(void)
{
	struct err e = ERR_NONE;
	struct buf b = BUF(10000);
	struct ip_nets n;

	for (int i = 0; i < IP_NETS_MAX; i++)
		buf_put_z(&b, "10.0.0.1 ");
	T_EQ(ip_nets_parse(buf_str(&b), &n, &e), 0);
	T_EQ(n.n, IP_NETS_MAX);
	buf_put_z(&b, "10.0.0.1");
	T_EQ(ip_nets_parse(buf_str(&b), &n, &e), -E2BIG);
	buf_fini(&b);
}

TEST_MAIN({ "literals, and nothing else", literals },
          { "one address has one form", of_sockets }, { "networks", networks },
          { "a list has an end", too_many })
