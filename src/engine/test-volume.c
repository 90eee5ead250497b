/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>

#include "base/file.h"
#include "test.h"

#define MIB (1ULL << 20)

static char tmp[64];

static void begin(void)
{
	(void)snprintf(tmp, sizeof(tmp), "/tmp/test-volume-XXXXXX");
	T_OK(mkdtemp(tmp));
}

static void end(void)
{
	T_EQ(file_remove_tree(AT_FDCWD, tmp, NULL), 0);
}

static void test_life(void)
{
	struct volume_stat st;
	char path[VOLUME_PATH_MAX];
	int fd;

	begin();
	T_EQ(volume_create(tmp, "v_1", 64 * MIB, NULL), 0);
	T_EQ(volume_create(tmp, "v_1", 32 * MIB, NULL), 0);
	T_EQ(volume_stat(tmp, "v_1", &st, NULL), 0);
	T_EQ(st.size_bytes, 64 * MIB);
	T_OK(st.used_bytes > 0 && st.used_bytes < 16 * MIB);
	T_OK(st.allocated_bytes < 16 * MIB);
	T_EQ(volume_grow(tmp, "v_1", 128 * MIB, NULL), 0);
	T_EQ(volume_grow(tmp, "v_1", 128 * MIB, NULL), 0);
	T_EQ(volume_stat(tmp, "v_1", &st, NULL), 0);
	T_EQ(st.size_bytes, 128 * MIB);

	volume_path(tmp, "v_1", path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	T_EQ(flock(fd, LOCK_EX), 0);
	T_EQ(volume_grow(tmp, "v_1", 256 * MIB, NULL), -EBUSY);
	T_EQ(volume_delete(tmp, "v_1", NULL), -EBUSY);
	close(fd);
	T_EQ(volume_delete(tmp, "v_1", NULL), 0);
	T_EQ(volume_delete(tmp, "v_1", NULL), 0);
	T_EQ(volume_stat(tmp, "v_1", &st, NULL), -ENOENT);
	T_EQ(volume_grow(tmp, "v_1", 256 * MIB, NULL), -ENOENT);
	end();
}

static void test_pool(void)
{
	struct pool_space p;

	begin();
	T_EQ(volume_create(tmp, "v_1", 64 * MIB, NULL), 0);
	T_EQ(volume_create(tmp, "v_2", 32 * MIB, NULL), 0);
	T_EQ(volume_pool(tmp, &p, NULL), 0);
	T_EQ(p.promised_bytes, 96 * MIB);
	T_OK(p.allocated_bytes < 32 * MIB);
	end();
}

static void test_admission(void)
{
	static const struct {
		struct pool_space p;
		uint64_t more, pct;
		int r;
	} cases[] = {
		{ { 0, 1000, 0, 0 }, 1000, 100, 0 },
		{ { 0, 1000, 0, 0 }, 1001, 100, -ENOSPC },
		{ { 0, 1000, 500, 100 }, 600, 100, 0 },
		{ { 0, 1000, 500, 100 }, 601, 100, -ENOSPC },
		{ { 0, 1000, 500, 100 }, 1700, 200, 0 },
		{ { 0, 1000, 5000, 100 }, 1, 100, -ENOSPC },
		{ { 0, 1000, 500, 100 }, UINT64_MAX, 100, -ENOSPC },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		T_EQ(volume_admit(&cases[i].p, cases[i].more, cases[i].pct, NULL), cases[i].r);
}

TEST_MAIN({ "a volume is made, grown, held and deleted, each time again harmlessly",
            test_life },
          { "the pool knows what it promised", test_pool },
          { "no more is promised than the pool can hold", test_admission })
