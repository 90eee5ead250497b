/* SPDX-License-Identifier: Apache-2.0 */
#include "core/query.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/encode.h"
#include "test.h"

static struct buf out = BUF(65536);

static void on_piece(void *arg, struct str text, bool match)
{
	T_OK(text.len > 0);
	buf_put_z(&out, match ? "[" : "");
	buf_put_str(&out, text);
	buf_put_z(&out, match ? "]" : "");
}

static const char *marked(const char *search, const char *text)
{
	struct query q;

	buf_clear(&out);
	query_parse(str_of(search), &q);
	query_mark(&q, str_of(text), on_piece, NULL);
	return buf_cstr(&out);
}

static const char *cut(const char *search, struct str text, bool found)
{
	struct query q;

	buf_clear(&out);
	query_parse(str_of(search), &q);
	T_EQ(query_snippet(&q, text, on_piece, NULL), found);
	return buf_cstr(&out);
}

static void words_phrases_and_fields_are_told_apart(void)
{
	struct query q;

	query_parse(STR("  plot \"two  words\" -draft IN:\"my thesis\" type:notebook fir"), &q);
	T_EQ(q.n, 4);
	T_STR(q.term[0].text, STR("plot"));
	T_OK(!q.term[0].prefix && !q.term[0].negative);
	T_STR(q.term[1].text, STR("two  words"));
	T_OK(!q.term[1].prefix);
	T_STR(q.term[2].text, STR("draft"));
	T_OK(q.term[2].negative && !q.term[2].prefix);
	T_STR(q.term[3].text, STR("fir"));
	T_OK(q.term[3].prefix);
	T_STR(q.in, STR("my thesis"));
	T_STR(q.type, STR("notebook"));
	T_EQ(query_wanted(&q), 3);
}

static void what_is_not_understood_is_a_word(void)
{
	struct query q;

	query_parse(STR("- in: -- \"\" NEAR(a b) a* \"open end"), &q);
	T_STR(q.in, STR_NONE);
	T_EQ(q.n, 7);
	T_STR(q.term[0].text, STR("-"));
	T_STR(q.term[1].text, STR("in:"));
	T_STR(q.term[2].text, STR("-"));
	T_OK(q.term[2].negative);
	T_STR(q.term[3].text, STR("NEAR(a"));
	T_STR(q.term[6].text, STR("open end"));
	T_OK(q.term[6].prefix);
	query_parse(STR("word "), &q);
	T_OK(!q.term[0].prefix);
	query_parse(STR(""), &q);
	T_EQ(q.n, 0);
	query_parse(STR_NONE, &q);
	T_EQ(q.n, 0);
	query_parse((struct str){ "a\0b", 3 }, &q);
	T_EQ(q.n, 2);
	query_parse(STR("1 2 3 4 5 6 7 8 9 10 11 12 13 14"), &q);
	T_EQ(q.n, QUERY_TERMS_MAX);
}

static void marks_stand_where_the_words_do(void)
{
	T_STREQ(marked("plot ", "A Plot, plots and PLOT."), "A [Plot], plots and [PLOT].");
	T_STREQ(marked("plo", "A Plot, plots"), "A [Plo]t, [plo]ts");
	T_STREQ(marked("\"a b\" ", "a b, a-b, b a"), "[a b], [a-b], b a");
	T_STREQ(marked("read_csv ", "pd.read_csv(x)"), "pd.[read_csv](x)");
	T_STREQ(marked("-plot x ", "plot x"), "plot [x]");
	T_STREQ(marked("grosse zurich ", "Große Zürich, GRÖSSE"), "Große [Zürich], [GRÖSSE]");
	T_STREQ(marked("łódź ", "w Lodz"), "w [Lodz]");
	T_STREQ(marked("привет ", "Привет!"), "[Привет]!");
	T_STREQ(marked("?!", "what?!"), "what?!");
	T_STREQ(marked("x", ""), "");
}

static void a_snippet_is_cut_around_the_first_match(void)
{
	static char longer[4096];
	size_t n = 0;

	for (; n < 3000; n += 4)
		memcpy(longer + n, "abc ", 4);
	memcpy(longer + 1500, "needle ", 7);
	T_STREQ(cut("needle", STR("one needle here"), true), "one [needle] here");
	T_STREQ(cut("nothing ", STR("one needle here"), false), "one needle here");
	T_STREQ(cut("x", STR(""), false), "");
	(void)cut("needle ", (struct str){ longer, n }, true);
	T_OK(str_starts(buf_str(&out), STR("… abc ")));
	T_OK(str_ends(buf_str(&out), STR(" …")));
	T_OK(str_find(buf_str(&out), STR(" [needle] ")) < buf_len(&out));
	T_OK(buf_len(&out) < SNIPPET_BYTES_MAX + 20);
	/* Without a single blank, and in long characters. */
	for (n = 0; n < 3000; n += 3)
		memcpy(longer + n, "漢", 3);
	memcpy(longer + 1500, " ab", 3);
	(void)cut("ab", (struct str){ longer, n }, true);
	T_OK(utf8_valid(buf_str(&out)));
}

