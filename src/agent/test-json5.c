/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/json5.h"

#include <errno.h>

#include "test.h"

static void good(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "{}", "{}" },
		{ "  // c\n{ /* x */ a: 1, 'b': \"two\", }  ", "{\"a\":1,\"b\":\"two\"}" },
		{ "[1,2,]", "[1,2]" },
		{ "'it\\'s \"q\"'", "\"it's \\\"q\\\"\"" },
		{ "0x1F", "31" },
		{ "-0xff", "-255" },
		{ "+1", "1" },
		{ ".5", "0.5" },
		{ "5.", "5" },
		{ "-1.50e+3", "-1.50e+3" },
		{ "12345678901234567890123", "12345678901234567890123" },
		{ "[Infinity, -Infinity, NaN]", "[null,null,null]" },
		{ "'a\\\nb'", "\"ab\"" },
		{ "'\\x41\\u00e9\\ud83d\\ude00'", "\"A\xC3\xA9\xF0\x9F\x98\x80\"" },
		{ "'\\ud800'", "\"\xEF\xBF\xBD\"" },
		{ "{$x_1: true, \xC3\xA9t\xC3\xA9: null}",
		  "{\"$x_1\":true,\"\xC3\xA9t\xC3\xA9\":null}" },
		{ "\xEF\xBB\xBF[]\xC2\xA0", "[]" },
		{ "'tab\there'", "\"tab\\there\"" },
		{ "{null: false}", "{\"null\":false}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF(4096);

		struct err err = ERR_NONE;

		if (json5_to_json(str_of(cases[i].in), &out, &err) < 0)
			T_STREQ(err.msg, "");
		T_STREQ(buf_cstr(&out), cases[i].out);
		buf_fini(&out);
	}
}

static void bad(void)
{
	static const char *const cases[] = {
		"",          "{",      "[1",        "{a}",  "{a:}", "{a:1 b:2}",
		"[1 2]",     "01",     "0x",        "1e",   ".",    "+",
		"'a",        "'a\nb'", "/* no end", "{} x", "nul",  "trueish",
		"\"\\u12\"", "'\\1'",  "{1:2}",     "[,]",  "\xFF", "'\xFF'",
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF(4096);
		struct err err = ERR_NONE;

		T_EQ(json5_to_json(str_of(cases[i]), &out, &err), -EINVAL);
		T_OK(str_starts(str_of(err.msg), STR("line 1, column ")) ||
		     str_starts(str_of(err.msg), STR("line 2, column ")));
		buf_fini(&out);
	}
}

static void deep(void)
{
	struct buf in = BUF(4096), out = BUF(4096);

	for (unsigned i = 0; i <= JSON5_DEPTH_MAX; i++)
		buf_put_c(&in, '[');
	T_EQ(json5_to_json(buf_str(&in), &out, NULL), -EINVAL);
	buf_fini(&in);
	buf_fini(&out);
}

TEST_MAIN({ "JSON5 becomes strict JSON", good },
          { "broken text is refused with its place", bad }, { "nesting has a limit", deep })
