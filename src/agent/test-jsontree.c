/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/jsontree.h"
#include "test.h"

static struct json *parse(struct arena *m, const char *text)
{
	struct json_limits lim = { .depth = 50, .values = 1000, .lax_dup = true };
	struct json *j;

	T_EQ(json_parse(m, str_of(text), &lim, &j, NULL), 0);
	return j;
}

static void prints(const struct json *j, const char *want)
{
	struct buf b = BUF(4096);

	jt_print(j, &b);
	T_STR(buf_str(&b), str_of(want));
	buf_fini(&b);
}

static void a_tree_changes_in_place(void)
{
	struct arena m = ARENA(1U << 20);
	struct json *j = parse(&m, "{\"a\":1,\"b\":[true,null],\"c\":\"x\"}");

	jt_remove(j, "a");
	jt_remove(j, "not there");
	jt_set(j, STR("d"), jt_str(&m, STR("new\n")));
	jt_set(j, STR("c"), jt_bool(&m, false));
	jt_push(jt_get(j, "b"), jt_new(&m, JSON_OBJECT));
	prints(j, "{\"b\":[true,null,{}],\"c\":false,\"d\":\"new\\n\"}");
	jt_set_text(jt_get(j, "d"), STR("\"quoted\""));
	prints(jt_get(j, "d"), "\"\\\"quoted\\\"\"");
	T_OK(!jt_get(j, "a"));
	arena_fini(&m);
}

static void of_doubled_keys_the_last_stays(void)
{
	struct arena m = ARENA(1U << 20);
	struct json *j = parse(&m, "{\"a\":1,\"b\":{\"x\":1,\"x\":2},\"a\":3}");

	T_EQ(jt_dedup(j), 0);
	prints(jt_get(j, "a"), "3");
	prints(jt_get(j, "b"), "{\"x\":2}");
	T_EQ(j->n, 2);
	arena_fini(&m);
}

static void lines_are_joined_without_a_copy(void)
{
	struct arena m = ARENA(1U << 20);
	struct json *j = parse(&m, "[\"a\\n\",\"b\"]");

	T_OK(!jt_is_joined(j));
	jt_join(j);
	T_OK(jt_is_joined(j));
	prints(j, "\"a\\nb\"");
	arena_fini(&m);
}

/* str.splitlines of Python, on bytes and on what stands in a JSON string. */
static void lines_end_where_python_ends_them(void)
{
	T_EQ(jt_line_len(STR("ab\ncd"), false), 3);
	T_EQ(jt_line_len(STR("ab\r\ncd"), false), 4);
	T_EQ(jt_line_len(STR("ab\rcd"), false), 3);
	T_EQ(jt_line_len(STR("a\xe2\x80\xa8"
	                     "b"),
	                 false),
	     4); /* U+2028 */
	T_EQ(jt_line_len(STR("a\xc2\x85"
	                     "b"),
	                 false),
	     3); /* U+0085 */
	T_EQ(jt_line_len(STR("abc"), false), 3);
	T_EQ(jt_line_len(STR(""), false), 0);
	T_EQ(jt_line_len(STR("ab\\ncd"), true), 4);
	T_EQ(jt_line_len(STR("a\\\\ncd"), true), 6); /* a backslash and an n */
}

static int no_flush(struct buf *b, void *arg)
{
	(void)b;
	(void)arg;
	return 0;
}

static void it_prints_as_python_does(void)
{
	struct arena m = ARENA(1U << 20);
	struct json *j = parse(&m, "{\"b\":[],\"a\":{\"y\":\"\xc3\xa9\",\"x\":[1.0,{}]}}");
	struct buf b = BUF(4096);

	T_EQ(jt_print_pretty(j, &b, no_flush, NULL), 0);
	T_STR(buf_str(&b),
	      STR("{\n \"a\": {\n  \"x\": [\n   1.0,\n   {}\n  ],\n  \"y\": \"\xc3\xa9"
	          "\"\n },\n \"b\": []\n}"));
	buf_fini(&b);
	arena_fini(&m);
}

TEST_MAIN({ "a tree changes in place", a_tree_changes_in_place },
          { "of doubled keys the last stays", of_doubled_keys_the_last_stays },
          { "lines are joined without a copy", lines_are_joined_without_a_copy },
          { "lines end where Python ends them", lines_end_where_python_ends_them },
          { "it prints as Python does", it_prints_as_python_does })
