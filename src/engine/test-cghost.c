/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/cghost.h"

#include <errno.h>
#include <stdlib.h>

#include "test.h"

static const char hybrid_mounts[] =
    "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
    "40 30 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "41 30 0:31 / /sys/fs/cgroup/memory rw,relatime shared:10 - cgroup cgroup rw,memory\n"
    "42 30 0:32 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    "43 30 0:33 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n"
    "44 30 0:34 / /sys/fs/cgroup/blkio rw - cgroup cgroup rw,blkio\n"
    "45 30 0:35 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
    "46 30 0:36 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
    "47 30 0:31 / /mnt/again rw - cgroup cgroup rw,memory\n";

static void test_hybrid(void)
{
	struct cghost *h = calloc(1, sizeof(*h));

	T_EQ(cghost_parse(str_of(hybrid_mounts),
	                  STR("9:name=systemd:/a\n4:memory:/x/y\n3:pids:/\n1:cpu,cpuacct:/z\n"
	                      "0::/u\n"),
	                  "0123abcd", h, NULL),
	     0);
	T_EQ(h->n, 4);
	T_STREQ(h->base[0].controllers, "cpu,cpuacct");
	T_STREQ(h->base[0].path, "/sys/fs/cgroup/cpu,cpuacct/z/carrel-0123abcd");
	T_STREQ(h->base[1].path, "/sys/fs/cgroup/memory/x/y/carrel-0123abcd");
	T_STREQ(h->base[2].path, "/sys/fs/cgroup/pids/carrel-0123abcd");
	T_STREQ(h->base[3].controllers, "freezer");
	T_EQ(h->base[3].version, 1);
	free(h);
}

static void test_v2(void)
{
	struct str mounts =
	    STR("30 1 0:25 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw\n");
	struct str self = STR("0::/system.slice/carreld.service\n");
	struct shim_conf *c = calloc(1, sizeof(*c));
	struct cghost *h = calloc(1, sizeof(*h));

	T_EQ(cghost_parse(mounts, self, "i", h, NULL), 0);
	T_EQ(h->n, 1);
	T_EQ(h->base[0].version, 2);
	T_STREQ(h->base[0].controllers, "cpu,memory,pids");
	T_STREQ(h->base[0].path, "/sys/fs/cgroup/carrel-i");
	cghost_session(h, "s_1-1", c);
	T_EQ(c->ncgroups, 1);
	T_STREQ(c->cgroup[0].path, "/sys/fs/cgroup/carrel-i/s_1-1");
	free(h);
	free(c);
}

static void test_container(void)
{
	struct cghost *h = calloc(1, sizeof(*h));

	/* a mount that shows only what is below our own container's group */
	T_EQ(cghost_parse(STR("30 1 0:25 /docker/a /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
	                  STR("0::/docker/a/x\n"), "i", h, NULL),
	     0);
	T_STREQ(h->base[0].path, "/sys/fs/cgroup/carrel-i");
	free(h);
}

static void test_none(void)
{
	struct cghost *h = calloc(1, sizeof(*h));

	T_EQ(cghost_parse(STR("22 27 0:21 / /proc rw - proc proc rw\nnonsense\n"), STR(""), "i",
	                  h, NULL),
	     -ENOENT);
	free(h);
}

TEST_MAIN({ "a hybrid host has one group in each v1 hierarchy", test_hybrid },
          { "a v2 host has one group in all", test_v2 },
          { "a mount of a part is seen from that part", test_container },
          { "a host without cgroups is refused", test_none })
