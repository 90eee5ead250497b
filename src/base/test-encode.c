/* SPDX-License-Identifier: Apache-2.0 */
#include "base/encode.h"

#include <errno.h>

#include "base/rand.h"
#include "test.h"

static struct buf out = BUF(1 << 16);

static struct str result(void)
{
	static char copy[4096];
	size_t n = buf_len(&out);

	T_EQ(buf_error(&out), 0);
	T_OK(n <= sizeof(copy));
	if (n)
		memcpy(copy, buf_str(&out).ptr, n);
	buf_fini(&out);
	return (struct str){ copy, n };
}

static void hex(void)
{
	uint8_t three[3] = { 9, 9, 9 };

	hex_put(&out, STR("\x00\xab\x7f"));
	T_STR(result(), STR("00ab7f"));
	T_EQ(hex_get(STR("00aB7f"), three, 3), 0);
	T_STR(((struct str){ (char *)three, 3 }), STR("\x00\xab\x7f"));
	T_EQ(hex_get(STR("00aB7"), three, 3), -EINVAL);
	T_EQ(hex_get(STR("00aB7g"), three, 3), -EINVAL);
	T_EQ(hex_get(STR("00aB7f00"), three, 3), -EINVAL);
	T_EQ(hex_get(STR(""), three, 0), 0);
	T_EQ(three[1], 0xab);
}

static void base64_of_rfc_4648(void)
{
	static const char *const pairs[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		base64_put(&out, str_of(pairs[i][0]), 0);
		T_STR(result(), str_of(pairs[i][1]));
		T_EQ(base64_get(&out, str_of(pairs[i][1]), false), 0);
		T_STR(result(), str_of(pairs[i][0]));
	}
	base64url_put(&out, STR("\xfb\xff\xfe"));
	T_STR(result(), STR("-__-"));
	base64url_put(&out, STR("f"));
	T_STR(result(), STR("Zg"));
	base64_put(&out, STR("\xfb\xff\xfe"), 0);
	T_STR(result(), STR("+//+"));
	base64_put(&out, STR("foobar"), 5);
	T_STR(result(), STR("Zm9vY\nmFy\n"));
	base64_put(&out, STR("foobar"), 4);
	T_STR(result(), STR("Zm9v\nYmFy\n"));
}

static void broken_base64_is_refused(void)
{
	static const char *const bad[] = { "Z",     "Zg",    "Zg=",      "Zg===", "=",
		                           "====",  "Zm9v=", "Zg==Zg==", "Z===",  "Zm8=x",
		                           "Zm 8=", "Zh==",  "Zm9=",     "Zm-_" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		T_EQ(base64_get(&out, str_of(bad[i]), false), -EINVAL);
		buf_clear(&out);
	}
	T_EQ(base64_get(&out, STR(" Zm9v\r\n YmF\ty "), true), 0);
	T_STR(result(), STR("foobar"));
	T_EQ(base64_get(&out, STR("Zh=\n="), true), 0);
	T_STR(result(), STR("f"));
	T_EQ(base64_get(&out, STR("Zg"), true), -EINVAL);
	buf_fini(&out);
}

static void any_bytes_round_trip(void)
{
	for (size_t n = 0; n < 300; n++) {
		char in[300];
		struct str s = { in, n }, text;
		struct buf b = BUF(1000);

		rand_bytes(in, n);
		base64_put(&out, s, n % 90);
		text = result();
		T_EQ(base64_get(&b, text, true), 0);
		T_STR(buf_str(&b), s);
		buf_clear(&b);
		pct_put(&out, s, NULL);
		text = result();
		T_EQ(pct_get(&b, text), 0);
		T_STR(buf_str(&b), s);
		buf_fini(&b);
	}
}

static void ids_are_26_digits_that_sort_like_their_bytes(void)
{
	uint8_t id[16] = { 0 };
	char a[27], b[27];

	base32_id(id, a);
	T_STREQ(a, "00000000000000000000000000");
	id[15] = 33;
	base32_id(id, a);
	T_STREQ(a, "00000000000000000000000011");
	memset(id, 0xff, sizeof(id));
	base32_id(id, b);
	T_STREQ(b, "7zzzzzzzzzzzzzzzzzzzzzzzzz");
}

static void percent_encoding(void)
{
	pct_put(&out, STR("a b/\xc3\xa9~%"), "/");
	T_STR(result(), STR("a%20b/%C3%A9~%25"));
	pct_put(&out, STR("/\0"), "/");
	T_STR(result(), STR("/%00"));
	T_EQ(pct_get(&out, STR("a%20b%2F%2f+%00")), 0);
	T_STR(result(), STR("a b//+\0"));
	T_EQ(pct_get(&out, STR("%2")), -EINVAL);
	T_EQ(pct_get(&out, STR("%")), -EINVAL);
	T_EQ(pct_get(&out, STR("%2x")), -EINVAL);
	buf_fini(&out);
}

