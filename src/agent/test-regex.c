/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/regex.h"

#include "test.h"

static void matches(void)
{
	static const struct {
		const char *pattern, *text;
		enum regex_result want;
	} cases[] = {
		{ "", "", REGEX_YES },
		{ "abc", "xabcx", REGEX_YES },
		{ "^abc$", "xabcx", REGEX_NO },
		{ "^a|b$", "ax", REGEX_YES },
		{ "^(a|bc|)$", "", REGEX_YES },
		{ "^(a|bc|)$", "bc", REGEX_YES },
		{ "^(a|bc)$", "b", REGEX_NO },
		{ "^(?:ab)*$", "ababab", REGEX_YES },
		{ "^(?:ab)*$", "ababa", REGEX_NO },
		{ "^(?:ab)+?$", "", REGEX_NO },
		{ "^a?b?c?$", "ac", REGEX_YES },
		{ "^a{2}$", "aa", REGEX_YES },
		{ "^a{2}$", "aaa", REGEX_NO },
		{ "^(ab){1,3}c$", "ababc", REGEX_YES },
		{ "^(ab){2,}c$", "abc", REGEX_NO },
		{ "^a{,2}$", "a{,2}", REGEX_YES },
		{ "^[a-c\\d_]+$", "ab_9", REGEX_YES },
		{ "^[^a-c]+$", "xbz", REGEX_NO },
		{ "^[\\]\\-x-]+$", "]-x", REGEX_YES },
		{ "^[^\\S]$", " ", REGEX_YES },
		{ "^.$", "\xC3\xA9", REGEX_YES },
		{ "^[\xC3\xA0-\xC3\xBF]$", "\xC3\xA9", REGEX_YES },
		{ "^\\u00e9$", "\xC3\xA9", REGEX_YES },
		{ "^.$", "\n", REGEX_NO },
		{ "\\bcat\\b", "a cat sat", REGEX_YES },
		{ "\\bcat\\b", "concatenate", REGEX_NO },
		{ "\\Bcat", "concatenate", REGEX_YES },
		{ "^(?=.*\\d)(?!.*x)[a-z0-9]+$", "ab1", REGEX_YES },
		{ "^(?=.*\\d)(?!.*x)[a-z0-9]+$", "abc", REGEX_NO },
		{ "^(?=.*\\d)(?!.*x)[a-z0-9]+$", "ax1", REGEX_NO },
		{ "^\\.\\*$", ".*", REGEX_YES },
		{ "^\\x41\\/$", "A/", REGEX_YES },
		{ "^\\x41{2}$", "AA", REGEX_YES },
		{ "^(\\(|[)(]){3}$", "()(", REGEX_YES },
		/* JupyterLab's own. */
		{ "[a-z][a-z0-9\\-_]+", "python", REGEX_YES },
		{ "[a-z][a-z0-9\\-_]+", "9", REGEX_NO },
		{ "^-?(?:0|(?:[0-9]+|[0-9]*\\.[0-9]+)(?:px|em|rem|%|vw|vh|vmin|vmax|ch|ex|cm|"
		  "mm|in|"
		  "pt|pc))$",
		  "-1.5rem", REGEX_YES },
		{ "^-?(?:0|(?:[0-9]+|[0-9]*\\.[0-9]+)(?:px|em|rem|%|vw|vh|vmin|vmax|ch|ex|cm|"
		  "mm|in|"
		  "pt|pc))$",
		  "12", REGEX_NO },
		/* Not known here, or not well-formed. */
		{ "(a)\\1", "aa", REGEX_UNKNOWN },
		{ "(?<=a)b", "ab", REGEX_UNKNOWN },
		{ "(", "", REGEX_UNKNOWN },
		{ ")", "", REGEX_UNKNOWN },
		{ "[a", "a", REGEX_UNKNOWN },
		{ "a\\", "a", REGEX_UNKNOWN },
		{ "*a", "a", REGEX_UNKNOWN },
		{ "\\p{L}", "a", REGEX_UNKNOWN },
		{ "(((a{1000}){1000}){1000})", "a", REGEX_UNKNOWN },
		{ "((((){1000}){1000}){1000})", "a", REGEX_UNKNOWN },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum regex_result r =
		    regex_search(str_of(cases[i].pattern), str_of(cases[i].text));

		if (r != cases[i].want)
			printf("# /%s/ on \"%s\" gave %d\n", cases[i].pattern, cases[i].text,
			       (int)r);
		T_EQ(r, cases[i].want);
	}
}

/* What takes other engines for ever. */
static void bounded(void)
{
	char text[64];

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = 'b';
	T_EQ(regex_search(STR("^(a+)+$"), (struct str){ text, sizeof(text) }), REGEX_NO);
	T_EQ(regex_search(STR("^(a|aa)+$"), (struct str){ text, sizeof(text) }), REGEX_NO);
	T_EQ(regex_search(STR("^(.*)*(.*)*(.*)*c$"), (struct str){ text, sizeof(text) }),
	     REGEX_NO);
	T_EQ(regex_search(STR("^(a?){60}a{60}$"), (struct str){ text, 60 }), REGEX_YES);
}

TEST_MAIN({ "patterns find what ECMA-262 finds", matches },
          { "no pattern takes long", bounded })
