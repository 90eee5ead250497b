/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/nbformat.h"

#include <errno.h>

#include "agent/jsontree.h"
#include "test.h"

static void sink(void *arg, struct str piece)
{
	buf_put_str(arg, piece);
}

/* Disk form of `in`; the caller frees. */
static struct buf disk(const char *in)
{
	struct arena a = ARENA(4U << 20);
	struct buf out = BUF(1U << 20);
	struct nb nb;

	T_EQ(nb_parse(&a, str_of(in), &nb, NULL), 0);
	T_EQ(nb_for_disk(&a, &nb), 0);
	T_EQ(nb_print_disk(&nb, sink, &out), 0);
	arena_fini(&a);
	return out;
}

static struct buf browser(const char *in, char problem[160])
{
	struct arena a = ARENA(4U << 20);
	struct buf out = BUF(1U << 20);
	struct nb nb;

	T_EQ(nb_parse(&a, str_of(in), &nb, NULL), 0);
	T_EQ(nb_for_browser(&a, &nb), 0);
	nb_print_browser(&nb, &out);
	if (problem)
		memcpy(problem, nb.problem, sizeof(nb.problem));
	arena_fini(&a);
	return out;
}

#define CELL(more)                                                                        \
	"{\"nbformat\":4,\"nbformat_minor\":4,\"metadata\":{},\"cells\":[{\"cell_type\":" \
	"\"code\","                                                                       \
	"\"metadata\":{\"trusted\":true},\"execution_count\":null,\"outputs\":[]," more "}]}"

static void to_disk(void)
{
	struct buf b = disk(CELL("\"source\":\"a\\nb\\r\\nc\\u2028d\""));

	T_STREQ(buf_cstr(&b),
	        "{\n \"cells\": [\n  {\n   \"cell_type\": \"code\",\n   \"execution_count\": "
	        "null,\n"
	        "   \"metadata\": {},\n   \"outputs\": [],\n   \"source\": [\n    \"a\\n\",\n"
	        "    \"b\\r\\n\",\n    \"c\xE2\x80\xA8\",\n    \"d\"\n   ]\n  }\n ],\n"
	        " \"metadata\": {},\n \"nbformat\": 4,\n \"nbformat_minor\": 4\n}\n");
	buf_fini(&b);
}

/* Long strings of every kind of character, as one and as lines: a lean reading
 * prints what the ordinary one prints. */
static void lean(void)
{
	static const char *const bits[] = {
		"plain text",
		"\\n",
		"\\r\\n",
		"\\r",
		"\\f",
		"\\u000b",
		"\\u001C",
		"\\u0085",
		"\\u2028",
		"\xE2\x80\xA9",
		"\xC2\x85",
		"\xC3\xA9",
		"\\/",
		"\\u00e9",
		"\\ud83d\\ude00",
		"\\ud83d",
		"\\\\",
		"\\\"",
		"\\t",
		"\\u0000",
		"\\u001f",
		"\\b",
		"\x7F",
		"\\u000d\\u000a",
		"\xE2\x82\xAC",
		"\xF0\x9F\x98\x80",
	};
	uint32_t seed = 1;

	for (unsigned round = 0; round < 400; round++) {
		struct buf in = BUF(1U << 20), want = BUF(1U << 20), got = BUF(1U << 20);
		unsigned n = round % 40;
		struct arena a = ARENA(8U << 20);
		struct nb nb;

		buf_put_z(
		    &in,
		    "{\"nbformat\":4,\"nbformat_minor\":4,\"metadata\":{\"l\":[ \"a\\/b\" "
		    ",\"\"]},\"cells\":[{\"cell_type\":\"raw\",\"metadata\":{},\"source\":");
		buf_put_z(&in, round & 1 ? "[\"" : "\"");
		for (unsigned i = 0; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			buf_put_z(&in, bits[(seed >> 16) % ARRAY_LEN(bits)]);
			if (round & 1 && seed >> 29 == 0)
				buf_put_z(&in, "\" ,\n \"");
		}
		buf_put_z(&in, round & 1 ? "\"]}]}" : "\"}]}");
		T_EQ(nb_parse(&a, buf_str(&in), &nb, NULL), 0);
		T_EQ(nb_for_disk(&a, &nb), 0);
		T_EQ(nb_print_disk(&nb, sink, &want), 0);
		arena_fini(&a);
		T_EQ(nb_parse_lean(&a, buf_str(&in), &nb, NULL), 0);
		T_EQ(nb_for_disk(&a, &nb), 0);
		T_EQ(nb_print_disk(&nb, sink, &got), 0);
		T_STR(buf_str(&got), buf_str(&want));
		arena_fini(&a);
		buf_fini(&in);
		buf_fini(&want);
		buf_fini(&got);
	}
}

