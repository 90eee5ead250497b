/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/doctext.h"

#include "base/encode.h"
#include "proto/docmsg.h"
#include "test.h"

static struct doctext out;

static void feed(struct str s, size_t piece)
{
	struct nbtext n;

	doctext_fini(&out);
	doctext_init(&out);
	nbtext_init(&n, &out);
	for (size_t i = 0; i < s.len; i += piece)
		nbtext_feed(&n, str_sub(s, i, i + piece));
	nbtext_fini(&n);
}

static const char notebook[] =
    "{\"cells\": [\n"
    " {\"cell_type\": \"markdown\", \"id\": \"a\", \"metadata\": {\"source\": \"not this\"},\n"
    "  \"source\": [\"# First \\u00e4 plot\\n\", \"some *text*\\n\", \"## Then\\n\",\n"
    "  \"```\\n# no heading\\n```\"]},\n"
    " {\"cell_type\": \"code\", \"execution_count\": 1, \"metadata\": {},\n"
    "  \"outputs\": [{\"output_type\": \"stream\", \"text\": [\"secret output\"],\n"
    "   \"data\": {\"source\": [\"nor \\\"this\\\"\"]}}],\n"
    "  \"source\": \"import x\\n\\tx.plot(\\\"a\\\\b\\\") # \\ud83d\\ude00 \\ud83d!\"},\n"
    " {\"source\": [\"raw\", \" one\"], \"cell_type\": \"raw\", \"attachments\": {\"i.png\": "
    "{}}}\n"
    "], \"metadata\": {\"cells\": [\"no\"]}, \"nbformat\": 4}";
static const char words[] = "# First ä plot some *text* ## Then ``` # no heading ``` import x "
                            "x.plot(\"a\\b\") # 😀 \xef\xbf\xbd! raw one";

static void sources_are_taken_and_nothing_else(void)
{
	feed(STR(notebook), sizeof(notebook));
	T_STR(buf_str(&out.text), STR(words));
	T_STR(buf_str(&out.heads), STR("First ä plot Then"));
	T_STREQ(out.title, "First ä plot");
}

static void pieces_of_any_size_are_the_same(void)
{
	for (size_t piece = 1; piece < 40; piece++) {
		feed(STR(notebook), piece);
		T_STR(buf_str(&out.text), STR(words));
		T_STREQ(out.title, "First ä plot");
	}
}

/* Cut anywhere, and with any byte changed: bounded, and no more than text. */
static void what_is_broken_is_an_end(void)
{
	static char copy[sizeof(notebook)];

	for (size_t i = 0; i < sizeof(notebook) - 1; i++) {
		static const char bytes[] = "\"\\{}[],:u0\x01\xff";

		feed(str_sub(STR(notebook), 0, i), 7);
		T_OK(buf_len(&out.text) <= sizeof(words));
		for (size_t k = 0; k < sizeof(bytes) - 1; k++) {
			memcpy(copy, notebook, sizeof(copy));
			copy[i] = bytes[k];
			feed((struct str){ copy, sizeof(copy) - 1 }, 11);
			T_OK(buf_error(&out.text) == 0 && buf_error(&out.heads) == 0);
		}
	}
	feed(STR("]]]]}}}"), 1);
	feed(STR("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
	         "["),
	     3);
	T_EQ(buf_len(&out.text), 0);
}

static void much_text_is_cut_at_a_word(void)
{
	struct buf b = BUF(4U << 20);

	buf_put_z(&b, "{\"cells\":[");
	for (int i = 0; i < 3000; i++)
		buf_printf(
		    &b,
		    "%s{\"cell_type\":\"code\",\"source\":[\"word%06d other words in it\"]}",
		    i ? "," : "", i);
	buf_put_z(&b, "]}");
	feed(buf_str(&b), 4096);
	T_EQ(buf_error(&out.text), 0);
	T_OK(buf_len(&out.text) <= DOC_TEXT_MAX && buf_len(&out.text) > DOC_TEXT_MAX - 64);
	buf_fini(&b);
}

static void files_of_text_have_kinds(void)
{
	T_EQ(doc_kind_of(STR("a/b.IPYNB")), DOC_NOTEBOOK);
	T_EQ(doc_kind_of(STR("a.R")), DOC_PLAIN);
	T_EQ(doc_kind_of(STR("x.csv")), DOC_TABLE);
	T_EQ(doc_kind_of(STR(".py")), DOC_NONE);
	T_EQ(doc_kind_of(STR("a.png")), DOC_NONE);
	doctext_fini(&out);
	doctext_init(&out);
	doctext_add(&out, STR("#no heading\n###### deep\r\n####### too deep\n"), true);
	T_STR(buf_str(&out.heads), STR("deep"));
	T_OK(utf8_valid(buf_str(&out.text)));
	doctext_fini(&out);
}

TEST_MAIN({ "sources are taken, and nothing else", sources_are_taken_and_nothing_else },
          { "pieces of any size are the same", pieces_of_any_size_are_the_same },
          { "what is broken is an end", what_is_broken_is_an_end },
          { "much text is cut at a word", much_text_is_cut_at_a_word },
          { "files of text have kinds", files_of_text_have_kinds })