static void a_name_is_matched_as_the_index_would(void)
{
	struct query q;

	query_parse(STR("my the"), &q);
	T_OK(query_matches(&q, STR("My Thesis 2")));
	T_OK(!query_matches(&q, STR("Thesis")));
	query_parse(STR("thesis -old "), &q);
	T_OK(query_matches(&q, STR("thesis new")));
	T_OK(!query_matches(&q, STR("old thesis")));
}

/* Each place looks like the beginning of each phrase, and none is there. */
static void no_search_compares_for_ever(void)
{
	static char search[QUERY_BYTES_MAX], text[65536];
	unsigned left = 1000;
	struct query q;
	size_t n = 0;

	while (n + 20 < sizeof(search))
		n += (size_t)snprintf(search + n, sizeof(search) - n, "\"a a a a a a a b\" ");
	for (size_t i = 0; i < sizeof(text); i += 2)
		memcpy(text + i, "a ", 2);
	query_parse(str_of(search), &q);
	T_EQ(q.n, QUERY_TERMS_MAX);
	q.left = &left;
	buf_clear(&out);
	T_OK(!query_snippet(&q, (struct str){ text, sizeof(text) }, on_piece, NULL));
	T_EQ(left, 0);
	T_OK(str_starts(buf_str(&out), STR("a a a")));
	T_OK(buf_len(&out) < SNIPPET_BYTES_MAX + 20);
	buf_clear(&out);
	query_beginning(&q, (struct str){ text, sizeof(text) }, on_piece, NULL);
	T_OK(str_starts(buf_str(&out), STR("a a a")) && str_ends(buf_str(&out), STR(" …")));
	/* From here on nothing is a match, nor missing. */
	query_parse(STR("thesis -old "), &q);
	q.left = &left;
	T_OK(!query_matches(&q, STR("thesis")));
	left = 10;
	T_OK(query_matches(&q, STR("thesis")));
	T_OK(left < 10 && left > 0);
	/* Words that differ at once cost nothing, long ones what they are long. */
	left = 10;
	query_parse(STR("x "), &q);
	q.left = &left;
	T_OK(!query_snippet(&q, (struct str){ text, sizeof(text) }, on_piece, NULL));
	T_EQ(left, 10);
	memset(text, 'x', sizeof(text));
	T_OK(!query_snippet(&q, (struct str){ text, sizeof(text) }, on_piece, NULL));
	T_EQ(left, 0);
}

/* Bytes of any kind: pieces are the text again, and nothing is read beyond. */
static void pieces_make_the_text_again(void)
{
	static const char bytes[] = "a \"-:*\xc3\xa4\xe6\xbc\xa2\xff\x80(in:b^\0zA";
	uint64_t x = 88172645463325252ULL;

	for (int i = 0; i < 20000; i++) {
		char search[24], text[64];
		struct query q;
		struct str t;
		size_t ns, nt;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		ns = x % sizeof(search);
		nt = (x >> 8) % sizeof(text);
		for (size_t k = 0; k < ns; k++)
			search[k] = bytes[(x >> (k % 32)) % (sizeof(bytes) - 1)];
		for (size_t k = 0; k < nt; k++)
			text[k] = bytes[(x >> (k % 40)) * 7 % (sizeof(bytes) - 1)];
		t = (struct str){ text, nt };
		query_parse((struct str){ search, ns }, &q);
		buf_clear(&out);
		query_mark(&q, t, on_piece, NULL);
		{
			struct buf plain = BUF(4096);
			struct str m = buf_str(&out);

			for (size_t k = 0; k < m.len; k++)
				if (m.ptr[k] != '[' && m.ptr[k] != ']')
					buf_put_c(&plain, m.ptr[k]);
			T_STR(buf_str(&plain), t);
			buf_fini(&plain);
		}
		buf_clear(&out);
		(void)query_snippet(&q, t, on_piece, NULL);
		(void)query_matches(&q, t);
	}
}

TEST_MAIN({ "words, phrases and fields are told apart",
            words_phrases_and_fields_are_told_apart },
          { "what is not understood is a word", what_is_not_understood_is_a_word },
          { "marks stand where the words do", marks_stand_where_the_words_do },
          { "a snippet is cut around the first match",
            a_snippet_is_cut_around_the_first_match },
          { "a name is matched as the index would", a_name_is_matched_as_the_index_would },
          { "no search compares for ever", no_search_compares_for_ever },
          { "pieces make the text again", pieces_make_the_text_again })
