/* SPDX-License-Identifier: Apache-2.0 */
#include "http/url.h"

#include <errno.h>

#include "base/buf.h"
#include "test.h"

/* Segments in brackets, parameters after '?'. */
static struct str show(const struct url *u, struct buf *b)
{
	buf_clear(b);
	for (size_t i = 0; i < u->n; i++)
		buf_printf(b, "[%.*s]", STR_ARG(u->seg[i]));
	if (u->trailing_slash)
		buf_put_z(b, "/");
	for (size_t i = 0; i < u->nparam; i++)
		buf_printf(b, "?%.*s=%.*s", STR_ARG(u->param[i].key),
		           STR_ARG(u->param[i].value));
	return buf_str(b);
}

static const struct {
	struct str in;
	const char *out; /* NULL: refused */
	bool slash_ok;
} urls[] = {
	{ STR("/"), "", false },
	{ STR("/a/b"), "[a][b]", false },
	{ STR("/a/b/"), "[a][b]/", false },
	{ STR("/a//b"), "[a][][b]", false },
	{ STR("//a"), "[][a]", false },
	{ STR("//"), "[]/", false },
	{ STR("/a%20b/%c3%A9"), "[a b][é]", false },
	{ STR("/a+b"), "[a+b]", false },
	{ STR("/.../.a/a."), "[...][.a][a.]", false },
	{ STR("/a%252e"), "[a%2e]", false },
	{ STR("/x?a=1&b=c%20d+e&f"), "[x]?a=1?b=c d e?f=", false },
	{ STR("/x?"), "[x]", false },
	{ STR("/x?&&a&&"), "[x]?a=", false },
	{ STR("/x?1769000000000"), "[x]?1769000000000=", false },
	{ STR("/x?a=b=c?d"), "[x]?a=b=c?d", false },
	{ STR("/x?a=%2F..%2F"), "[x]?a=/../", false },
	{ STR("/a%2Fb"), "[a/b]", true },
	{ STR("/a%2fb/c"), "[a/b][c]", true },
	{ STR("/a%2Fb"), NULL, false },
	{ STR("/a%2F..%2Fb"), NULL, true },
	{ STR("/%2e%2e%2Fb"), NULL, true },
	{ STR("/."), NULL, false },
	{ STR("/a/.."), NULL, false },
	{ STR("/../a"), NULL, false },
	{ STR("/a/./b"), NULL, false },
	{ STR("/%2e"), NULL, false },
	{ STR("/a/%2E."), NULL, false },
	{ STR("/a%00"), NULL, false },
	{ STR("/a%5cb"), NULL, false },
	{ STR("/%"), NULL, false },
	{ STR("/%2"), NULL, false },
	{ STR("/%g0"), NULL, false },
	{ STR("/%ff"), NULL, false },
	{ STR("/%c0%af"), NULL, false },
	{ STR("/%ed%a0%80"), NULL, false },
	{ STR("/x?a=%zz"), NULL, false },
	{ STR("a/b"), NULL, false },
	{ STR(""), NULL, false },
	{ STR("?a"), NULL, false },
};

static void targets(void)
{
	struct buf b = BUF(1000);

	for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
		struct arena a = ARENA(100000);
		struct url u;
		int r = url_parse(&a, urls[i].in, urls[i].slash_ok, &u);

		if ((r == 0) != (urls[i].out != NULL))
			printf("# %.*s\n", STR_ARG(urls[i].in));
		T_EQ(r, urls[i].out ? 0 : -EINVAL);
		if (r == 0)
			T_STR(show(&u, &b), str_of(urls[i].out));
		arena_fini(&a);
	}
	buf_fini(&b);
}

static void maxima(void)
{
	struct arena a = ARENA(100000);
	struct buf b = BUF(10000);
	struct url u;

	for (int i = 0; i < URL_SEGMENTS_MAX; i++)
		buf_put_z(&b, "/s");
	T_EQ(url_parse(&a, buf_str(&b), false, &u), 0);
	T_EQ(u.n, URL_SEGMENTS_MAX);
	buf_put_z(&b, "/s");
	T_EQ(url_parse(&a, buf_str(&b), false, &u), -EINVAL);
	buf_clear(&b);
	buf_put_z(&b, "/?");
	for (int i = 0; i < URL_PARAMS_MAX; i++)
		buf_put_z(&b, "p&");
	T_EQ(url_parse(&a, buf_str(&b), false, &u), 0);
	buf_put_z(&b, "p");
	T_EQ(url_parse(&a, buf_str(&b), false, &u), -EINVAL);
	buf_fini(&b);
	arena_fini(&a);
}

static void parts(void)
{
	struct arena a = ARENA(100000);
	struct url u;

	T_EQ(url_parse(&a, STR("/api/contents/a%20b/c.ipynb?x=1&y=&x=2"), false, &u), 0);
	T_STR(u.path, STR("/api/contents/a%20b/c.ipynb"));
	T_STR(u.query, STR("x=1&y=&x=2"));
	T_STR(url_param(&u, "x"), STR("1"));
	T_EQ(url_param(&u, "y").len, 0);
	T_OK(url_param(&u, "y").ptr && !url_param(&u, "z").ptr);
	T_STR(url_join(&a, &u, 2), STR("a b/c.ipynb"));
	T_EQ(url_join(&a, &u, 4).len, 0);
	arena_fini(&a);
}

TEST_MAIN({ "targets are decoded once, or refused", targets },
          { "segments and parameters have maxima", maxima }, { "parts are found", parts })
