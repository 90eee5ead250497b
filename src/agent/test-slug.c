/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/slug.h"
#include "test.h"

/* As jupyterlab_server's slugify names them; the digits are of SHA-256. */
static void names_are_those_of_the_peer(void)
{
	static const struct {
		const char *name, *slug;
	} cases[] = {
		{ "default", "default-37a8" },
		{ "/lab/workspaces/a", "labworkspacesa-" },
		{ "Two Words", "two-words-" },
		{ "a%20b", "a-b-" },
		{ "a--b", "a-b-" },
		{ "trailing-", "trailing--" },
		{ "\xc3\xbc"
		  "ber",
		  "ber-" },
		{ "", "-e3b0" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF(4096);
		struct str got;

		workspace_slug(str_of(cases[i].name), &b);
		got = buf_str(&b);
		T_OK(str_starts(got, str_of(cases[i].slug)));
		T_EQ(got.ptr[got.len - 5], '-');
		buf_fini(&b);
	}
}

static void they_are_plain_short_and_apart(void)
{
	struct buf x = BUF(4096), y = BUF(4096);
	char longest[600];

	memset(longest, 'a', sizeof(longest));
	workspace_slug((struct str){ longest, sizeof(longest) }, &x);
	longest[599] = 'b';
	workspace_slug((struct str){ longest, sizeof(longest) }, &y);
	T_OK(buf_len(&x) <= 128 && !str_eq(buf_str(&x), buf_str(&y)));
	for (int c = 1; c < 256; c++) {
		char name[] = { 'x', (char)c, 'y' };

		buf_clear(&x);
		workspace_slug((struct str){ name, 3 }, &x);
		for (size_t i = 0; i < buf_len(&x); i++) {
			char s = buf_str(&x).ptr[i];

			T_OK((s >= 'a' && s <= 'z') || (s >= '0' && s <= '9') || s == '-' ||
			     s == '_');
		}
	}
	buf_fini(&x);
	buf_fini(&y);
}

TEST_MAIN({ "names are those of the peer", names_are_those_of_the_peer },
          { "they are plain, short and apart", they_are_plain_short_and_apart })
