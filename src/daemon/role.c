/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "daemon/role.h"

#include <errno.h>
#include <fcntl.h>

#include "base/buf.h"

#define TEXT_MAX (512 * 1024)
#define SEALS    (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* By offset: several edges share this description and its position. */
static int read_text(struct buf *b, struct err *err)
{
	for (;;) {
		char *to = buf_reserve(b, 4096);
		ssize_t n = to ? pread(ROLE_CONFIG_FD, to, 4096, (off_t)buf_len(b)) : -1;

		if (n < 0)
			return ERR(err, to ? -errno : -ENOMEM, "reading the configuration: %m");
		if (n == 0)
			return 0;
		buf_commit(b, (size_t)n);
	}
}

int role_config(struct config *ret, struct err *err)
{
	struct buf b = BUF(TEXT_MAX);
	int r = config_init(ret, err), seals;

	/* Only the parent's own text is taken: sealed, so nobody else's hand is in it. */
	seals = r == 0 ? fcntl(ROLE_CONFIG_FD, F_GET_SEALS) : -1;
	if (r == 0 && (seals < 0 || (seals & SEALS) != SEALS))
		r = ERR(err, -EINVAL, "roles are started by carreld itself, not by hand");
	if (r == 0)
		r = read_text(&b, err);
	if (r == 0)
		r = config_parse(ret, buf_str(&b), "configuration", CONFIG_FROM_PARENT, err);
	if (r == 0)
		r = config_finish(ret, err);
	if (r == 0)
		(void)close(ROLE_CONFIG_FD);
	buf_fini(&b);
	return r;
}

enum syscalls_mode role_syscalls(const struct config *c)
{
	return strcmp(c->seccomp, "log") == 0 ? SYSCALLS_LOG : SYSCALLS_ENFORCE;
}
