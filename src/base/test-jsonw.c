/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <errno.h>

#include "test.h"

static void commas_and_colons_fall_where_they_belong(void)
{
	struct buf b = BUF(4096);
	struct jsonw w = JSONW(&b);

	jw_obj(&w);
	jw_kv_z(&w, "a", "x");
	jw_kv_z(&w, "none", NULL);
	jw_key(&w, "list");
	jw_arr(&w);
	jw_i64(&w, INT64_MIN);
	jw_u64(&w, UINT64_MAX);
	jw_obj(&w);
	jw_obj_end(&w);
	jw_arr(&w);
	jw_arr_end(&w);
	jw_bool(&w, true);
	jw_null(&w);
	jw_raw(&w, STR("{\"r\":1}"));
	jw_arr_end(&w);
	jw_kv_bool(&w, "b", false);
	jw_kv_u64(&w, "u", 7);
	jw_kv_i64(&w, "i", -7);
	jw_kv_null(&w, "n");
	jw_kv_raw(&w, "raw", STR("[1]"));
	jw_kv_time(&w, "t", 0);
	jw_obj_end(&w);
	T_EQ(buf_error(&b), 0);
	T_STR(buf_str(&b),
	      STR("{\"a\":\"x\",\"none\":null,\"list\":[-9223372036854775808,"
	          "18446744073709551615,{},"
	          "[],true,null,{\"r\":1}],\"b\":false,\"u\":7,\"i\":-7,\"n\":null,\"raw\":[1],"
	          "\"t\":\"1970-01-01T00:00:00.000000Z\"}"));
	buf_fini(&b);
}

static void strings_are_escaped_and_mended(void)
{
	static const struct {
		struct str in;
		const char *out;
	} cases[] = {
		{ STR(""), "\"\"" },
		{ STR("plain"), "\"plain\"" },
		{ STR("q\"b\\s/"), "\"q\\\"b\\\\s/\"" },
		{ STR("\b\f\n\r\t\x01\x1f\x7f"), "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"" },
		{ STR("a\0b"), "\"a\\u0000b\"" },
		{ STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"),
		  "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"" },
		{ STR("a\xff"
		      "b"),
		  "\"a\xef\xbf\xbd"
		  "b\"" },
		{ STR("\xc3"), "\"\xef\xbf\xbd\"" },
		{ STR("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ STR("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF(256);
		struct jsonw w = JSONW(&b);
		struct arena a = ARENA(4096);
		struct json *v = NULL;

		jw_str(&w, cases[i].in);
		T_STR(buf_str(&b), str_of(cases[i].out));
		T_EQ(json_parse(&a, buf_str(&b), NULL, &v, NULL), 0);
		arena_fini(&a);
		buf_fini(&b);
	}
}

static void a_full_buffer_is_told_once_at_the_end(void)
{
	struct buf b = BUF(8);
	struct jsonw w = JSONW(&b);

	jw_obj(&w);
	jw_kv_z(&w, "much", "too long for it");
	jw_obj_end(&w);
	T_EQ(buf_error(&b), -E2BIG);
	buf_fini(&b);
}

static void keys_are_escaped_like_strings(void)
{
	struct buf b = BUF(256);
	struct jsonw w = JSONW(&b);

	jw_obj(&w);
	jw_key_str(&w, STR("a\"\n"));
	jw_null(&w);
	jw_key(&w, "b");
	jw_arr(&w);
	jw_arr_end(&w);
	jw_obj_end(&w);
	T_STR(buf_str(&b), STR("{\"a\\\"\\n\":null,\"b\":[]}"));
	buf_fini(&b);
}

static void sixty_four_levels_are_kept_apart(void)
{
	struct buf b = BUF(4096);
	struct jsonw w = JSONW(&b);

	for (int i = 0; i < 64; i++) {
		jw_arr(&w);
		jw_i64(&w, i);
	}
	for (int i = 0; i < 64; i++)
		jw_arr_end(&w);
	T_OK(str_starts(buf_str(&b), STR("[0,[1,[2,")));
	T_OK(str_find(buf_str(&b), STR(",[62,[63]]]")) < buf_len(&b));
	T_EQ(buf_len(&b), 64 + 64 + 10 + 2 * 54 + 63);
	buf_fini(&b);
}

TEST_MAIN({ "commas and colons fall where they belong",
            commas_and_colons_fall_where_they_belong },
          { "strings are escaped and mended", strings_are_escaped_and_mended },
          { "a full buffer is told once, at the end", a_full_buffer_is_told_once_at_the_end },
          { "keys are escaped like strings", keys_are_escaped_like_strings },
          { "sixty-four levels are kept apart", sixty_four_levels_are_kept_apart })
