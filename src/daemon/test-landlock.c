/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static char folder[] = "/tmp/carrel-landlock-XXXXXX";

static bool can_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* In a child: what is beneath stays open, the rest of the system does not. */
static int child(void)
{
	const char *const folders[] = { folder, NULL };
	const char *const readable[] = { "/dev/urandom", NULL };
	char path[64], other[64];
	int r;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 1;
	r = landlock_restrict(folders, readable, NULL);
	if (r < 0)
		return r == -EOPNOTSUPP ? 77 : 2;
	(void)snprintf(path, sizeof(path), "%s/a", folder);
	(void)snprintf(other, sizeof(other), "%s/b", folder);
	if (!can_open(path, O_RDWR | O_CREAT) || rename(path, other) < 0 || unlink(other) < 0)
		return 3;
	if (!can_open("/dev/urandom", O_RDONLY) || can_open("/dev/urandom", O_WRONLY))
		return 4;
	if (can_open("/etc/passwd", O_RDONLY) || can_open("/tmp", O_RDONLY | O_DIRECTORY))
		return 5;
	return mkdir("/tmp/carrel-landlock-no", 0700) == 0 ? 6 : 0;
}

static void only_the_folder_and_the_listed_files_stay_open(void)
{
	int status;
	pid_t pid;

	T_OK(mkdtemp(folder) != NULL);
	pid = fork();
	if (pid == 0)
		_exit(child());
	T_EQ(waitpid(pid, &status, 0), pid);
	(void)rmdir(folder);
	T_OK(WIFEXITED(status));
	if (WEXITSTATUS(status) != 77) /* a kernel without Landlock */
		T_EQ(WEXITSTATUS(status), 0);
}

TEST_MAIN({ "only the folder and the listed files stay open",
            only_the_folder_and_the_listed_files_stay_open })
