/* SPDX-License-Identifier: Apache-2.0 */
#include "edge/fields.h"

#include <errno.h>

#include "test.h"

static struct http_head head;

static void parse(struct str s)
{
	struct http_parser p = { 0 };
	unsigned status;
	size_t used;

	T_EQ(http_parse_request(&p, s, &head, &used, &status), HTTP_PARSE_DONE);
}

static void passed(const char *fields, enum fields_to to, const char *want)
{
	struct buf in = BUF(10000), out = BUF(10000);

	buf_printf(&in, "GET / HTTP/1.1\r\nHost: h\r\n%s\r\n", fields);
	parse(buf_str(&in));
	T_EQ(fields_request(&head, to, &out), 0);
	T_OK(str_starts(buf_str(&out), STR("Host: h\r\n")));
	buf_consume(&out, 9);
	T_STR(buf_str(&out), str_of(want));
	buf_fini(&in);
	buf_fini(&out);
}

static void requests(void)
{
	passed("A: 1\r\nB:\r\n", TO_CORE, "A: 1\r\nB: \r\n");
	passed("Connection: close, x-a\r\nX-A: 1\r\nX-B: 2\r\n", TO_CORE, "X-B: 2\r\n");
	passed("Connection: X-Carrel-Peer, host\r\nX-B: 2\r\n", TO_CORE, "X-B: 2\r\n");
	passed("Keep-Alive: 1\r\nProxy-Connection: x\r\nproxy-x: y\r\nTE: trailers\r\nTrailer: "
	       "t\r\n"
	       "Expect: 100-continue\r\nContent-Length: 0\r\nHTTP2-Settings: x\r\n",
	       TO_CORE, "");
	passed("X-Carrel-Account: a\r\nx-CARREL-x: a\r\nX-Forwarded-For: b\r\nX-Real-IP: "
	       "c\r\nForwarded: d\r\n"
	       "X_Carrel_Account: e\r\nA_b: f\r\nX-Carrelx: fine\r\n",
	       TO_SESSION, "X-Carrelx: fine\r\n");
	passed("Authorization: secret\r\nCookie: __Host-s=1\r\n", TO_CORE,
	       "Authorization: secret\r\nCookie: __Host-s=1\r\n");
	passed("Authorization: secret\r\nCookie: __Host-s=1; a=b;__Host-t=2; c=d\r\n",
	       TO_SESSION, "Cookie: a=b; c=d\r\n");
	passed("Cookie: __Host-s=1; __host-T=2;;\r\n", TO_SESSION, "");
	passed("Cookie: =__Host-t=1; x=__Host-t=2; __Host-tx=3\r\n", TO_SESSION,
	       "Cookie: x=__Host-t=2; __Host-tx=3\r\n");
	passed("Authorization: secret\r\nCookie: a=b\r\nX: y\r\n", TO_PROGRAM, "X: y\r\n");
	passed("Authorization: secret\r\nCookie: __Host-s=1; a=b\r\nAccept-Encoding: gzip\r\n"
	       "Content-Type: application/json\r\nX-Carrel-CSRF: 1\r\nOrigin: o\r\n",
	       TO_FILES, "Content-Type: application/json\r\n");
	passed("Sec-WebSocket-Key: k\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: "
	       "x\r\n"
	       "Sec-WebSocket-Protocol: p\r\n",
	       TO_SESSION, "Sec-WebSocket-Protocol: p\r\n");
}

static void too_many(void)
{
	struct buf in = BUF(10000), out = BUF(10000);

	buf_put_z(&in, "GET / HTTP/1.1\r\nHost: h\r\nConnection: a,b,c,d,e,f,g,h,i\r\n\r\n");
	parse(buf_str(&in));
	T_EQ(fields_request(&head, TO_CORE, &out), -EINVAL);
	buf_fini(&in);
	buf_fini(&out);
}

static bool back(const char *name, const char *value, enum fields_to from)
{
	struct fields_named named = { .name = { STR("X-Hop") }, .n = 1 };
	struct http_field f = { str_of(name), str_of(value) };

	return fields_answer(&f, &named, from);
}

static void answers(void)
{
	T_OK(back("Content-Type", "a/b", TO_SESSION) && back("ETag", "x", TO_CORE));
	T_OK(!back("Content-Length", "1", TO_SESSION) &&
	     !back("Transfer-Encoding", "chunked", TO_CORE));
	T_OK(!back("x-hop", "1", TO_SESSION) && !back("Date", "x", TO_CORE));
	T_OK(back("Set-Cookie", "__Host-s=1", TO_CORE) &&
	     !back("Set-Cookie", "__Host-s=1", TO_SESSION));
	T_OK(!back("Set-Cookie", " __host-t =1; Path=/", TO_SESSION) &&
	     back("Set-Cookie", "a=1", TO_SESSION));
	T_OK(!back("Set-Cookie", "a=1", TO_PROGRAM));
	/* Browsers send a cookie without a name as its bare value. */
	T_OK(!back("Set-Cookie", "=__Host-t=x", TO_SESSION) &&
	     !back("Set-Cookie", " =__Host-s=x; Path=/", TO_SESSION));
	T_OK(!back("Set-Cookie", "=", TO_SESSION) && !back("Set-Cookie", "", TO_SESSION) &&
	     !back("Set-Cookie", "; a=1", TO_SESSION));
	T_OK(!back("Set-Cookie", "bare; Path=/", TO_SESSION));
	T_OK(back("Set-Cookie", "a=", TO_SESSION) && back("Set-Cookie", "a==b", TO_SESSION));
	T_OK(!back("X-Carrel-Account", "a", TO_SESSION) && back("X-Carrel-CSRF", "a", TO_CORE));
}

static void token(const char *target, const char *want, const char *want_token)
{
	struct buf out = BUF(1000);
	struct str t = fields_strip_token(str_of(target), &out);

	T_STR(buf_str(&out), str_of(want));
	T_EQ(t.ptr != NULL, want_token != NULL);
	if (want_token)
		T_STR(t, str_of(want_token));
	buf_fini(&out);
}

static void tokens(void)
{
	token("/a", "/a", NULL);
	token("/a?b=c", "/a?b=c", NULL);
	token("/a?token=t", "/a", "t");
	token("/a?b=c&token=t&d", "/a?b=c&d", "t");
	token("/a?token=t&token=u&b", "/a?b", "t");
	token("/a?&&b", "/a?&&b", NULL);
	token("/a?xtoken=t", "/a?xtoken=t", NULL);
	token("?token=t", "", "t");
	token("/a?token=", "/a", "");
}

TEST_MAIN({ "what reaches those behind us", requests },
          { "Connection names a few fields at most", too_many }, { "what comes back", answers },
          { "tokens are cut out of the query", tokens })
