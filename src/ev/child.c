/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "ev/ev.h"

static void on_pidfd(struct ev_fd *f, uint32_t events)
{
	struct ev_child *c = CONTAINER_OF(f, struct ev_child, fd_);
	siginfo_t info = { 0 };
	int r;

	do {
		r = waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG);
	} while (r < 0 && errno == EINTR);
	if (r == 0 && info.si_pid == 0)
		return;
	ev_child_stop(c);
	/* ECHILD: somebody else reaped it, so how it ended is lost: code 0. */
	if (r < 0)
		c->fn(c, 0, 0);
	else
		c->fn(c, info.si_code, info.si_status);
}

int ev_child_start(struct ev *ev, struct ev_child *c, pid_t pid, ev_child_fn *fn,
                   struct err *err)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0), r;

	if (fd < 0)
		return ERR(err, -errno, "watch process %d: %m", (int)pid);
	*c = (struct ev_child){ .pid = pid, .pidfd = fd, .fn = fn };
	r = ev_fd_start(ev, &c->fd_, fd, EPOLLIN, on_pidfd, err);
	if (r < 0)
		own_close(&c->pidfd);
	return r;
}

void ev_child_stop(struct ev_child *c)
{
	if (!c->fd_.active_)
		return;
	ev_fd_stop(&c->fd_);
	own_close(&c->pidfd);
}
