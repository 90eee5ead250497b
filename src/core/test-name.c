/* SPDX-License-Identifier: Apache-2.0 */
#include "core/name.h"

#include "test.h"

static void names(void)
{
	static const struct {
		const char *name;
		bool ok;
	} t[] = {
		{ "a", true },
		{ "My first notebook", true },
		{ "Größe № 1 (α) – 数据", true },
		{ "emoji \xf0\x9f\x9a\x80", true },
		{ "family \xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9",
		  true }, /* zero-width joiner */
		{ "a.b-c_d", true },
		{ "...", true },
		{ "", false },
		{ ".", false },
		{ "..", false },
		{ "../", false },
		{ "a/b", false },
		{ "a\\b", false },
		{ " a", false },
		{ "a ", false },
		{ "\xe3\x80\x80"
		  "a",
		  false }, /* ideographic space */
		{ "a\nb", false },
		{ "a\x7f", false },
		{ "a\xc2\x85", false },
		{ "a\xe2\x80\xae"
		  "b",
		  false },                  /* right-to-left override */
		{ "a\xef\xbb\xbf", false }, /* byte order mark */
		{ "a\xef\xbf\xbf", false }, /* noncharacter */
		{ "a\xff", false },
		{ "a\xc0\xaf", false },     /* overlong '/' */
		{ "a\xed\xa0\x80", false }, /* surrogate */
	};
	char longest[4 * 65 + 1];
	struct err err = ERR_NONE;

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		int r = name_check(str_of(t[i].name), &err);

		if ((r == 0) != t[i].ok)
			printf("# name %zu: %s\n", i, t[i].name);
		T_EQ(r == 0, t[i].ok);
	}
	for (size_t i = 0; i < 65; i++)
		memcpy(longest + 4 * i, "\xf0\x9f\x9a\x80", 4);
	T_EQ(name_check((struct str){ longest, 256 }, &err), 0);
	T_OK(name_check((struct str){ longest, 260 }, &err) < 0);
	T_OK(name_check(STR("a\0b"), &err) < 0);
	memset(longest, 'x', 65);
	T_EQ(name_check((struct str){ longest, 64 }, &err), 0);
	T_OK(name_check((struct str){ longest, 65 }, &err) < 0);
}

static void emails(void)
{
	char ret[EMAIL_MAX + 1];
	struct err err = ERR_NONE;

	T_EQ(email_normal(STR("Admin@LocalHost"), ret, &err), 0);
	T_STREQ(ret, "admin@localhost");
	static const char *const bad[] = { "",      "a",     "@b",    "a@",
		                           "a@b@c", "a b@c", "a\n@b", "a/b@c" };

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		T_OK(email_normal(str_of(bad[i]), ret, &err) < 0);
}

static void hostnames(void)
{
	char h[HOSTNAME_LEN_MAX + 1];

	name_to_hostname("My First  Notebook!", h);
	T_STREQ(h, "my-first-notebook");
	name_to_hostname("\xe6\x95\xb0", h);
	T_STREQ(h, "session");
	name_to_hostname("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-bbbbb", h);
	T_STREQ(h, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

TEST_MAIN({ "names are free but for what deceives or breaks", names },
          { "e-mail addresses are lower-cased and simple", emails },
          { "a host name can be made of any name", hostnames })
