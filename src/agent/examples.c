/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/examples.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"

#define EXAMPLE_MAX (4U << 20)

bool examples_wanted(const struct agent_cfg *cfg)
{
	for (char *const *e = cfg->env; e && *e; e++)
		if (strcmp(*e, "CARREL_EXAMPLES=1") == 0)
			return true;
	return false;
}

static int copy_new(const struct agent *a, int from, const char *name, struct err *err)
{
	struct buf b = BUF(EXAMPLE_MAX);
	autoclose int fd = -1;
	int r = file_read(from, name, &b, err);

	if (r == 0) {
		fd = openat(a->root_fd, name,
		            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
		if (fd < 0)
			r = errno == EEXIST ? 0 : ERR(err, -errno, "%s: %m", name);
		else
			r = file_write_all(fd, buf_str(&b), err);
		/* Half an example is worse than none. */
		if (r < 0 && fd >= 0)
			(void)unlinkat(a->root_fd, name, 0);
	}
	buf_fini(&b);
	return r;
}

void examples_put(const struct agent *a, const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		log_event(LOG_WARN, "examples_missing", LZ("dir", dir));
		own_close(&fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		struct err err = ERR_NONE;

		if (e->d_name[0] != '.' && copy_new(a, dirfd(d), e->d_name, &err) < 0)
			log_err(LOG_WARN, "example_unwritten", &err);
	}
	(void)closedir(d);
}
