/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/slot-net.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "net/sock.h"

#define RETRIES  20
#define RETRY_MS 50

static socklen_t name_of(unsigned slot, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	/* Abstract: the first byte is NUL, the length says where it ends. */
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
	                   (size_t)snprintf(ret->sun_path + 1, sizeof(ret->sun_path) - 1,
	                                    "carrel-slot-%u", slot));
}

/* Root listens there. */
static bool is_held_by_root(const struct sockaddr_un *a, socklen_t len)
{
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	uid_t uid;
	gid_t gid;
	pid_t pid;

	if (fd < 0 || connect(fd, (const struct sockaddr *)a, len) < 0)
		return fd >= 0 && errno == EAGAIN; /* a full backlog: take its word */
	return sock_peercred(fd, &pid, &uid, &gid) == 0 && uid == 0;
}

int slot_net_take(unsigned slot, int *ret_fd, struct err *err)
{
	autoclose int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a;
	socklen_t len = name_of(slot, &a);

	if (fd < 0)
		return ERR(err, -errno, "socket: %m");
	for (int i = 0; bind(fd, (struct sockaddr *)&a, len) < 0; i++) {
		if (errno != EADDRINUSE)
			return ERR(err, -errno, "naming slot %u: %m", slot);
		if (!is_held_by_root(&a, len)) {
			*ret_fd = -1;
			return 0;
		}
		/* It may be our own last parent, on its way out. */
		if (i == RETRIES)
			return ERR(err, -EADDRINUSE,
			           "slot %u is held by a carreld with another /run", slot);
		(void)poll(NULL, 0, RETRY_MS);
	}
	if (listen(fd, 1) < 0)
		return ERR(err, -errno, "naming slot %u: %m", slot);
	*ret_fd = steal_fd(&fd);
	return 0;
}
