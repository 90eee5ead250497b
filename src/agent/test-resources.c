/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "agent/resources.h"

#include <fcntl.h>
#include <stdio.h>

#include "base/file.h"
#include "test.h"

static char root[64];
static int rootfd;

static void setup(void)
{
	(void)snprintf(root, sizeof(root), "/tmp/test-resources-XXXXXX");
	T_OK(mkdtemp(root));
	rootfd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	T_OK(rootfd >= 0);
}

static void teardown(void)
{
	own_close(&rootfd);
	T_EQ(file_remove_tree(AT_FDCWD, root, NULL), 0);
}

static void put(const char *name, const char *text)
{
	char path[512], *slash;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	slash = strrchr(path, '/');
	*slash = '\0';
	T_EQ(file_mkdirs(path, 0700, NULL), 0);
	*slash = '/';
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	T_OK(fd >= 0);
	T_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

static void put_host(void)
{
	put("proc/stat", "cpu  100 10 20 4000 500 3 2 1 50 0\n"
	                 "cpu0 50 5 10 2000 250 1 1 0 0 0\n"
	                 "cpu1 50 5 10 2000 250 2 1 1 0 0\n"
	                 "intr 123 4 5\nctxt 99\n");
	put("proc/meminfo", "MemTotal:        8000000 kB\nMemFree:          100000 kB\n"
	                    "MemAvailable:    6000000 kB\n");
}

static void test_host(void)
{
	struct resources r;

	setup();
	put_host();
	put("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
	resources_read(rootfd, &r);
	T_EQ(r.cpu_milli, 2000);
	T_EQ(r.cpu_ns, 136 * (1000000000LL / sysconf(_SC_CLK_TCK)));
	T_EQ(r.memory_limit_bytes, 8000000LL * 1024);
	T_EQ(r.memory_bytes, 2000000LL * 1024);
	teardown();
}

static void test_v2(void)
{
	struct resources r;

	setup();
	put_host();
	put("sys/fs/cgroup/memory.max", "1073741824\n");
	put("sys/fs/cgroup/memory.current", "500000000\n");
	put("sys/fs/cgroup/memory.stat", "anon 1\ninactive_file 100000000\nactive_file 5\n");
	put("sys/fs/cgroup/cpu.stat", "usage_usec 1234567\nuser_usec 1\n");
	resources_read(rootfd, &r);
	T_EQ(r.cpu_ns, 1234567000);
	T_EQ(r.memory_limit_bytes, 1073741824);
	T_EQ(r.memory_bytes, 400000000);
	put("sys/fs/cgroup/memory.max", "max\n");
	resources_read(rootfd, &r);
	T_EQ(r.memory_limit_bytes, 8000000LL * 1024);
	teardown();
}

static void test_v1(void)
{
	struct resources r;

	setup();
	put_host();
	put("sys/fs/cgroup/memory/memory.limit_in_bytes", "2147483648\n");
	put("sys/fs/cgroup/memory/memory.usage_in_bytes", "1000\n");
	put("sys/fs/cgroup/memory/memory.stat", "inactive_file 5\ntotal_inactive_file 400\n");
	put("sys/fs/cgroup/cpuacct/cpuacct.usage", "777000000\n");
	resources_read(rootfd, &r);
	T_EQ(r.memory_limit_bytes, 2147483648);
	T_EQ(r.memory_bytes, 600);
	T_EQ(r.cpu_ns, 777000000);
	teardown();
}

static void test_nothing(void)
{
	struct buf b = BUF(4096);
	struct jsonw w = JSONW(&b);
	struct resources r;

	setup();
	put("proc/stat", "cpu x y\n");
	put("proc/meminfo", "MemTotal: many\nMemAvailable:\n");
	resources_read(rootfd, &r);
	jw_obj(&w);
	resources_put(&r, &w);
	jw_obj_end(&w);
	T_STREQ(buf_cstr(&b), "{\"cpu_ns\":null,\"cpu_milli\":null,\"measured_ns\":null,"
	                      "\"memory_bytes\":null,\"memory_limit_bytes\":null,"
	                      "\"disk_used_bytes\":null,\"disk_size_bytes\":null}");
	buf_fini(&b);
	teardown();
}

TEST_MAIN({ "without a limit, the host's numbers stand", test_host },
          { "a container sees its own cgroup, version 2", test_v2 },
          { "a container sees its own cgroup, version 1", test_v1 },
          { "what can't be read is null", test_nothing })
