/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/resume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/walk.h"
#include "base/file.h"
#include "test.h"

struct home {
	struct agent_cfg cfg;
	struct agent a;
	char root[32];
};

static void home_make(struct home *h)
{
	*h = (struct home){ .root = "/tmp/test-resume-XXXXXX" };
	T_OK(mkdtemp(h->root));
	h->a.cfg = &h->cfg;
	h->a.root_fd = open(h->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	T_OK(h->a.root_fd >= 0);
}

static void home_end(struct home *h)
{
	(void)close(h->a.root_fd);
	T_EQ(file_remove_tree(AT_FDCWD, h->root, NULL), 0);
}

static void add(const struct home *h, struct resume *u, const char *bytes)
{
	int dir = resume_folder(&h->a, false), fd = resume_open(dir, u);

	T_OK(dir >= 0 && fd >= 0);
	T_EQ(pwrite(fd, bytes, strlen(bytes), (off_t)u->offset), strlen(bytes));
	u->offset += strlen(bytes);
	(void)close(fd);
	(void)close(dir);
}

static int end(struct home *h, struct resume *u)
{
	int dir = resume_folder(&h->a, false), r = resume_finish(&h->a, dir, u, NULL);

	(void)close(dir);
	return r;
}

static void another_agent_goes_on_where_one_was_killed(void)
{
	struct resume u = { .path = STR("f.bin"), .size = 6 }, again;
	struct arena m = ARENA(65536);
	struct stat st;
	struct home h;
	int dir;

	home_make(&h);
	T_EQ(resume_begin(&h.a, &u, NULL), 0);
	add(&h, &u, "abc");
	dir = resume_folder(&h.a, false);
	T_EQ(resume_load(&m, dir, str_of(u.id), &again), 0);
	T_EQ(again.offset, 3);
	T_EQ(again.size, 6);
	T_OK(!again.done && !again.replace);
	T_STR(again.path, STR("f.bin"));
	T_EQ(resume_finish(&h.a, dir, &again, NULL), -EILSEQ);
	add(&h, &again, "def");
	T_EQ(end(&h, &again), 0);
	T_OK(again.done);
	T_EQ(end(&h, &again), 0);
	T_EQ(fstatat(h.a.root_fd, "f.bin", &st, 0), 0);
	T_EQ(st.st_size, 6);
	/* Killed after the rename: its file says not done, and it is. */
	u.offset = 6;
	u.done = false;
	T_EQ(resume_finish(&h.a, dir, &u, NULL), 0);
	T_OK(u.done);
	(void)close(dir);
	arena_fini(&m);
	home_end(&h);
}

static void nothing_is_overwritten_unasked(void)
{
	struct resume one = { .path = STR("x"), .size = 1 }, two = one;
	struct resume three = { .path = STR("x"), .size = 2, .replace = true };
	struct stat st;
	struct home h;

	home_make(&h);
	T_EQ(resume_begin(&h.a, &one, NULL), 0);
	T_EQ(resume_begin(&h.a, &two, NULL), 0);
	add(&h, &one, "1");
	add(&h, &two, "2");
	T_EQ(end(&h, &one), 0);
	T_EQ(end(&h, &two), -EEXIST);
	T_EQ(fchmodat(h.a.root_fd, "x", 0755, 0), 0);
	T_EQ(resume_begin(&h.a, &three, NULL), 0);
	add(&h, &three, "33");
	T_EQ(end(&h, &three), 0);
	T_EQ(fstatat(h.a.root_fd, "x", &st, 0), 0);
	T_EQ(st.st_size, 2);
	T_EQ(st.st_mode & 0777, 0755);
	T_EQ(mkdirat(h.a.root_fd, "d", 0700), 0);
	three.path = STR("d");
	three.offset = 0;
	T_EQ(resume_begin(&h.a, &three, NULL), 0);
	add(&h, &three, "33");
	three.done = false;
	T_EQ(end(&h, &three), -EISDIR);
	home_end(&h);
}

static void a_link_stays_one_and_what_must_not_change_does_not(void)
{
	struct resume u = { .path = STR("link"), .size = 1, .replace = true }, shut = u;
	struct stat st;
	struct home h;

	home_make(&h);
	T_EQ(mkdirat(h.a.root_fd, "d", 0700), 0);
	(void)close(openat(h.a.root_fd, "d/file", O_CREAT | O_WRONLY | O_CLOEXEC, 0640));
	T_EQ(symlinkat("d/file", h.a.root_fd, "link"), 0);
	T_EQ(resume_begin(&h.a, &u, NULL), 0);
	add(&h, &u, "1");
	T_EQ(end(&h, &u), 0);
	T_EQ(fstatat(h.a.root_fd, "link", &st, AT_SYMLINK_NOFOLLOW), 0);
	T_OK(S_ISLNK(st.st_mode));
	T_EQ(fstatat(h.a.root_fd, "d/file", &st, AT_SYMLINK_NOFOLLOW), 0);
	T_EQ(st.st_size, 1);
	T_EQ(st.st_mode & 0777, 0640);
	if (geteuid() != 0) { /* who may write everything */
		T_EQ(fchmodat(h.a.root_fd, "d/file", 0444, 0), 0);
		T_EQ(resume_begin(&h.a, &shut, NULL), 0);
		add(&h, &shut, "2");
		T_EQ(end(&h, &shut), -EACCES);
	}
	home_end(&h);
}

/* A folder of many small files: what has come to its end is in nobody's way. */
static void any_number_one_after_the_other(void)
{
	struct home h;

	home_make(&h);
	for (unsigned i = 0; i < 220; i++) {
		struct resume u = { .path = STR("f"), .size = 1, .replace = true };

		T_EQ(resume_begin(&h.a, &u, NULL), 0);
		add(&h, &u, "1");
		T_EQ(end(&h, &u), 0);
	}
	for (unsigned i = 0; i < 200; i++) {
		struct resume u = { .path = STR("f"), .size = 1, .replace = true };

		T_EQ(resume_begin(&h.a, &u, NULL), 0);
	}
	struct resume more = { .path = STR("f"), .size = 1, .replace = true };
	T_EQ(resume_begin(&h.a, &more, NULL), -EAGAIN);
	home_end(&h);
}

static void what_is_no_file_is_no_upload(void)
{
	struct resume u = { .path = STR("x"), .source = STR("mine"), .size = 1 }, got;
	struct arena m = ARENA(65536);
	struct home h;
	int dir;

	home_make(&h);
	T_EQ(resume_begin(&h.a, &u, NULL), 0);
	dir = resume_folder(&h.a, false);
	T_EQ(resume_load(&m, dir, str_of(u.id), &got), 0);
	T_STR(got.source, STR("mine"));
	T_EQ(mkfifoat(dir, "up_aaaaaaaaaaaaa.json", 0600), 0);
	T_EQ(resume_load(&m, dir, STR("up_aaaaaaaaaaaaa"), &got), -ENOENT);
	T_EQ(resume_each(dir, NULL, NULL), 1);
	(void)close(dir);
	arena_fini(&m);
	home_end(&h);
}

static void one_request_at_a_time_has_the_bytes(void)
{
	struct resume u = { .path = STR("x"), .size = 1 };
	struct home h;
	int dir, fd;

	home_make(&h);
	T_EQ(resume_folder(&h.a, false), -ENOENT);
	T_EQ(resume_begin(&h.a, &u, NULL), 0);
	dir = resume_folder(&h.a, false);
	fd = resume_open(dir, &u);
	T_OK(fd >= 0);
	T_EQ(resume_open(dir, &u), -EBUSY);
	(void)close(fd);
	fd = resume_open(dir, &u);
	T_OK(fd >= 0);
	(void)close(fd);
	T_EQ(resume_each(dir, NULL, NULL), 1);
	resume_drop(dir, &u);
	T_EQ(resume_each(dir, NULL, NULL), 0);
	(void)close(dir);
	home_end(&h);
}

static void ids_name_uploads_and_nothing_else(void)
{
	static const char *const bad[] = {
		"", "..", "../../etc/passwd", "up_x/y.json", "UP_AAAAAAAAAA", "up_0000000000000"
	};
	struct resume u = { .path = STR("x"), .size = 1 }, got;
	struct arena m = ARENA(65536);
	struct home h;
	int dir;

	home_make(&h);
	T_EQ(resume_begin(&h.a, &u, NULL), 0);
	dir = resume_folder(&h.a, false);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		T_EQ(resume_load(&m, dir, str_of(bad[i]), &got), -ENOENT);
	T_EQ(resume_load(&m, dir, (struct str){ "up_0000\0000000000", 16 }, &got), -ENOENT);
	(void)close(dir);
	arena_fini(&m);
	home_end(&h);
}

static void a_folder_for_uploads_that_leads_elsewhere_is_none(void)
{
	struct resume u = { .path = STR("x"), .size = 1 };
	struct home h;

	home_make(&h);
	T_EQ(symlinkat("/tmp", h.a.root_fd, ".cache"), 0);
	T_OK(resume_begin(&h.a, &u, NULL) < 0);
	home_end(&h);
}

static void a_walk_sees_everything_once_and_no_link(void)
{
	struct walk_entry e;
	struct walk w;
	struct home h;
	unsigned n = 0, files = 0;
	bool linked = false;

	home_make(&h);
	T_EQ(mkdirat(h.a.root_fd, "a", 0700), 0);
	T_EQ(mkdirat(h.a.root_fd, "a/b", 0700), 0);
	T_EQ(mkdirat(h.a.root_fd, "a/.h", 0700), 0);
	T_EQ(symlinkat("/etc", h.a.root_fd, "a/etc"), 0);
	T_EQ(symlinkat(".", h.a.root_fd, "a/self"), 0);
	(void)close(openat(h.a.root_fd, "a/b/c", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	T_EQ(walk_init(&w, open(h.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), false), 0);
	while (walk_next(&w, &e)) {
		n++;
		files += S_ISREG(e.st.st_mode);
		linked |= S_ISLNK(e.st.st_mode);
		if (S_ISREG(e.st.st_mode)) {
			T_STR(e.path, STR("a/b/c"));
			T_EQ(e.depth, 3);
		}
	}
	walk_fini(&w);
	T_EQ(n, 5); /* a, a/b, a/b/c, and the two links themselves */
	T_EQ(files, 1);
	T_OK(linked);
	home_end(&h);
}

TEST_MAIN({ "another agent goes on where one was killed",
            another_agent_goes_on_where_one_was_killed },
          { "nothing is overwritten unasked", nothing_is_overwritten_unasked },
          { "a link stays one, and what must not change does not",
            a_link_stays_one_and_what_must_not_change_does_not },
          { "any number, one after the other", any_number_one_after_the_other },
          { "what is no file is no upload", what_is_no_file_is_no_upload },
          { "one request at a time has the bytes", one_request_at_a_time_has_the_bytes },
          { "ids name uploads and nothing else", ids_name_uploads_and_nothing_else },
          { "a folder for uploads that leads elsewhere is none",
            a_folder_for_uploads_that_leads_elsewhere_is_none },
          { "a walk sees everything once, and no link",
            a_walk_sees_everything_once_and_no_link })
