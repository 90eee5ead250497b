/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/outputs.h"

#include <errno.h>
#include <stdlib.h>

#include "agent/jsontree.h"
#include "test.h"

struct msg {
	enum outputs_msg type;
	const char *content;
};
#define OUT(text)                                                             \
	{                                                                     \
		OUTPUTS_STREAM, "{\"name\":\"stdout\",\"text\":\"" text "\"}" \
	}
#define ERR_OUT(text)                                                         \
	{                                                                     \
		OUTPUTS_STREAM, "{\"name\":\"stderr\",\"text\":\"" text "\"}" \
	}
#define PLAIN(text) "\"data\":{\"text/plain\":\"" text "\"},\"metadata\":{}"
#define SHOWN(text) "{" PLAIN(text) ",\"output_type\":\"display_data\"}"
#define SHOW(text)                                                    \
	{                                                             \
		OUTPUTS_DISPLAY, "{" PLAIN(text) ",\"transient\":{}}" \
	}
#define NAMED(t, text, id)                                                       \
	{                                                                        \
		t, "{" PLAIN(text) ",\"transient\":{\"display_id\":\"" id "\"}}" \
	}
#define CLEAR(wait)                                  \
	{                                            \
		OUTPUTS_CLEAR, "{\"wait\":" wait "}" \
	}
#define STREAM(n, text) "{\"name\":\"" n "\",\"output_type\":\"stream\",\"text\":\"" text "\"}"
#define TEXT(text)      STREAM("stdout", text)

struct row {
	struct msg msgs[8];
	const char *want; /* members of the array */
};

static const struct row rows[] = {
	{ { { 0 } }, "" },
	/* Streams are joined by name, and only with the last output. */
	{ { OUT("a"), OUT("b\\n"), OUT("c") }, TEXT("ab\\nc") },
	{ { OUT("a"), ERR_OUT("b"), OUT("c") },
	  TEXT("a") "," STREAM("stderr", "b") "," TEXT("c") },
	{ { OUT("a"), SHOW("x"), OUT("c") }, TEXT("a") "," SHOWN("x") "," TEXT("c") },
	{ { { OUTPUTS_STREAM, "{\"name\":\"stdout\",\"text\":[\"a\",\"b\"]}" } },
	  TEXT("a\\nb") },
	/* Carriage returns overwrite, and what is longer shows through. */
	{ { OUT("abc\\rx") }, TEXT("xbc") },
	{ { OUT("abc\\r"), OUT("xy"), OUT("z!") }, TEXT("xyz!") },
	{ { OUT("one\\ntwo\\rT\\rW") }, TEXT("one\\nWwo") },
	{ { OUT("10%\\r20%\\r100%\\n"), OUT("done\\r\\n") }, TEXT("100%\\ndone\\n") },
	/* A line feed goes to the end of the line, wherever the cursor is. */
	{ { OUT("abc\\rx\\ny") }, TEXT("xbc\\ny") },
	/* Backspaces stop at the beginning of the line; within a line they take
	 * the unit under the cursor too. */
	{ { OUT("abc\\b\\bX") }, TEXT("aX") },
	{ { OUT("a\\n\\b\\bb") }, TEXT("a\\nb") },
	{ { OUT("abcdef\\rxy\\b") }, TEXT("xdef") },
	{ { OUT("\\b\\r\\b") }, TEXT("") },
	/* Units are those of UTF-16: half a character overwritten is none. */
	{ { OUT("\xc3\xa9\xe2\x82\xac\\rab") }, TEXT("ab") },
	{ { OUT("\xf0\x9f\x98\x80\\rab") }, TEXT("ab") },
	{ { OUT("\xf0\x9f\x98\x80\\ra") }, TEXT("a\xef\xbf\xbd") },
	{ { OUT("\\ud83d\\ude00x\\r\\u00e9\\u00e9") }, TEXT("\xc3\xa9\xc3\xa9x") },
	/* Clearing, at once and with the next output. */
	{ { OUT("a"), CLEAR("false"), OUT("b") }, TEXT("b") },
	{ { OUT("a"), CLEAR("true") }, TEXT("a") },
	{ { OUT("a"), CLEAR("true"), OUT("b") }, TEXT("b") },
	{ { OUT("a"), CLEAR("true"), CLEAR("false"), OUT("b"), OUT("c") }, TEXT("bc") },
	{ { SHOW("a"), CLEAR("true"), SHOW("b"), SHOW("c") }, SHOWN("b") "," SHOWN("c") },
	/* display_id: updated wherever it is shown, and by a display of its name. */
	{ { NAMED(OUTPUTS_DISPLAY, "a", "i"), NAMED(OUTPUTS_UPDATE, "b", "i") }, SHOWN("b") },
	{ { NAMED(OUTPUTS_UPDATE, "b", "i"), NAMED(OUTPUTS_DISPLAY, "a", "i") }, SHOWN("a") },
	{ { NAMED(OUTPUTS_DISPLAY, "a", "i"), OUT("x"), NAMED(OUTPUTS_DISPLAY, "b", "i"),
	    NAMED(OUTPUTS_UPDATE, "c", "j") },
	  SHOWN("b") "," TEXT("x") "," SHOWN("b") },
	{ { NAMED(OUTPUTS_DISPLAY, "a", "i"), CLEAR("false"), SHOW("x"),
	    NAMED(OUTPUTS_UPDATE, "b", "i") },
	  SHOWN("x") },
	{ { NAMED(OUTPUTS_DISPLAY, "a", "i"), CLEAR("true"), NAMED(OUTPUTS_UPDATE, "b", "i") },
	  SHOWN("b") },
	{ { NAMED(OUTPUTS_DISPLAY, "a", "i"), OUT("x"), NAMED(OUTPUTS_UPDATE, "b", "i"),
	    OUT("y") },
	  SHOWN("b") "," TEXT("xy") },
	/* Results keep their number, errors their fields. */
	{ { { OUTPUTS_RESULT, "{\"execution_count\":3," PLAIN("r") "}" } },
	  "{\"execution_count\":3," PLAIN("r") ",\"output_type\":\"execute_result\"}" },
	{ { { OUTPUTS_ERROR,
	      "{\"ename\":\"E\",\"evalue\":\"v\",\"traceback\":[\"t\"],\"data\":1}" } },
	  "{\"ename\":\"E\",\"evalue\":\"v\",\"traceback\":[\"t\"],\"output_type\":"
	  "\"error\"}" },
	{ { { OUTPUTS_DISPLAY, "{\"data\":{\"text/plain\":\"x\"}}" } },
	  "{\"data\":{\"text/"
	  "plain\":\"x\"},\"output_type\":\"display_data\",\"metadata\":{}}" },
	/* help? is shown by the reply. */
	{ { { OUTPUTS_PAGE, "{\"status\":\"ok\",\"payload\":[{\"source\":\"page\",\"data\":"
	                    "{\"text/plain\":\"h\"},\"start\":0}]}" } },
	  "{\"data\":{\"text/"
	  "plain\":\"h\"},\"output_type\":\"display_data\",\"metadata\":{}}" },
	{ { { OUTPUTS_PAGE, "{\"status\":\"ok\",\"payload\":[]}" } }, "" },
};

