/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/slot-net.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define SLOT 9999 /* a number that no instance has */

static void a_held_slot_is_refused_until_it_is_let_go(void)
{
	struct err err = ERR_NONE;
	int one = -1, two = -1, before = open_fds();

	T_EQ(slot_net_take(SLOT, &one, &err), 0);
	if (getuid() == 0)
		T_EQ(slot_net_take(SLOT, &two, &err), -EADDRINUSE);
	(void)close(one);
	T_EQ(slot_net_take(SLOT, &two, &err), 0);
	(void)close(two);
	T_EQ(open_fds(), before);
}

/* Binds the name as nobody, with or without listening; ends when told. */
static int squat(int listening, pid_t *ret)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "\0carrel-slot-9999" };
	socklen_t len = offsetof(struct sockaddr_un, sun_path) + 17;
	int pipe_fd[2];
	char c;

	if (pipe(pipe_fd) < 0)
		return -1;
	*ret = fork();
	if (*ret == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		if (setuid(65534) < 0 || bind(fd, (struct sockaddr *)&a, len) < 0 ||
		    (listening && listen(fd, 1) < 0) || write(pipe_fd[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	(void)close(pipe_fd[1]);
	if (read(pipe_fd[0], &c, 1) != 1)
		c = 0;
	(void)close(pipe_fd[0]);
	return c == 'x' ? 0 : -1;
}

static void a_user_can_not_keep_it(void)
{
	struct err err = ERR_NONE;

	for (int listening = 0; getuid() == 0 && listening < 2; listening++) {
		pid_t pid;
		int fd = -1;

		T_EQ(squat(listening, &pid), 0);
		T_EQ(slot_net_take(SLOT, &fd, &err), 0);
		T_EQ(fd, -1);
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
	}
}

TEST_MAIN({ "a held slot is refused until it is let go",
            a_held_slot_is_refused_until_it_is_let_go },
          { "a user can't keep it", a_user_can_not_keep_it })
