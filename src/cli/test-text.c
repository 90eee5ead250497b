/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text.h"

#include <errno.h>

#include "test.h"

static void durations_are_read_with_units(void)
{
	static const struct {
		const char *text;
		uint64_t seconds;
	} good[] = { { "45s", 45 },    { "90m", 5400 }, { "2h", 7200 },       { "1h30m", 5400 },
		     { "7d", 604800 }, { "0s", 0 },     { "1d2h3m4s", 93784 } };
	static const char *const bad[] = { "",      "5",    "h",      "2h30",
		                           "30m2h", "1h1h", " 2h",    "2 h",
		                           "-1h",   "1.5h", "2hours", "99999999999999999999h",
		                           "11y",   "3651d" };
	uint64_t v = 77;
	struct err err = ERR_NONE;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		T_OK(duration_parse(str_of(bad[i]), &v, &err) < 0);
	T_EQ(v, 77);
	T_EQ(duration_parse(STR("x"), &v, &err), -EINVAL);
	T_OK(strstr(err.msg, "1h30m"));
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		T_EQ(duration_parse(str_of(good[i].text), &v, &err), 0);
		T_EQ(v, good[i].seconds);
	}
}

static void durations_are_written_in_two_units(void)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = { { 0, "0 s" },           { 59, "59 s" },      { 60, "1 min" },
		      { 61, "1 min 1 s" },    { 3600, "1 h" },     { 3659, "1 h" },
		      { 5400, "1 h 30 min" }, { 90061, "1 d 1 h" } };

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[DURATION_TEXT_MAX];

		duration_text(cases[i].seconds, text);
		T_STREQ(text, cases[i].text);
	}
}

static void sizes_are_read_and_written(void)
{
	static const char *const bad[] = {
		"", "G", "5X", "5GiBs", "5iB", "-5G", "1.5G", "5 G B"
	};
	char text[SIZE_TEXT_MAX];
	struct err err = ERR_NONE;
	uint64_t v = 77;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		T_EQ(size_parse(str_of(bad[i]), &v, &err), -EINVAL);
	T_EQ(size_parse(STR("99999999P"), &v, &err), -ERANGE);
	T_EQ(v, 77);
	T_OK(size_parse(STR("5GiB"), &v, &err) == 0 && v == UINT64_C(5) << 30);
	T_OK(size_parse(STR("5g"), &v, &err) == 0 && v == UINT64_C(5) << 30);
	T_OK(size_parse(STR("5GB"), &v, &err) == 0 && v == 5000000000);
	T_OK(size_parse(STR("10 MiB"), &v, &err) == 0 && v == 10485760);
	T_OK(size_parse(STR("512"), &v, &err) == 0 && v == 512);
	T_OK(size_parse(STR("512B"), &v, &err) == 0 && v == 512);
	size_text(1023, text);
	T_STREQ(text, "1023 B");
	size_text(5368709120, text);
	T_STREQ(text, "5 GiB");
	size_text(1610612736, text);
	T_STREQ(text, "1.5 GiB");
	size_text(UINT64_MAX, text);
	T_STREQ(text, "16383 PiB");
}

static void a_terminal_gets_no_control_characters(void)
{
	struct buf b = BUF(1000);

	text_clean(&b, STR("a\x1b[31mb\nc\x7f\xc2\x9b\xff\xe2\x80\xae\xc3\xa9"));
	T_STR(buf_str(&b), STR("a?[31mb c??\xef\xbf\xbd?\xc3\xa9"));
	buf_fini(&b);
	T_EQ(text_width(STR("h\xc3\xa9")), 2);
	T_EQ(text_width(STR("e\xcc\x81")), 1);
	T_EQ(text_width(STR("\xe6\xbc\xa2\xf0\x9f\x98\x80")), 4);
}

static void a_table_lines_up(void)
{
	static const char *const titles[] = { "NAME", ">COST", "STATE", NULL };
	struct buf b = BUF(1000);
	struct table t;

	table_init(&t, titles);
	table_cell(&t, "\xe6\xbc\xa2");
	table_cell(&t, "1.50");
	table_cell(&t, "running");
	table_cell(&t, "analysis");
	table_cell(&t, "12.00");
	table_cell(&t, "");
	table_end(&t, &b);
	T_STR(buf_str(&b), STR("NAME       COST  STATE\n"
	                       "\xe6\xbc\xa2         1.50  running\n"
	                       "analysis  12.00  \n"));
	buf_fini(&b);
}

TEST_MAIN({ "durations are read with units", durations_are_read_with_units },
          { "durations are written in two units", durations_are_written_in_two_units },
          { "sizes are read and written", sizes_are_read_and_written },
          { "a terminal gets no control characters", a_terminal_gets_no_control_characters },
          { "a table lines up", a_table_lines_up })
