/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/mime.h"
#include "test.h"

static void the_last_extension_decides_in_any_case(void)
{
	static const struct {
		const char *name, *mime;
	} cases[] = {
		{ "a.txt", "text/plain" },
		{ "A.TXT", "text/plain" },
		{ "x.tar.gz", "application/gzip" },
		{ "data.csv", "text/csv" },
		{ "p.png", "image/png" },
		{ "d.svg", "image/svg+xml" },
		{ "s.py", "text/x-python" },
		{ "page.html", "text/html" },
		{ "x.json", "application/json" },
		{ "zip.zst", "application/zstd" },
		{ "3d.3mf", NULL },
		{ "Makefile", NULL },
		{ ".bashrc", NULL },
		{ ".txt", NULL },
		{ "name.", NULL },
		{ "", NULL },
		{ "x.averyveryverylongone", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = mime_guess(str_of(cases[i].name));

		T_EQ(got != NULL, cases[i].mime != NULL);
		if (got)
			T_STREQ(got, cases[i].mime);
	}
	T_OK(mime_is_text("text/plain") && !mime_is_text("text/html"));
}

/* The table is searched by halves: every name of one letter more or less than
 * one in it must still end. */
static void what_lies_between_two_names_is_none(void)
{
	for (int c = 'a'; c <= 'z'; c++) {
		char name[] = { 'x', '.', (char)c, '!', '\0' };

		T_OK(!mime_guess(str_of(name)));
	}
}

TEST_MAIN({ "the last extension decides, in any case", the_last_extension_decides_in_any_case },
          { "what lies between two names is none", what_lies_between_two_names_is_none })
