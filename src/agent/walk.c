/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

static int push(struct walk *w, int fd)
{
	DIR *d = fdopendir(fd);

	if (!d) {
		int r = -errno;

		(void)close(fd);
		return r;
	}
	w->level[w->depth].d = d;
	w->level[w->depth++].path_len = buf_len(&w->path);
	return 0;
}

int walk_init(struct walk *w, int fd, bool hidden)
{
	struct stat st;

	*w = (struct walk){ .hidden = hidden };
	buf_init(&w->path, PATH_MAX);
	if (fstat(fd, &st) < 0) {
		int r = -errno;

		(void)close(fd);
		return r;
	}
	w->dev = st.st_dev;
	return push(w, fd);
}

static void pop(struct walk *w)
{
	(void)closedir(w->level[--w->depth].d);
}

static bool set_path(struct walk *w, const char *name)
{
	size_t len = w->level[w->depth - 1].path_len;

	buf_unput(&w->path, buf_len(&w->path) - len);
	if (buf_len(&w->path) + strlen(name) + 2 > PATH_MAX)
		return false;
	if (len)
		buf_put_c(&w->path, '/');
	buf_put_z(&w->path, name);
	return true;
}

static void descend(struct walk *w, int dir, const char *name)
{
	int fd;

	if (w->depth == WALK_DEPTH)
		return;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		(void)!push(w, fd);
}

bool walk_next(struct walk *w, struct walk_entry *ret)
{
	while (w->depth > 0) {
		DIR *d = w->level[w->depth - 1].d;
		struct dirent *e = readdir(d);

		if (!e) {
			pop(w);
			continue;
		}
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    (e->d_name[0] == '.' && !w->hidden) || !set_path(w, e->d_name) ||
		    fstatat(dirfd(d), e->d_name, &ret->st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    ret->st.st_dev != w->dev)
			continue;
		ret->depth = w->depth;
		ret->name = e->d_name;
		if (S_ISDIR(ret->st.st_mode))
			descend(w, dirfd(d), e->d_name);
		ret->path = buf_str(&w->path);
		return true;
	}
	return false;
}

void walk_fini(struct walk *w)
{
	while (w->depth > 0)
		pop(w);
	buf_fini(&w->path);
}
