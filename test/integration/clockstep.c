/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A preloaded library in which the wall clock is an hour behind, or off by what
 * the file CLOCKSTEP_FILE says just now (seconds, as 8 bytes; 8 more are for the
 * clock since boot); every other clock is the kernel's. For hosts whose clock
 * steps, and for a month that has to be lived in a second.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *file(void)
{
	static const volatile int64_t *at;
	const char *path = at ? NULL : getenv("CLOCKSTEP_FILE");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		void *p = mmap(NULL, sizeof(*at), PROT_READ, MAP_SHARED, fd, 0);

		close(fd);
		if (p != MAP_FAILED)
			at = p;
	}
	return at;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int r = (int)syscall(SYS_clock_gettime, clock, t);

	if (r == 0 && clock == CLOCK_REALTIME)
		t->tv_sec += file() ? *file() : -3600;
	if (r == 0 && clock == CLOCK_BOOTTIME && file())
		t->tv_sec += file()[1];
	return r;
}
