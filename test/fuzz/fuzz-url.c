/* SPDX-License-Identifier: Apache-2.0 */
/* A target that is accepted has one meaning: its segments, escaped again,
 * parse to themselves, and none of them climbs. */
#include "base/buf.h"
#include "base/encode.h"
#include "fuzz.h"
#include "http/head.h"
#include "http/url.h"

static void no_climbing(struct str seg, bool slash_ok)
{
	struct str part;

	CHECK(utf8_valid(seg) && str_chr(seg, 0, 0) == seg.len &&
	      str_chr(seg, '\\', 0) == seg.len);
	CHECK(slash_ok || str_chr(seg, '/', 0) == seg.len);
	while (str_split(&seg, '/', &part))
		CHECK(!str_is(part, ".") && !str_is(part, ".."));
}

static void again(struct arena *a, const struct url *u, bool slash_ok)
{
	static struct url v;
	struct buf b = BUF(1 << 20);

	for (size_t i = 0; i < u->n; i++) {
		buf_put_c(&b, '/');
		pct_put(&b, u->seg[i], "");
	}
	if (u->n == 0 || u->trailing_slash)
		buf_put_c(&b, '/');
	for (size_t i = 0; i < u->nparam; i++) {
		buf_put_c(&b, i ? '&' : '?');
		pct_put(&b, u->param[i].key, "");
		buf_put_c(&b, '=');
		pct_put(&b, u->param[i].value, "");
	}
	CHECK(!buf_error(&b) && url_parse(a, buf_str(&b), slash_ok, &v) == 0);
	CHECK(v.n == u->n && v.nparam == u->nparam);
	for (size_t i = 0; i < u->n; i++)
		CHECK(str_eq(v.seg[i], u->seg[i]));
	for (size_t i = 0; i < u->nparam; i++)
		CHECK(str_eq(v.param[i].key, u->param[i].key) &&
		      str_eq(v.param[i].value, u->param[i].value));
	buf_fini(&b);
}

static void one(struct str s, bool slash_ok)
{
	struct arena a = ARENA(1 << 22);
	static struct url u;

	if (url_parse(&a, s, slash_ok, &u) == 0) {
		CHECK(u.n <= URL_SEGMENTS_MAX && u.nparam <= URL_PARAMS_MAX);
		for (size_t i = 0; i < u.n; i++)
			no_climbing(u.seg[i], slash_ok);
		again(&a, &u, slash_ok);
		(void)url_join(&a, &u, 0);
	}
	arena_fini(&a);
}

/* Only what the head parser lets through comes to url_parse. */
static bool is_target(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.ptr[i] <= ' ' || (unsigned char)s.ptr[i] >= 127 ||
		    s.ptr[i] == '\\' || s.ptr[i] == '#' || s.ptr[i] == '"')
			return false;
	}
	return s.len > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str s = fuzz_str(data, size);

	if (is_target(s)) {
		one(s, false);
		one(s, true);
	}
	return 0;
}
