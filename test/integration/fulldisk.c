/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A preloaded library in which the disk is full as long as the file named by
 * FULLDISK is there: nothing can be written to a regular file. Programs that
 * are started from the one it is loaded into are left alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *marker;

__attribute__((constructor)) static void start(void)
{
	marker = getenv("FULLDISK");
	unsetenv("LD_PRELOAD");
}

static bool is_full(int fd)
{
	struct stat st;

	if (fd <= 2 || !marker || access(marker, F_OK) < 0 || fstat(fd, &st) < 0 ||
	    !S_ISREG(st.st_mode))
		return false;
	errno = ENOSPC;
	return true;
}

ssize_t write(int fd, const void *p, size_t n)
{
	return is_full(fd) ? -1 : syscall(SYS_write, fd, p, n);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
	return is_full(fd) ? -1 : syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t at)
{
	return is_full(fd) ? -1 : syscall(SYS_pwritev, fd, v, (long)n, (long)at, 0L);
}