static void print(struct outputs *o, struct buf *b)
{
	struct json *list = outputs_list(o);

	T_OK(list);
	buf_clear(b);
	jt_print(list, b);
	T_EQ(buf_error(b), 0);
}

/* Through a snapshot into a fresh one. */
static void restart(struct outputs *o, struct arena *a)
{
	struct buf b = BUF(1 << 20);

	T_EQ(outputs_snapshot(o, &b), 0);
	outputs_fini(o);
	T_EQ(outputs_init(o, a), 0);
	T_EQ(outputs_add(o, OUTPUTS_SNAPSHOT, buf_str(&b)), 0);
	buf_fini(&b);
}

static void run(const struct row *row, size_t cut)
{
	struct buf got = BUF(1 << 20), want = BUF(1 << 20);
	struct arena a = ARENA(1 << 20);
	struct outputs o;

	T_EQ(outputs_init(&o, &a), 0);
	for (size_t i = 0; i < ARRAY_LEN(row->msgs) && row->msgs[i].content; i++) {
		if (i == cut)
			restart(&o, &a);
		T_EQ(outputs_add(&o, row->msgs[i].type, str_of(row->msgs[i].content)), 0);
	}
	print(&o, &got);
	buf_printf(&want, "[%s]", row->want);
	T_STREQ(buf_cstr(&got), buf_cstr(&want));
	outputs_fini(&o);
	arena_fini(&a);
	buf_fini(&got);
	buf_fini(&want);
}

static void outputs_are_what_a_page_would_save(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		run(&rows[i], SIZE_MAX);
}

static void a_snapshot_anywhere_changes_nothing(void)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t cut = 0; cut < ARRAY_LEN(rows[i].msgs); cut++)
			run(&rows[i], cut);
	}
}