static void numbers(void)
{
	struct buf b = disk(
	    "{\"nbformat\":4,\"nbformat_minor\":4,\"metadata\":{\"z\":1e-05,\"a\":100.0,"
	    "\"m\":123456789012345678901234567890,\"n\":NaN,\"i\":-Infinity},\"cells\":[]}");

	T_STREQ(buf_cstr(&b),
	        "{\n \"cells\": [],\n \"metadata\": {\n  \"a\": 100.0,\n  \"i\": -Infinity,\n"
	        "  \"m\": 123456789012345678901234567890,\n  \"n\": NaN,\n  \"z\": 1e-05\n },\n"
	        " \"nbformat\": 4,\n \"nbformat_minor\": 4\n}\n");
	buf_fini(&b);
	/* JSON.parse has no NaN. */
	b = browser(
	    "{\"nbformat\":4,\"nbformat_minor\":4,\"metadata\":{\"n\":NaN},\"cells\":[]}",
	    NULL);
	T_STREQ(buf_cstr(&b),
	        "{\"nbformat\":4,\"nbformat_minor\":4,\"metadata\":{\"n\":null},\"cells\":[]}");
	buf_fini(&b);
}

static void joined(void)
{
	struct buf b = browser(CELL("\"source\":[\"a\\n\",\"\\u00e9\",\"\"]"), NULL);

	T_OK(str_find(buf_str(&b), STR("\"source\":\"a\\n\\u00e9\"")) < buf_len(&b));
	buf_fini(&b);
}

static void mimes(void)
{
	const char *in = "{\"nbformat\":4,\"nbformat_minor\":4,\"metadata\":{},\"cells\":[{"
	                 "\"cell_type\":\"code\","
	                 "\"metadata\":{},\"execution_count\":1,\"source\":\"\",\"outputs\":[{"
	                 "\"output_type\":"
	                 "\"display_data\",\"metadata\":{},\"data\":{\"text/"
	                 "plain\":\"a\\nb\",\"image/png\":\"x\\ny\","
	                 "\"application/json\":[\"k\"],\"image/svg+xml\":\"<s>\\n</"
	                 "s>\"}},{\"output_type\":\"stream\","
	                 "\"name\":\"stdout\",\"text\":\"1\\n2\"}]}]}";
	struct buf b = disk(in), c;

	T_OK(str_find(buf_str(&b), STR("\"image/png\": \"x\\ny\"")) < buf_len(&b));
	T_OK(str_find(buf_str(&b), STR("\"<s>\\n\",\n")) < buf_len(&b));
	T_OK(str_find(buf_str(&b), STR("\"1\\n\",\n")) < buf_len(&b));
	/* And back: JSON data stays a list, texts become strings. */
	c = browser(buf_cstr(&b), NULL);
	T_OK(str_find(buf_str(&c), STR("\"application/json\":[\"k\"]")) < buf_len(&c));
	T_OK(str_find(buf_str(&c), STR("\"text/plain\":\"a\\nb\"")) < buf_len(&c));
	buf_fini(&b);
	buf_fini(&c);
}

static void stable(void)
{
	struct buf a = disk(CELL("\"source\":[\"x\\n\",\"y\"]")), b = disk(buf_cstr(&a));

	T_STREQ(buf_cstr(&a), buf_cstr(&b));
	buf_fini(&a);
	buf_fini(&b);
}

static void ids(void)
{
	static const char in[] =
	    "{\"nbformat\":4,\"nbformat_minor\":5,\"metadata\":{},\"cells\":["
	    "{\"cell_type\":\"markdown\",\"metadata\":{},\"source\":\"a\",\"id\":\"x\"},"
	    "{\"cell_type\":\"markdown\",\"metadata\":{},\"source\":\"b\",\"id\":\"x\"},"
	    "{\"cell_type\":\"markdown\",\"metadata\":{},\"source\":\"c\"}]}";
	struct arena a = ARENA(1U << 20);
	struct nb nb;
	const struct json *cells;
	struct str x, y, z;

	T_EQ(nb_parse(&a, STR(in), &nb, NULL), 0);
	T_EQ(nb_for_browser(&a, &nb), 0);
	cells = json_get(nb.root, "cells");
	x = json_str_or(json_at(cells, 0), "id", STR(""));
	y = json_str_or(json_at(cells, 1), "id", STR(""));
	z = json_str_or(json_at(cells, 2), "id", STR(""));
	T_STR(x, STR("x"));
	T_EQ(y.len, 8);
	T_EQ(z.len, 8);
	T_OK(!str_eq(y, z));
	arena_fini(&a);
}

static void minor_kept(void)
{
	struct buf b = browser(CELL("\"source\":\"\""), NULL);

	T_OK(str_find(buf_str(&b), STR("\"id\"")) == buf_len(&b));
	T_OK(str_find(buf_str(&b), STR("\"nbformat_minor\":4")) < buf_len(&b));
	buf_fini(&b);
}

