/* SPDX-License-Identifier: Apache-2.0 */
#include "edge/source.h"

#include "base/buf.h"
#include "test.h"

static enum source_kind kind;

static void is(const char *proxies, const char *peer, const char *fields, const char *want)
{
	struct http_parser p = { 0 };
	struct http_head head;
	struct buf in = BUF(10000);
	struct ip_nets nets;
	struct addr a;
	char got[IP_TEXT_MAX];
	unsigned status;
	size_t used;

	buf_printf(&in, "GET / HTTP/1.1\r\nHost: h\r\n%s\r\n", fields);
	T_EQ(http_parse_request(&p, buf_str(&in), &head, &used, &status), HTTP_PARSE_DONE);
	T_EQ(ip_nets_parse(str_of(proxies), &nets, NULL), 0);
	T_EQ(addr_parse(str_of(peer), &a, NULL), 0);
	kind = source_of(&nets, &a, &head, got);
	T_STREQ(got, want);
	buf_fini(&in);
}

#define HERE "tcp:127.0.0.1:5000"
#define FAR  "tcp:192.0.2.7:5000"

static void without_proxies(void)
{
	is("", HERE, "", "127.0.0.1");
	is("", "tcp:[::1]:5000", "", "::1");
	is("", "tcp:[::ffff:127.0.0.1]:5000", "", "127.0.0.1");
	is("", "unix:/x", "", "local");
	is("", FAR, "", "192.0.2.7");
	/* From elsewhere nobody is believed, and nobody asked. */
	is("", FAR, "X-Forwarded-For: 127.0.0.1\r\n", "192.0.2.7");
	T_EQ(kind, SOURCE_KNOWN);
}

static void strangers(void)
{
	static const char *const fields[] = { "X-Forwarded-For: 127.0.0.1\r\n",
		                              "x-forwarded-for:\r\n",
		                              "Forwarded: for=127.0.0.1\r\n",
		                              "X-Real-IP: 127.0.0.1\r\n",
		                              "X-Forwarded-Host: a\r\n",
		                              "X-Forwarded-Proto: https\r\n",
		                              "Via: 1.1 proxy\r\n" };

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		is("", HERE, fields[i], "forwarded");
		T_EQ(kind, SOURCE_STRANGER);
		is("192.0.2.0/24", "tcp:[::1]:5000", fields[i], "forwarded");
		is("127.0.0.1", "unix:/x", fields[i], "forwarded");
	}
}

static void chains(void)
{
	is("127.0.0.1", HERE, "X-Forwarded-For: 198.51.100.4\r\n", "198.51.100.4");
	is("127.0.0.1", HERE, "X-Forwarded-For: 2001:DB8::4\r\n", "2001:db8::4");
	T_EQ(kind, SOURCE_KNOWN);
	/* What the client says itself stands in front. */
	is("127.0.0.1", HERE, "X-Forwarded-For: 127.0.0.1, 198.51.100.4\r\n", "198.51.100.4");
	is("127.0.0.1", HERE, "X-Forwarded-For: junk,198.51.100.4\r\n", "198.51.100.4");
	is("127.0.0.1", HERE, "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 198.51.100.4\r\n",
	   "198.51.100.4");
	/* Two of ours, in one field or in two. */
	is("127.0.0.1 10.0.0.0/8", HERE, "X-Forwarded-For: 198.51.100.4, 10.1.2.3\r\n",
	   "198.51.100.4");
	is("127.0.0.1 10.0.0.0/8", "tcp:10.1.2.3:1",
	   "X-Forwarded-For: 198.51.100.4\r\nx-forwarded-for: 10.1.2.4 , 127.0.0.1\r\n",
	   "198.51.100.4");
	is("192.0.2.7", FAR, "X-Forwarded-For: 198.51.100.4\r\n", "198.51.100.4");
}

static void oddities(void)
{
	static const char *const odd[] = { "",
		                           "X-Forwarded-For:\r\n",
		                           "X-Real-IP: 198.51.100.4\r\n",
		                           "X-Forwarded-For: unknown\r\n",
		                           "X-Forwarded-For: 198.51.100.4:80\r\n",
		                           "X-Forwarded-For: [2001:db8::4]\r\n",
		                           "X-Forwarded-For: 198.51.100.4,\r\n",
		                           "X-Forwarded-For: 198.51.100.4, ,192.0.2.7\r\n",
		                           "X-Forwarded-For: 192.0.2.7\r\n",
		                           "X-Forwarded-For: 127.0.0.1\r\n",
		                           "X-Forwarded-For: ::ffff:127.0.0.1\r\n" };

	for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
		is("192.0.2.7", FAR, odd[i], "forwarded");
		T_EQ(kind, SOURCE_ODD);
	}
}

TEST_MAIN({ "without a proxy it is the peer", without_proxies },
          { "a proxy that nobody named is somebody else's voice", strangers },
          { "a named proxy's word is taken, and no other", chains },
          { "what can't be told is not guessed", oddities })