static void add_text(struct outputs *o, struct str text)
{
	struct buf b = BUF(1 << 20);
	struct jsonw w = JSONW(&b);

	jw_obj(&w);
	jw_kv_z(&w, "name", "stdout");
	jw_kv_str(&w, "text", text);
	jw_obj_end(&w);
	T_EQ(outputs_add(o, OUTPUTS_STREAM, buf_str(&b)), 0);
	buf_fini(&b);
}

/* One piece, or cut in two at every border of a character. */
static void where_a_stream_is_cut_does_not_matter(void)
{
	static const struct str text =
	    STR("\r10% \xe2\x96\x88\r20% "
	        "\xe2\x96\x88\xe2\x96\x88\nab\bc\r\xf0\x9f\x98\x80\n\n\b_\r-");
	struct buf whole = BUF(1 << 16), parts = BUF(1 << 16);

	for (size_t cut = 0; cut < text.len; cut++) {
		struct arena a = ARENA(1 << 20);
		struct outputs o;

		if ((text.ptr[cut] & 0xc0) == 0x80)
			continue;
		T_EQ(outputs_init(&o, &a), 0);
		add_text(&o, str_sub(text, 0, cut));
		if (cut % 2)
			restart(&o, &a);
		add_text(&o, str_sub(text, cut, text.len));
		print(&o, cut ? &parts : &whole);
		if (cut)
			T_STR(buf_str(&parts), buf_str(&whole));
		outputs_fini(&o);
		arena_fini(&a);
	}
	buf_fini(&whole);
	buf_fini(&parts);
}

static void what_is_no_message_changes_nothing(void)
{
	static const struct msg bad[] = {
		{ OUTPUTS_STREAM, "{\"name\":\"stdout\"}" },
		{ OUTPUTS_STREAM, "{\"name\":\"stdout\",\"text\":7}" },
		{ OUTPUTS_STREAM, "{\"text\":\"x\"}" },
		{ OUTPUTS_STREAM, "[" },
		{ OUTPUTS_DISPLAY, "[]" },
		{ OUTPUTS_ERROR, "{" },
		{ OUTPUTS_SNAPSHOT, "{}" },
	};
	struct arena a = ARENA(1 << 20);
	struct buf b = BUF(4096);
	struct outputs o;

	T_EQ(outputs_init(&o, &a), 0);
	add_text(&o, STR("a"));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		T_EQ(outputs_add(&o, bad[i].type, str_of(bad[i].content)), -EINVAL);
	add_text(&o, STR("b"));
	print(&o, &b);
	T_STREQ(buf_cstr(&b), "[" TEXT("ab") "]");
	outputs_fini(&o);
	arena_fini(&a);
	buf_fini(&b);
}

static void no_more_than_its_arena(void)
{
	struct arena a = ARENA(1 << 16);
	struct buf b = BUF(1 << 20);
	struct outputs o;
	int r = 0;

	T_EQ(outputs_init(&o, &a), 0);
	buf_put_z(&b, "{\"data\":{\"text/plain\":\"");
	for (int i = 0; i < 10000; i++)
		buf_put_c(&b, 'x');
	buf_put_z(&b, "\"}}");
	for (int i = 0; i < 20 && r == 0; i++)
		r = outputs_add(&o, OUTPUTS_DISPLAY, buf_str(&b));
	T_EQ(r, -ENOMEM);
	T_OK(!outputs_list(&o));
	outputs_fini(&o);
	arena_fini(&a);
	buf_fini(&b);
}

/* A bar that is drawn a million times costs what is drawn, not what stands. */
static void a_long_line_is_no_work(void)
{
	struct streamtext t;
	struct buf b = BUF(8 << 20);
	struct buf line = BUF(4 << 20);

	streamtext_init(&t, 8 << 20);
	for (int i = 0; i < 1000000; i++)
		buf_put_c(&line, 'x');
	streamtext_add(&t, buf_str(&line));
	for (int i = 0; i < 1000000; i++)
		streamtext_add(&t, STR("\rab\b"));
	T_EQ(streamtext_get(&t, &b), 0);
	T_STR(buf_str(&b), STR("a"));
	streamtext_fini(&t);
	buf_fini(&b);
	buf_fini(&line);
}

TEST_MAIN({ "outputs are what a page would save", outputs_are_what_a_page_would_save },
          { "a snapshot anywhere changes nothing", a_snapshot_anywhere_changes_nothing },
          { "where a stream is cut does not matter", where_a_stream_is_cut_does_not_matter },
          { "what is no message changes nothing", what_is_no_message_changes_nothing },
          { "no more than its arena", no_more_than_its_arena },
          { "a long line is no work", a_long_line_is_no_work });
