/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "test.h"

static char root[64];
static int top;

static void begin(void)
{
	(void)snprintf(root, sizeof(root), "/tmp/carrel-test-file-XXXXXX");
	T_OK(mkdtemp(root));
	top = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	T_OK(top >= 0);
}

static void end(void)
{
	close(top);
	T_EQ(file_remove_tree(AT_FDCWD, root, NULL), 0);
	T_OK(access(root, F_OK) < 0);
}

static int entries(int dirfd)
{
	DIR *d = fdopendir(dup(dirfd));
	int n = 0;

	rewinddir(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void a_write_is_whole_and_leaves_nothing_beside(void)
{
	struct buf b = BUF(100);
	struct err err = ERR_NONE;
	struct stat st;
	int before = open_fds();

	begin();
	T_EQ(file_write_atomic(top, "f", STR("one"), 0640, &err), 0);
	T_EQ(file_write_atomic(top, "f", STR("two\0!"), 0604, &err), 0);
	T_EQ(fstatat(top, "f", &st, 0), 0);
	T_EQ(st.st_mode & 07777, 0604);
	T_EQ(file_read(top, "f", &b, &err), 0);
	T_STR(buf_str(&b), STR("two\0!"));
	T_EQ(entries(top), 1);
	T_EQ(file_write_atomic(top, "no/f", STR("x"), 0600, &err), -ENOENT);
	T_EQ(mkdirat(top, "d", 0755), 0);
	T_EQ(file_write_atomic(top, "d", STR("x"), 0600, &err), -EISDIR);
	T_EQ(file_write_atomic(top, "d/", STR("x"), 0600, &err), -EINVAL);
	T_EQ(file_write_atomic(top, "d/f", STR("x"), 0600, &err), 0);
	T_EQ(entries(top), 2);
	end();
	T_EQ(open_fds(), before);
	buf_fini(&b);
}

static void reads_have_a_maximum(void)
{
	struct err err = ERR_NONE;
	struct buf b = BUF(5);
	int p[2];

	begin();
	T_EQ(file_write_atomic(top, "f", STR("12345"), 0600, NULL), 0);
	T_EQ(file_read(top, "f", &b, &err), 0);
	T_STR(buf_str(&b), STR("12345"));
	T_EQ(file_read(top, "f", &b, &err), -EFBIG);
	buf_fini(&b);
	T_EQ(file_write_atomic(top, "f", STR("123456"), 0600, NULL), 0);
	T_EQ(file_read(top, "f", &b, &err), -EFBIG);
	T_EQ(buf_error(&b), 0);
	T_EQ(file_read(top, "none", &b, &err), -ENOENT);
	T_OK(strstr(err.msg, "none"));
	T_EQ(file_read(-1, root, &b, &err), -EISDIR);
	/* A pipe has no size to go by. */
	T_EQ(pipe2(p, O_CLOEXEC), 0);
	T_EQ(write(p[1], "123456", 6), 6);
	close(p[1]);
	T_EQ(file_read_fd(p[0], &b, &err), -EFBIG);
	close(p[0]);
	buf_fini(&b);
	b = BUF(1 << 20);
	T_EQ(file_read(-1, "/proc/self/maps", &b, &err), 0); /* says it has 0 bytes */
	T_OK(buf_len(&b) > 100);
	buf_fini(&b);
	end();
}

static void a_walk_stays_beneath(void)
{
	int fd;

	begin();
	T_EQ(mkdirat(top, "d", 0755), 0);
	T_EQ(file_write_atomic(top, "d/f", STR("x"), 0600, NULL), 0);
	T_EQ(symlinkat("d/f", top, "in"), 0);
	T_EQ(symlinkat("../../etc/passwd", top, "d/out"), 0);
	T_EQ(symlinkat("/etc/passwd", top, "abs"), 0);
	fd = file_open_beneath(top, "in", O_RDONLY, 0);
	T_OK(fd >= 0);
	T_OK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	fd = file_open_beneath(top, "d/../d/f", O_RDONLY, 0);
	T_OK(fd >= 0);
	close(fd);
	T_EQ(file_open_beneath(top, "d/out", O_RDONLY, 0), -EXDEV);
	T_EQ(file_open_beneath(top, "abs", O_RDONLY, 0), -EXDEV);
	T_EQ(file_open_beneath(top, "..", O_RDONLY, 0), -EXDEV);
	T_EQ(file_open_beneath(top, "/etc", O_RDONLY, 0), -EXDEV);
	T_EQ(file_open_beneath(top, "none", O_RDONLY, 0755), -ENOENT);
	fd = file_open_beneath(top, "new", O_WRONLY | O_CREAT | O_EXCL, 0600);
	T_OK(fd >= 0);
	close(fd);
	end();
}

static void folders_are_made_as_needed(void)
{
	char path[128];
	struct err err = ERR_NONE;

	begin();
	(void)snprintf(path, sizeof(path), "%s/a//b/c/", root);
	T_EQ(file_mkdirs(path, 0700, &err), 0);
	T_EQ(file_mkdirs(path, 0700, &err), 0);
	T_EQ(faccessat(top, "a/b/c", F_OK, 0), 0);
	T_EQ(file_write_atomic(top, "f", STR(""), 0600, NULL), 0);
	(void)snprintf(path, sizeof(path), "%s/f", root);
	T_EQ(file_mkdirs(path, 0700, &err), -ENOTDIR);
	(void)snprintf(path, sizeof(path), "%s/f/g", root);
	T_EQ(file_mkdirs(path, 0700, &err), -ENOTDIR);
	T_EQ(file_mkdirs("", 0700, &err), -EINVAL);
	end();
}

static void a_tree_goes_without_following_links(void)
{
	int before = open_fds();

	begin();
	T_EQ(mkdirat(top, "keep", 0755), 0);
	T_EQ(file_write_atomic(top, "keep/f", STR("x"), 0600, NULL), 0);
	T_EQ(mkdirat(top, "t", 0755), 0);
	T_EQ(mkdirat(top, "t/d", 0755), 0);
	T_EQ(symlinkat("../../keep", top, "t/d/link"), 0);
	for (int i = 0; i < 300; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "t/d/%d", i);
		T_EQ(mkdirat(top, name, 0755), 0);
	}
	T_EQ(symlinkat("keep", top, "l"), 0);
	T_EQ(file_remove_tree(top, "l", NULL), 0);
	T_EQ(file_remove_tree(top, "t", NULL), 0);
	T_EQ(file_remove_tree(top, "t", NULL), 0); /* gone is what was asked for */
	T_EQ(faccessat(top, "keep/f", F_OK, 0), 0);
	T_EQ(entries(top), 1);
	end();
	T_EQ(open_fds(), before);
}

/* Deeper than PATH_MAX and than the descriptors that a process may have. */
static void a_very_deep_tree_goes_too(void)
{
	int before, fd;

	begin();
	before = open_fds();
	fd = dup(top);
	for (int i = 0; i < 3000; i++) {
		int next;

		T_EQ(mkdirat(fd, "deep", 0755), 0);
		next = openat(fd, "deep", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		T_OK(next >= 0);
		close(fd);
		fd = next;
	}
	close(fd);
	T_EQ(file_remove_tree(top, "deep", NULL), 0);
	T_EQ(entries(top), 0);
	T_EQ(open_fds(), before);
	end();
}

TEST_MAIN({ "a write is whole and leaves nothing beside",
            a_write_is_whole_and_leaves_nothing_beside },
          { "reads have a maximum", reads_have_a_maximum },
          { "a walk stays beneath", a_walk_stays_beneath },
          { "folders are made as needed", folders_are_made_as_needed },
          { "a tree goes without following links", a_tree_goes_without_following_links },
          { "a very deep tree goes too", a_very_deep_tree_goes_too })
