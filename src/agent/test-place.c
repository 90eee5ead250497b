/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "test.h"

static void paths_from_outside_are_cleaned(void)
{
	static const struct {
		const char *in, *out; /* NULL: names nothing */
	} cases[] = {
		{ "", "" },        { "/", "" },          { "a", "a" },       { "/a/b/", "a/b" },
		{ "a//b", "a/b" }, { "./a/./b", "a/b" }, { "..", NULL },     { "a/../b", NULL },
		{ "a/..", NULL },  { "...", "..." },     { "a/ b", "a/ b" }, { "..a", "..a" },
	};
	struct arena m = ARENA(1U << 20);
	char big[NAME_MAX + 2];
	struct str got;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int r = place_clean(&m, str_of(cases[i].in), &got);

		T_EQ(r, cases[i].out ? 0 : -ENOENT);
		if (r == 0)
			T_STR(got, str_of(cases[i].out));
	}
	memset(big, 'x', sizeof(big));
	T_EQ(place_clean(&m, (struct str){ big, NAME_MAX }, &got), 0);
	T_EQ(place_clean(&m, (struct str){ big, NAME_MAX + 1 }, &got), -ENOENT);
	T_EQ(place_clean(&m, (struct str){ "a\0b", 3 }, &got), -ENOENT);
	arena_fini(&m);
}

static void a_path_has_a_name_and_a_parent(void)
{
	struct arena m = ARENA(65536);

	T_STR(place_name(STR("a/b/c")), STR("c"));
	T_STR(place_parent(STR("a/b/c")), STR("a/b"));
	T_STR(place_name(STR("c")), STR("c"));
	T_STR(place_parent(STR("c")), STR(""));
	T_STR(place_child(&m, STR(""), STR("x")), STR("x"));
	T_STR(place_child(&m, STR("a"), STR("x")), STR("a/x"));
	T_OK(place_hidden(STR("a/.b/c")) && place_hidden(STR(".a")) &&
	     !place_hidden(STR("a.b/c")));
	arena_fini(&m);
}

static void nothing_leads_outside(void)
{
	char root[] = "/tmp/test-place-XXXXXX", path[128];
	struct agent_cfg cfg = { 0 };
	struct agent a = { .cfg = &cfg };
	struct place p = PLACE_NONE;
	int fd;

	T_OK(mkdtemp(root));
	a.root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(path, sizeof(path), "%s/out", root);
	T_EQ(symlink("/etc", path), 0);
	(void)snprintf(path, sizeof(path), "%s/sub", root);
	T_EQ(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/in", root);
	T_EQ(symlink("sub/file", path), 0);
	T_OK(place_open(&a, STR("out/passwd"), O_RDONLY) < 0);
	T_OK(place_of(&a, STR("out/passwd"), &p) < 0);
	T_EQ(place_of(&a, STR(""), &p), -EINVAL);
	/* A link that stays beneath is followed to what it names. */
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	T_OK(fd >= 0);
	(void)close(fd);
	T_EQ(place_resolve(&a, STR("in"), &p), 0);
	T_STREQ(p.name, "file");
	T_OK(place_writable(p.dir, p.name));
	place_fini(&p);
	own_close(&a.root_fd);
	T_EQ(file_remove_tree(AT_FDCWD, root, NULL), 0);
}

TEST_MAIN({ "paths from outside are cleaned", paths_from_outside_are_cleaned },
          { "a path has a name and a parent", a_path_has_a_name_and_a_parent },
          { "nothing leads outside", nothing_leads_outside })
