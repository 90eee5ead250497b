/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/proc.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "test.h"

static void test_start_time(void)
{
	uint64_t start = proc_start_time(getpid());
	int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

	T_OK(start > 0);
	T_EQ(proc_start_time_at(proc), start);
	T_EQ(proc_start_time(0x7ffffffe), 0);
	T_EQ(proc_start_time_at(-1), 0);
	(void)close(proc);
}

static void test_any_name(void)
{
	uint64_t start = proc_start_time(getpid());

	T_EQ(prctl(PR_SET_NAME, ") R 1 2 3 (x)"), 0);
	T_EQ(proc_start_time(getpid()), start);
}

static void test_a_later_one(void)
{
	T_OK(proc_start_time(1) <= proc_start_time(getpid()));
}

TEST_MAIN({ "a process has a start time", test_start_time },
          { "its name may hold anything", test_any_name },
          { "the first process started first", test_a_later_one })