static void problems(void)
{
	static const struct {
		const char *in, *problem;
	} cases[] = {
		{ CELL("\"source\":\"\""), "" },
		{ CELL("\"source\":3"), "cell 0: its source is not text" },
		{ "{\"nbformat\":4,\"metadata\":{},\"cells\":[]}",
		  "the notebook has no nbformat_minor number" },
		{ "{\"nbformat\":4,\"nbformat_minor\":2,\"metadata\":{},\"cells\":[{\"cell_"
		  "type\":\"wrong\"}]}",
		  "cell 0: its cell_type is not code, markdown or raw" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char problem[160];
		struct buf b = browser(cases[i].in, problem);

		T_STREQ(problem, cases[i].problem);
		buf_fini(&b);
	}
}

static void refused(void)
{
	static const char *const cases[] = {
		"", "nope", "[]", "{}", "{\"nbformat\":9}", "{\"nbformat\":\"4\"}"
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena a = ARENA(1U << 20);
		struct nb nb;

		T_EQ(nb_parse(&a, str_of(cases[i]), &nb, NULL), -EINVAL);
		arena_fini(&a);
	}
}

static void old_format(void)
{
	static const char in[] =
	    "{\"nbformat\":3,\"nbformat_minor\":0,\"metadata\":{\"name\":\"n\"},\"worksheets\":"
	    "[{\"cells\":["
	    "{\"cell_type\":\"heading\",\"level\":2,\"source\":[\"Big\\n\",\"title\"]},"
	    "{\"cell_type\":\"code\",\"language\":\"python\",\"input\":\"1+1\",\"prompt_"
	    "number\":4,\"collapsed\":false,"
	    "\"outputs\":[{\"output_type\":\"pyout\",\"prompt_number\":4,\"text\":[\"2\"]},"
	    "{\"output_type\":\"stream\",\"stream\":\"stderr\",\"text\":[\"w\"]},"
	    "{\"output_type\":\"pyerr\",\"ename\":\"E\",\"evalue\":\"v\",\"traceback\":[]}]}]}]"
	    "}";
	char problem[160];
	struct buf b = browser(in, problem);
	static const char *const want[] = {
		"\"nbformat\":4",
		"\"nbformat_minor\":5",
		"\"source\":\"## Big title\"",
		"\"output_type\":\"execute_result\"",
		"\"text/plain\":\"2\"",
		"\"execution_count\":4",
		"\"name\":\"stderr\"",
		"\"output_type\":\"error\"",
		"\"collapsed\":false",
		"\"source\":\"1+1\"",
	};

	T_STREQ(problem, "");
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		T_OK(str_find(buf_str(&b), str_of(want[i])) < buf_len(&b));
	T_OK(str_find(buf_str(&b), STR("worksheets")) == buf_len(&b));
	buf_fini(&b);
}

static void trust(void)
{
	static const struct {
		const char *cell;
		bool trusted;
	} cases[] = {
		{ "\"metadata\":{},\"outputs\":[]", true },
		{ "\"metadata\":{},\"outputs\":[{\"output_type\":\"stream\",\"name\":"
		  "\"stdout\",\"text\":\"x\"}]",
		  true },
		{ "\"metadata\":{},\"outputs\":[{\"output_type\":\"display_data\",\"metadata\":"
		  "{},\"data\":{}}]",
		  false },
		{ "\"metadata\":{\"trusted\":true},\"outputs\":[{\"output_type\":\"display_"
		  "data\",\"metadata\":{},"
		  "\"data\":{}}]",
		  true },
		{ "\"metadata\":{\"trusted\":\"yes\"},\"outputs\":[{\"output_type\":\"display_"
		  "data\",\"metadata\":{},"
		  "\"data\":{}}]",
		  false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena a = ARENA(1U << 20);
		struct nb nb;
		struct str in = arena_printf(
		    &a,
		    "{\"nbformat\":4,\"nbformat_minor\":4,\"metadata\":{},\"cells\":["
		    "{\"cell_type\":\"code\",\"source\":\"\",%s}]}",
		    cases[i].cell);

		T_EQ(nb_parse(&a, in, &nb, NULL), 0);
		T_EQ(nb_cells_trusted(&nb), cases[i].trusted);
		T_EQ(nb_mark_trusted(&a, &nb, true), 0);
		T_EQ(nb_cells_trusted(&nb), true);
		arena_fini(&a);
	}
}

TEST_MAIN({ "texts become lists of lines, keys sorted, as nbformat writes", to_disk },
          { "a lean reading makes the same of them", lean },
          { "numbers keep their source text", numbers },
          { "lines are joined for the browser", joined },
          { "media types decide what is split", mimes },
          { "writing twice changes nothing", stable },
          { "missing and doubled cell ids are repaired", ids },
          { "the minor version is kept", minor_kept },
          { "an invalid notebook is shown with its problem", problems },
          { "no notebook is refused", refused }, { "format 3 becomes 4.5", old_format },
          { "only safe or marked cells are trusted", trust })
