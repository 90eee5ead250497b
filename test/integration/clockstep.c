/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A preloaded library in which the wall clock is an hour behind; every other
 * clock is the kernel's. For test_host.py: a host's clock that stepped back.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *t)
{
	int r = (int)syscall(SYS_clock_gettime, clock, t);

	if (r == 0 && clock == CLOCK_REALTIME)
		t->tv_sec -= 3600;
	return r;
}
