/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/save.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "test.h"

static struct agent_cfg cfg;
static struct agent agent;
static char root[64];

static void setup(void)
{
	(void)snprintf(root, sizeof(root), "/tmp/test-save-XXXXXX");
	T_OK(mkdtemp(root));
	cfg = (struct agent_cfg){ .root = root, .home = root };
	agent = (struct agent){ .cfg = &cfg,
		                .root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC) };
	T_OK(agent.root_fd >= 0);
}

static void teardown(void)
{
	int fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	own_close(&agent.root_fd);
	T_EQ(file_remove_tree(fd, root + 5, NULL), 0);
	(void)close(fd);
}

static int write_file(const char *path, const char *text)
{
	struct save s = SAVE_NONE;
	int r = save_begin(&agent, str_of(path), &s, NULL);

	if (r == 0)
		r = save_write(&s, str_of(text), NULL);
	if (r == 0)
		r = save_commit(&s, NULL);
	save_fini(&s);
	return r;
}

static void content_is(const char *path, const char *text)
{
	struct buf b = BUF(4096);
	int fd = place_open(&agent, str_of(path), O_RDONLY);

	T_OK(fd >= 0);
	T_EQ(file_read_fd(fd, &b, NULL), 0);
	(void)close(fd);
	T_STREQ(buf_cstr(&b), text);
	buf_fini(&b);
}

static unsigned entries(void)
{
	DIR *d = opendir(root);
	unsigned n = 0;

	while (readdir(d))
		n++;
	(void)closedir(d);
	return n - 2;
}

static void replaces(void)
{
	char path[128];
	struct stat a, b;
	int before;

	setup();
	before = open_fds();
	T_EQ(write_file("x.txt", "one"), 0);
	content_is("x.txt", "one");
	(void)snprintf(path, sizeof(path), "%s/x.txt", root);
	T_EQ(chmod(path, 0640), 0);
	T_EQ(stat(path, &a), 0);
	T_EQ(write_file("x.txt", "two, longer"), 0);
	T_EQ(stat(path, &b), 0);
	content_is("x.txt", "two, longer");
	T_EQ(b.st_mode & 07777, 0640);
	T_OK(a.st_ino != b.st_ino);
	T_EQ(entries(), 1);
	T_EQ(open_fds(), before);
	teardown();
}

static void gives_up(void)
{
	struct save s = SAVE_NONE;

	setup();
	T_EQ(write_file("x.txt", "old"), 0);
	T_EQ(save_begin(&agent, STR("x.txt"), &s, NULL), 0);
	T_EQ(save_write(&s, STR("half of the n"), NULL), 0);
	save_fini(&s);
	save_fini(&s);
	content_is("x.txt", "old");
	T_EQ(entries(), 1);
	teardown();
}

static void links(void)
{
	char target[128], name[128];
	struct stat st;

	setup();
	T_EQ(write_file("real.txt", "old"), 0);
	(void)snprintf(name, sizeof(name), "%s/link.txt", root);
	T_EQ(symlink("real.txt", name), 0);
	T_EQ(write_file("link.txt", "new"), 0);
	T_EQ(lstat(name, &st), 0);
	T_OK(S_ISLNK(st.st_mode));
	content_is("real.txt", "new");
	/* Hard links stay linked. */
	(void)snprintf(target, sizeof(target), "%s/real.txt", root);
	(void)snprintf(name, sizeof(name), "%s/hard.txt", root);
	T_EQ(link(target, name), 0);
	T_EQ(write_file("hard.txt", "n"), 0);
	content_is("real.txt", "n");
	teardown();
}

static void leave_dead(const char *name)
{
	char path[160];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	f = fopen(path, "we");
	T_OK(f);
	T_EQ(fclose(f), 0);
}

