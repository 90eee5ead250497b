/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "shim/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "base/file.h"
#include "test.h"

static char tmp[64];

static void put(const char *name, const char *text)
{
	char path[512];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", tmp, name);
	fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	T_OK(fd >= 0);
	T_EQ(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static const char *got(const char *name)
{
	static char text[256];
	char path[512];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", tmp, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	T_OK(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	T_OK(n >= 0);
	text[n] = '\0';
	close(fd);
	return text;
}

static void folder(const char *name)
{
	char path[512];

	(void)snprintf(path, sizeof(path), "%s/%s", tmp, name);
	T_EQ(mkdir(path, 0700), 0);
}

static void add(struct shim_conf *c, unsigned version, const char *controllers,
                const char *name)
{
	struct shim_cgroup *g = &c->cgroup[c->ncgroups++];

	g->version = version;
	(void)snprintf(g->controllers, sizeof(g->controllers), "%s", controllers);
	(void)snprintf(g->path, sizeof(g->path), "%s/%s", tmp, name);
}

static void begin(void)
{
	(void)snprintf(tmp, sizeof(tmp), "/tmp/test-cgroup-XXXXXX");
	T_OK(mkdtemp(tmp));
}

static void end(void)
{
	T_EQ(file_remove_tree(AT_FDCWD, tmp, NULL), 0);
}

static void test_v1(void)
{
	struct shim_conf c = { .memory_bytes = 1 << 30, .cpu_milli = 500, .pids = 32 };
	struct cgroup_stats st;

	begin();
	for (size_t i = 0; i < 4; i++)
		folder(((const char *[]){ "memory", "cpu", "pids", "freezer" })[i]);
	add(&c, 1, "memory", "memory");
	add(&c, 1, "cpu,cpuacct", "cpu");
	add(&c, 1, "pids", "pids");
	add(&c, 1, "freezer", "freezer");
	put("memory/memory.limit_in_bytes", "");
	put("memory/memory.memsw.limit_in_bytes", "");
	put("cpu/cpu.cfs_period_us", "");
	put("cpu/cpu.cfs_quota_us", "");
	put("cpu/cpu.shares", "");
	put("pids/pids.max", "");
	put("freezer/freezer.state", "");
	T_EQ(cgroups_make(&c, NULL), 0);
	T_STREQ(got("memory/memory.limit_in_bytes"), "1073741824");
	T_STREQ(got("memory/memory.memsw.limit_in_bytes"), "1073741824");
	T_STREQ(got("cpu/cpu.cfs_quota_us"), "50000");
	T_STREQ(got("pids/pids.max"), "32");

	put("cpu/cpuacct.usage", "123456789\n");
	put("pids/pids.current", "7\n");
	put("memory/memory.usage_in_bytes", "5000\n");
	put("memory/memory.max_usage_in_bytes", "9000\n");
	put("memory/memory.stat", "cache 1\ninactive_file 7\ntotal_inactive_file 2000\n");
	put("memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
	cgroups_stats(&c, &st);
	T_EQ(st.cpu_ns, 123456789);
	T_EQ(st.pids, 7);
	T_EQ(st.memory_bytes, 3000);
	T_EQ(st.memory_peak_bytes, 9000);
	T_EQ(st.oom_kills, 3);

	cgroups_freeze(&c, true);
	T_STREQ(got("freezer/freezer.state"), "FROZEN");
	put("memory/cgroup.procs", "");
	T_OK(cgroups_empty(&c));
	put("pids/cgroup.procs", "4711\n4712\n");
	T_OK(!cgroups_empty(&c));
	end();
}

static void test_v2(void)
{
	struct shim_conf c = { .memory_bytes = 1 << 30, .cpu_milli = 2000, .pids = 64 };
	struct cgroup_stats st;

	begin();
	folder("s");
	add(&c, 2, "cpu,memory,pids", "s");
	put("s/memory.max", "");
	put("s/memory.swap.max", "");
	put("s/cpu.max", "");
	put("s/cpu.weight", "");
	put("s/pids.max", "");
	T_EQ(cgroups_make(&c, NULL), 0);
	T_STREQ(got("s/memory.max"), "1073741824");
	T_STREQ(got("s/memory.swap.max"), "0");
	T_STREQ(got("s/cpu.max"), "200000 100000");
	T_STREQ(got("s/cpu.weight"), "201");
	T_STREQ(got("s/pids.max"), "64");

	put("s/cpu.stat", "usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n");
	put("s/pids.current", "2\n");
	put("s/memory.current", "8192\n");
	put("s/memory.stat", "anon 1\ninactive_file 100000\n");
	put("s/memory.events", "low 0\nhigh 0\nmax 4\noom 1\noom_kill 1\noom_group_kill 0\n");
	cgroups_stats(&c, &st);
	T_EQ(st.cpu_ns, 1500000);
	T_EQ(st.memory_bytes, 0);
	T_EQ(st.memory_peak_bytes, 8192); /* a kernel without memory.peak */
	T_EQ(st.oom_kills, 1);
	end();
}

static void test_missing(void)
{
	struct shim_conf c = { .memory_bytes = 1 << 30, .cpu_milli = 2000, .pids = 64 };
	struct cgroup_stats st;
	struct err err = ERR_NONE;

	begin();
	add(&c, 2, "memory", "none/s");
	T_EQ(cgroups_make(&c, &err), -ENOENT);
	T_OK(err.msg[0]);
	cgroups_stats(&c, &st);
	T_EQ(st.cpu_ns, 0);
	T_OK(cgroups_empty(&c));
	T_EQ(cgroups_remove(&c), 0);
	end();
}

/* A real hierarchy, where there is one that we may write to. */
static void test_real_v2(void)
{
	static const char *const roots[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct shim_conf c = { .ncgroups = 1 };
	struct statfs fs;
	pid_t child;
	int status;

	for (size_t i = 0; i < ARRAY_LEN(roots) && !c.cgroup[0].path[0]; i++)
		if (statfs(roots[i], &fs) == 0 &&
		    (unsigned long)fs.f_type == CGROUP2_SUPER_MAGIC)
			(void)snprintf(c.cgroup[0].path, SHIM_PATH_MAX, "%s/test-carrel-%d",
			               roots[i], (int)getpid());
	c.cgroup[0].version = 2;
	if (!c.cgroup[0].path[0] || cgroups_make(&c, NULL) < 0)
		return; /* not here, or not for us */
	child = fork();
	if (child == 0)
		for (;;)
			(void)pause();
	T_EQ(cgroups_join(&c, child, NULL), 0);
	T_OK(!cgroups_empty(&c));
	T_EQ(cgroups_each(&c, NULL, NULL), 1);
	T_EQ(cgroups_remove(&c), -EBUSY);
	cgroups_freeze(&c, true);
	cgroups_kill(&c);
	cgroups_freeze(&c, false);
	T_EQ(waitpid(child, &status, 0), child);
	T_OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	T_OK(cgroups_empty(&c));
	T_EQ(cgroups_remove(&c), 0);
	T_OK(access(c.cgroup[0].path, F_OK) < 0);
}

TEST_MAIN({ "limits and statistics of a v1 host", test_v1 },
          { "a real v2 group is joined, frozen, killed and removed", test_real_v2 },
          { "limits and statistics of a v2 host", test_v2 },
          { "a hierarchy that is not there is an error to make, and empty", test_missing })