static const struct {
	struct str s;
	bool ok;
} texts[] = {
	{ STR(""), true },
	{ STR("plain"), true },
	{ STR("\0"), true },
	{ STR("\xc3\xa9"), true },
	{ STR("\xe2\x82\xac and eight more bytes"), true },
	{ STR("\xf0\x9f\x98\x80"), true },
	{ STR("\xf4\x8f\xbf\xbf"), true },
	{ STR("\xed\x9f\xbf\xee\x80\x80"), true },
	{ STR("\x80"), false },
	{ STR("\xbf"), false },
	{ STR("\xc0\x80"), false },
	{ STR("\xc1\xbf"), false },
	{ STR("\xe0\x9f\xbf"), false },
	{ STR("\xf0\x8f\xbf\xbf"), false },
	{ STR("\xed\xa0\x80"), false }, /* a surrogate */
	{ STR("\xf4\x90\x80\x80"), false },
	{ STR("\xf5\x80\x80\x80"), false },
	{ STR("\xfe"), false },
	{ STR("\xc3"), false },
	{ STR("\xe2\x82"), false },
	{ STR("\xe2\x28\xa1"), false },
	{ STR("12345678\xff"), false },
	{ STR("1234567\xc3\xa9"
	      "12345678"),
	  true },
};

static void what_is_utf8_and_what_is_not(void)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		T_EQ(utf8_valid(texts[i].s), texts[i].ok);
		/* The same, split at every point. */
		for (size_t cut = 0; cut <= texts[i].s.len; cut++) {
			uint32_t st = 0;
			bool ok = utf8_feed(&st, str_sub(texts[i].s, 0, cut)) &&
			          utf8_feed(&st, str_sub(texts[i].s, cut, texts[i].s.len));

			T_EQ(ok && st == 0, texts[i].ok);
		}
	}
}

static void every_code_point_goes_there_and_is_whole(void)
{
	for (uint32_t c = 0; c <= 0x110000; c++) {
		bool real = c < 0xd800 || (c > 0xdfff && c <= 0x10ffff);
		struct str s;

		utf8_put(&out, c);
		s = buf_str(&out);
		if (!utf8_valid(s) || (!real && !str_eq(s, STR("\xef\xbf\xbd"))))
			T_EQ(c, 0);
		for (size_t cut = 0; cut <= s.len; cut++) {
			if (utf8_whole(str_sub(s, 0, cut)) != (cut == s.len ? s.len : 0))
				T_EQ(c, cut);
		}
		buf_clear(&out);
	}
	buf_fini(&out);
	T_EQ(utf8_whole(STR("ab\xc3")), 2);
	T_EQ(utf8_whole(STR("\x80\x80\x80\x80")), 4);
	T_EQ(utf8_whole(STR("\xff")), 1);
}

static void what_is_no_utf8_is_marked(void)
{
	static const struct {
		const char *from, *to;
	} cases[] = {
		{ "plain", "plain" },
		{ "\xc3\xa9 \xf0\x9f\x98\x80", "\xc3\xa9 \xf0\x9f\x98\x80" },
		{ "M\xfcller", "M?ller" },   /* ISO 8859-1 */
		{ "\xed\xa0\x80x", "???x" }, /* half of a surrogate pair */
		{ "\xc0\xaf\xff", "???" },   /* overlong, and never */
		{ "\xe2\x82\xc3\xa9\xe2\x82",
		  "??\xc3\xa9??" }, /* cut, in the middle and at the end */
	};
	char text[32];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		size_t n = strlen(cases[i].from);

		memcpy(text, cases[i].from, n + 1);
		utf8_mend(text, n);
		T_STREQ(text, cases[i].to);
	}
}

TEST_MAIN({ "hex is strict", hex }, { "what is no UTF-8 is marked", what_is_no_utf8_is_marked },
          { "base64 is that of RFC 4648", base64_of_rfc_4648 },
          { "broken base64 is refused", broken_base64_is_refused },
          { "any bytes round-trip", any_bytes_round_trip },
          { "ids are 26 digits that sort like their bytes",
            ids_are_26_digits_that_sort_like_their_bytes },
          { "percent-encoding is strict", percent_encoding },
          { "what is UTF-8 and what is not", what_is_utf8_and_what_is_not },
          { "every code point goes there and is whole",
            every_code_point_goes_there_and_is_whole })