static void sweeps(void)
{
	struct save s = SAVE_NONE;

	setup();
	leave_dead(".~x.txt.0123abcd");
	leave_dead(".~y.txt.0123abcd"); /* young, and of another name: perhaps no one's */
	leave_dead(".~x.txt.0123abcg"); /* not a name of ours */
	leave_dead(".~lock.x.txt#");    /* an office program's */
	T_EQ(save_begin(&agent, STR("x.txt"), &s, NULL), 0); /* alive: locked */
	T_EQ(write_file("x.txt", "new"), 0);
	T_EQ(entries(), 5);
	T_OK(faccessat(agent.root_fd, ".~x.txt.0123abcd", F_OK, 0) < 0);
	T_EQ(save_write(&s, STR("newer"), NULL), 0);
	T_EQ(save_commit(&s, NULL), 0);
	save_fini(&s);
	content_is("x.txt", "newer");
	T_EQ(entries(), 4);
	teardown();
}

/* Hard links and folders that are not writable: nothing is renamed. */
static void in_place(void)
{
	static const char *const texts[] = { "a longer text than before", "x", "", "again" };
	char from[128], to[128];
	struct save s = SAVE_NONE;
	struct buf big = BUF(1U << 20);

	setup();
	T_EQ(write_file("a.txt", "text"), 0);
	(void)snprintf(from, sizeof(from), "%s/a.txt", root);
	(void)snprintf(to, sizeof(to), "%s/b.txt", root);
	T_EQ(link(from, to), 0);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		T_EQ(write_file("b.txt", texts[i]), 0);
		content_is("a.txt", texts[i]);
	}
	T_EQ(entries(), 2);
	/* What only fits memory has a maximum. */
	T_OK(buf_reserve(&big, 1U << 20));
	buf_commit(&big, 1U << 20);
	T_EQ(save_begin(&agent, STR("b.txt"), &s, NULL), 0);
	s.len = SAVE_MEMORY_MAX - 1;
	T_EQ(save_write(&s, buf_str(&big), NULL), -EFBIG);
	save_fini(&s);
	content_is("a.txt", "again");
	buf_fini(&big);
	teardown();
}

static void outside(void)
{
	char name[128];
	struct save s = SAVE_NONE;

	setup();
	(void)snprintf(name, sizeof(name), "%s/out", root);
	T_EQ(symlink("/etc", name), 0);
	T_OK(save_begin(&agent, STR("out/passwd"), &s, NULL) < 0);
	T_OK(place_open(&agent, STR("out/passwd"), O_RDONLY) < 0);
	T_OK(save_begin(&agent, STR("missing/x"), &s, NULL) == -ENOENT);
	teardown();
}

static void clean(void)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "", "" }, { "/", "" }, { "a/b", "a/b" }, { "/a//b/", "a/b" }, { "./a", "a" },
	};
	struct arena m = ARENA(1U << 20);
	struct str s;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		T_EQ(place_clean(&m, str_of(cases[i].in), &s), 0);
		T_STR(s, str_of(cases[i].out));
	}
	T_EQ(place_clean(&m, STR("a/../b"), &s), -ENOENT);
	T_EQ(place_clean(&m, (struct str){ "a\0b", 3 }, &s), -ENOENT);
	T_OK(place_hidden(STR("a/.b/c")));
	T_OK(place_hidden(STR(".a")));
	T_OK(!place_hidden(STR("a.b/c.d")));
	T_STR(place_name(STR("a/b")), STR("b"));
	T_STR(place_parent(STR("a/b/c")), STR("a/b"));
	T_STR(place_parent(STR("a")), STR(""));
	arena_fini(&m);
}

TEST_MAIN({ "a save replaces whole and keeps the mode", replaces },
          { "a save that is given up leaves the old file and nothing else", gives_up },
          { "a save through a link changes what it points to", links },
          { "what a killed writer left goes with the next save", sweeps },
          { "a file of several names is overwritten, all of it", in_place },
          { "nothing outside the root is reached", outside }, { "paths are cleaned", clean })
