/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/names.h"

#include "agent/mime.h"
#include "agent/slug.h"
#include "test.h"

static void numbered(void)
{
	struct arena a = ARENA(65536);

	T_STR(name_numbered(&a, STR("Untitled"), "", 0, STR(".ipynb")), STR("Untitled.ipynb"));
	T_STR(name_numbered(&a, STR("Untitled"), "", 1, STR(".ipynb")), STR("Untitled1.ipynb"));
	T_STR(name_numbered(&a, STR("Untitled Folder"), " ", 2, STR("")),
	      STR("Untitled Folder 2"));
	T_STR(name_numbered(&a, STR("a"), "-Copy", 3, STR(".tar.gz")), STR("a-Copy3.tar.gz"));
	arena_fini(&a);
}

static void cut(void)
{
	static const struct {
		const char *name, *stem, *ext;
	} cases[] = {
		{ "a.txt", "a", ".txt" },
		{ "a.tar.gz", "a", ".tar.gz" },
		{ "a.b.ipynb", "a.b", ".ipynb" },
		{ "plain", "plain", "" },
		{ "", "", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct str stem, ext;

		name_cut(str_of(cases[i].name), &stem, &ext);
		T_STR(stem, str_of(cases[i].stem));
		T_STR(ext, str_of(cases[i].ext));
	}
}

static void copies(void)
{
	T_STR(name_strip_copy(STR("x-Copy3")), STR("x"));
	T_STR(name_strip_copy(STR("x-Copy")), STR("x"));
	T_STR(name_strip_copy(STR("x-Copy3b")), STR("x-Copy3b"));
	T_STR(name_strip_copy(STR("x3")), STR("x3"));
	T_STR(name_strip_copy(STR("")), STR(""));
}

static void mimes(void)
{
	static const struct {
		const char *name, *mime;
	} cases[] = {
		{ "a.txt", "text/plain" },
		{ "A.PNG", "image/png" },
		{ "x.ipynb", "application/x-ipynb+json" },
		{ "a.tar.gz", "application/gzip" },
		{ ".bashrc", NULL },
		{ "Makefile", NULL },
		{ "a.unknownext", NULL },
		{ "a.", NULL },
		{ "", NULL },
		{ "x.3gp", "video/3gpp" },
		{ "x.zst", "application/zstd" },
		{ "main.efd36b46f3b45eb8.js", "text/javascript" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *m = mime_guess(str_of(cases[i].name));

		T_STREQ(m ? m : "(none)", cases[i].mime ? cases[i].mime : "(none)");
	}
}

/* Checked against jupyterlab_server's slugify. */
static void slugs(void)
{
	static const struct {
		const char *name, *slug;
	} cases[] = {
		{ "foo", "foo-2c26" },         { "f/o/o", "foo-92dd" },
		{ "default", "default-37a8" }, { "My Space", "my-space-42e6" },
		{ "a--b", "a-b-9082" },        { "a -b", "a-b-e787" },
		{ "-x", "-x-a420" },           { " x y", "x-y-33ba" },
		{ "_a b_", "_a-b_-6de7" },     { "\xC3\x9Cn\xC3\xAF", "n-2169" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf b = BUF(512);

		workspace_slug(str_of(cases[i].name), &b);
		T_STREQ(buf_cstr(&b), cases[i].slug);
		buf_fini(&b);
	}
}

TEST_MAIN({ "new names count up", numbered },
          { "extensions are cut where the peers cut them", cut },
          { "a copy of a copy takes the next number", copies },
          { "media types follow the name", mimes },
          { "workspace files are named as the peers name them", slugs })
