/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/shimconf.h"

#include <errno.h>

#include "test.h"

static void sample(struct shim_conf *ret)
{
	static const struct shim_conf c = {
		.session = "s_01",
		.epoch = 3,
		.dir = "/run/a b/x",
		.socket_dir = "/s",
		.journal_dir = "/j",
		.log = "/l",
		.runtime = "/usr/bin/crun",
		.runtime_root = "/r",
		.image = "/i",
		.volume = "/v.img",
		.scratch = "/c.img",
		.files = "/f",
		.userns_base = 0xffff0000,
		.cpu_milli = 1500,
		.memory_bytes = 1ULL << 40,
		.pids = 512,
		.ifname = "cv00001",
		.host_ip = 0x0a560002,
		.idle_seconds = 60,
		.max_seconds = 0,
		.ready_seconds = 30,
		.calendar_at_boot_ns = 5ULL << 40,
		.lease_until_boot_ns = UINT64_MAX,
		.ncgroups = 2,
		.cgroup = { { 1, "cpu,cpuacct", "/sys/fs/cgroup/cpu/x y" },
		            { 2, "memory", "/sys/fs/cgroup/unified/x" } },
	};

	*ret = c;
}

static void test_conf_round_trip(void)
{
	static struct shim_conf a, b;
	struct buf text = BUF(SHIM_FILE_MAX), again = BUF(SHIM_FILE_MAX);

	sample(&a);
	shim_conf_put(&text, &a);
	T_EQ(shim_conf_get(buf_str(&text), &b, NULL), 0);
	shim_conf_put(&again, &b);
	T_STR(buf_str(&again), buf_str(&text));
	T_EQ(b.memory_bytes, 1ULL << 40);
	T_EQ(b.calendar_at_boot_ns, 5ULL << 40);
	T_EQ(b.lease_until_boot_ns, UINT64_MAX);
	T_STREQ(b.dir, "/run/a b/x");
	T_STREQ(b.cgroup[0].path, "/sys/fs/cgroup/cpu/x y");
	buf_fini(&text);
	buf_fini(&again);
}

static void test_state_round_trip(void)
{
	struct shim_state a = { .phase = "running",
		                .pid = 4711,
		                .start_time = 99,
		                .boot_id = "b",
		                .max_at_boot_ns = UINT64_MAX,
		                .calendar_at_boot_ns = 11,
		                .lease_until_boot_ns = 12 },
	                  b = { 0 };
	struct buf text = BUF(SHIM_FILE_MAX);

	shim_state_put(&text, &a);
	T_EQ(shim_state_get(buf_str(&text), &b, NULL), 0);
	T_EQ(b.pid, 4711);
	T_EQ(b.start_time, 99);
	T_EQ(b.max_at_boot_ns, UINT64_MAX);
	T_EQ(b.calendar_at_boot_ns, 11);
	T_EQ(b.lease_until_boot_ns, 12);
	T_STREQ(b.phase, "running");
	T_STREQ(b.stop_reason, "");
	buf_fini(&text);
}

/* A session that outlives an upgrade has files without the later clocks. */
static void test_state_of_before(void)
{
	struct shim_state b = { .lease_until_boot_ns = 3 };

	T_EQ(shim_state_get(STR("phase = ready\npid = 1\nstart_time = 2\nboot_id = b\n"
	                        "since_boot_ns = 4\nidle_seconds = 5\nmax_at_boot_ns = 6\n"
	                        "extend_until_boot_ns = 7\nstop_reason = \n"),
	                    &b, NULL),
	     0);
	T_EQ(b.extend_until_boot_ns, 7);
	T_EQ(b.calendar_at_boot_ns, 0);
	T_EQ(b.lease_until_boot_ns, 0);
}

static void test_refusals(void)
{
	static const struct {
		const char *find, *put;
	} cases[] = {
		{ "epoch = 3\n", "" },
		{ "epoch = 3\n", "epoch = 3\nepoch = 3\n" },
		{ "epoch = 3\n", "epoch = -3\n" },
		{ "epoch = 3\n", "epoch = 4294967296\n" },
		{ "epoch = 3\n", "epoch = 3\nfoo = 1\n" },
		{ "epoch = 3\n", "epoch = 3\nfoo\n" },
		{ "cgroup = 1 ", "cgroup = 3 " },
		{ "ifname = cv00001\n", "ifname = cv00001cv00001cv0\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		static struct shim_conf a, b;
		struct buf text = BUF(SHIM_FILE_MAX), bad = BUF(SHIM_FILE_MAX);
		struct str s, find = str_of(cases[i].find);
		size_t at;

		sample(&a);
		memset(&b, 0, sizeof(b));
		shim_conf_put(&text, &a);
		s = buf_str(&text);
		at = str_find(s, find);
		T_OK(at < s.len);
		buf_put_str(&bad, str_sub(s, 0, at));
		buf_put_z(&bad, cases[i].put);
		buf_put_str(&bad, str_sub(s, at + find.len, s.len));
		T_EQ(shim_conf_get(buf_str(&bad), &b, NULL), -EINVAL);
		T_EQ(b.epoch, 0);
		buf_fini(&text);
		buf_fini(&bad);
	}
}

TEST_MAIN({ "a shim's configuration survives the way through its file", test_conf_round_trip },
          { "a session's state survives the way through its file", test_state_round_trip },
          { "a state file without the later clocks is read", test_state_of_before },
          { "missing, repeated, unknown and oversized keys are refused", test_refusals })
