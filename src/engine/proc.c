/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/file.h"

#define SEARCH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static int memory_file(struct str content, struct err *err)
{
	autoclose int fd = memfd_create("input", MFD_CLOEXEC);
	int r;

	if (fd < 0)
		return ERR(err, -errno, "can't make a memory file: %m");
	r = file_write_all(fd, content, err);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = ERR(err, -errno, "can't rewind a memory file: %m");
	return r < 0 ? r : steal_fd(&fd);
}

static int spawn(const char *const *argv, int in, int out, pid_t *ret)
{
	static const char *const env[] = { SEARCH, "LC_ALL=C.UTF-8", NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int r;

	(void)sigemptyset(&none);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawn_file_actions_init(&files);
	(void)posix_spawn_file_actions_adddup2(&files, in, 0);
	(void)posix_spawn_file_actions_adddup2(&files, out, 1);
	(void)posix_spawn_file_actions_adddup2(&files, out, 2);
	(void)posix_spawn_file_actions_addclosefrom_np(&files, 3);
	r = posix_spawnp(ret, argv[0], &files, &attr, (char *const *)(const void *)argv,
	                 (char *const *)(const void *)env);
	(void)posix_spawn_file_actions_destroy(&files);
	(void)posix_spawnattr_destroy(&attr);
	return -r;
}

static void last_line(int fd, char *ret, size_t n)
{
	char text[4096];
	off_t size = lseek(fd, 0, SEEK_END);
	off_t from = size > (off_t)sizeof(text) ? size - (off_t)sizeof(text) : 0;
	ssize_t got = pread(fd, text, sizeof(text), from);
	struct str rest = { text, got > 0 ? (size_t)got : 0 }, line, last = STR("no output");

	while (str_split(&rest, '\n', &line))
		if (str_trim(line).len > 0)
			last = line;
	(void)snprintf(ret, n, "%.*s", STR_ARG(last));
}

static int run(const char *const *argv, int in, int out, int most, struct err *err)
{
	char line[160];
	int status, r;
	pid_t pid;

	r = spawn(argv, in, out, &pid);
	if (r < 0)
		return ERR(err, r, "can't run %s: %s; is it installed?", argv[0], strerror(-r));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return ERR(err, -errno, "can't wait for %s: %m", argv[0]);
	if (WIFEXITED(status) && WEXITSTATUS(status) <= most)
		return 0;
	last_line(out, line, sizeof(line));
	return ERR(err, -EIO, "%s failed: %s", argv[0], line);
}

int proc_run(const char *const *argv, struct str input, struct err *err)
{
	autoclose int in = memory_file(input, err);
	autoclose int out = memory_file(STR_NONE, err);

	if (in < 0 || out < 0)
		return in < 0 ? in : out;
	return run(argv, in, out, 0, err);
}

int proc_run_on(const char *const *argv, int in, int most, struct err *err)
{
	autoclose int out = memory_file(STR_NONE, err);

	return out < 0 ? out : run(argv, in, out, most, err);
}

int proc_read(const char *const *argv, struct buf *ret, struct err *err)
{
	autoclose int in = memory_file(STR_NONE, err);
	autoclose int out = memory_file(STR_NONE, err);
	char text[4096];
	off_t at = 0;
	ssize_t n;
	int r;

	if (in < 0 || out < 0)
		return in < 0 ? in : out;
	r = run(argv, in, out, 0, err);
	while (r == 0 && (n = pread(out, text, sizeof(text), at)) > 0) {
		at += n;
		buf_put(ret, text, (size_t)n);
		r = buf_error(ret);
	}
	return r;
}
