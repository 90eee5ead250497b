/* SPDX-License-Identifier: Apache-2.0 */
/* Making sockets: all O_CLOEXEC and non-blocking from birth. */
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

/* Address as a value: "unix:/run/x.sock" or "tcp:127.0.0.1:8888", "tcp:[::1]:80".
 * Numeric hosts only: nothing here asks a resolver. */
struct addr {
	socklen_t len;
	struct sockaddr_storage sa;
};
MUST_CHECK int addr_parse(struct str s, struct addr *ret, struct err *err);
/* Peer or local address as text into ret (at most 128 bytes with NUL). */
void addr_text(const struct addr *a, char ret[128]);

/* -EADDRINUSE is passed up unchanged. A unix path that exists is replaced
 * only if nobody answers on it. mode is for unix sockets (0 = leave). */
MUST_CHECK int sock_listen(const struct addr *a, int backlog, mode_t mode, int *ret_fd,
                           struct err *err);
/* Starts connecting; *ret_fd may still be in progress (wait for EPOLLOUT,
 * then sock_error). */
MUST_CHECK int sock_connect(const struct addr *a, int *ret_fd, struct err *err);
int sock_error(int fd); /* SO_ERROR as a negative errno, 0 if fine */
/* One accept4; -EAGAIN when there is none. */
MUST_CHECK int sock_accept(int fd, struct addr *peer, int *ret_fd);
void sock_nodelay(int fd); /* no effect on unix sockets */
MUST_CHECK int sock_peercred(int fd, pid_t *pid, uid_t *uid, gid_t *gid);
