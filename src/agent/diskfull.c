/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/diskfull.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define LOOK_MAX  20000U /* entries: a few tens of milliseconds */
#define DEPTH_MAX 12U
#define TOP       2

struct found {
	uint64_t bytes;
	char name[64];
};
struct look {
	struct found top[TOP];
	uint64_t trash;
	unsigned left;
};

static void note(struct look *l, const char *name, uint64_t bytes)
{
	struct found f = { .bytes = bytes };

	if (bytes < 1U << 20 || bytes <= l->top[TOP - 1].bytes)
		return;
	(void)snprintf(f.name, sizeof(f.name), "%s", name);
	for (int i = 0; i < TOP; i++) {
		if (f.bytes > l->top[i].bytes) {
			struct found t = l->top[i];

			l->top[i] = f;
			f = t;
		}
	}
}

static void walk(struct look *l, int dirfd, unsigned depth, bool trash)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		own_close(&fd);
		return;
	}
	while (l->left > 0 && (e = readdir(d))) {
		struct stat st;

		l->left--;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(st.st_mode) && trash) {
			l->trash += (uint64_t)st.st_blocks * 512;
		} else if (S_ISREG(st.st_mode)) {
			note(l, e->d_name, (uint64_t)st.st_blocks * 512);
		} else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
			autoclose int sub = openat(
			    fd, e->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			if (sub >= 0)
				walk(l, sub, depth + 1,
				     trash || strcmp(e->d_name, "Trash") == 0);
		}
	}
	(void)closedir(d);
}

int diskfull_err(const struct agent *a, const char *what, struct err *err)
{
	struct look l = { .left = LOOK_MAX };
	char advice[120];
	unsigned mib = 1U << 20;

	walk(&l, a->root_fd, 0, false);
	if (l.trash > l.top[0].bytes)
		(void)snprintf(advice, sizeof(advice),
		               "empty the trash (%u MB): rm -r ~/.local/share/Trash",
		               (unsigned)(l.trash / mib));
	else if (l.top[1].bytes)
		(void)snprintf(advice, sizeof(advice),
		               "delete something large: %s (%u MB), %s (%u MB)", l.top[0].name,
		               (unsigned)(l.top[0].bytes / mib), l.top[1].name,
		               (unsigned)(l.top[1].bytes / mib));
	else if (l.top[0].bytes)
		(void)snprintf(advice, sizeof(advice), "delete something large: %s (%u MB)",
		               l.top[0].name, (unsigned)(l.top[0].bytes / mib));
	else
		(void)snprintf(advice, sizeof(advice), "delete files you no longer need");
	return ERR(
	    err, -ENOSPC,
	    "The disk is full: %.60s was not saved, what stood there is whole. To go on, %s",
	    what, advice);
}

bool diskfull_near(const struct agent *a)
{
	struct statvfs s;

	return fstatvfs(a->root_fd, &s) == 0 && s.f_blocks > 0 && s.f_bavail < s.f_blocks / 50;
}
