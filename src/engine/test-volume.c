/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>

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
	T_EQ(volume_create(tmp, "v_1", 64 * MIB, 100, NULL), 0);
	T_EQ(volume_create(tmp, "v_1", 32 * MIB, 100, NULL), 0);
	T_EQ(volume_stat(tmp, "v_1", &st, NULL), 0);
	T_EQ(st.size_bytes, 64 * MIB);
	T_OK(st.used_bytes > 0 && st.used_bytes < 16 * MIB);
	T_OK(st.allocated_bytes < 16 * MIB);
	T_EQ(volume_grow(tmp, "v_1", 128 * MIB, 100, NULL), 0);
	T_EQ(volume_grow(tmp, "v_1", 128 * MIB, 100, NULL), 0);
	T_EQ(volume_stat(tmp, "v_1", &st, NULL), 0);
	T_EQ(st.size_bytes, 128 * MIB);

	volume_path(tmp, "v_1", path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	T_EQ(flock(fd, LOCK_EX), 0);
	T_EQ(volume_grow(tmp, "v_1", 256 * MIB, 100, NULL), -EBUSY);
	T_EQ(volume_delete(tmp, "v_1", NULL), -EBUSY);
	close(fd);
	T_EQ(volume_delete(tmp, "v_1", NULL), 0);
	T_EQ(volume_delete(tmp, "v_1", NULL), 0);
	T_EQ(volume_stat(tmp, "v_1", &st, NULL), -ENOENT);
	T_EQ(volume_grow(tmp, "v_1", 256 * MIB, 100, NULL), -ENOENT);
	end();
}

static void test_pool(void)
{
	struct pool_space p;

	begin();
	T_EQ(volume_create(tmp, "v_1", 64 * MIB, 100, NULL), 0);
	T_EQ(volume_create(tmp, "v_2", 32 * MIB, 100, NULL), 0);
	T_EQ(volume_pool(tmp, &p, NULL), 0);
	T_EQ(p.promised_bytes, 96 * MIB);
	T_OK(p.allocated_bytes < 32 * MIB);
	end();
}

static void test_promises(void)
{
	struct pool_space p;
	uint64_t room;

	begin();
	T_EQ(volume_create(tmp, "v_1", 64 * MIB, 100, NULL), 0);
	T_EQ(volume_pool(tmp, &p, NULL), 0);
	room = volume_limit(&p, 100);
	T_EQ(volume_create(tmp, "v_2", room, 100, NULL), -ENOSPC);
	T_EQ(volume_grow(tmp, "v_1", room + 64 * MIB, 100, NULL), -ENOSPC);
	T_EQ(volume_create(tmp, "v_1", room, 100, NULL), 0); /* there already */
	T_EQ(volume_pool(tmp, &p, NULL), 0);
	T_EQ(p.promised_bytes, 64 * MIB); /* nothing half made counts */
	end();
}

/* A program of ours in the place of one that volume.c runs. */
static void fake(const char *name, const char *script)
{
	char path[128], text[512];

	(void)snprintf(path, sizeof(path), "%s/%s", tmp, name);
	(void)snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", script);
	T_EQ(file_write_atomic(AT_FDCWD, path, str_of(text), 0755, NULL), 0);
}

static bool is_locked(const char *path)
{
	autoclose int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
}

static bool comes(bool (*is)(const char *path), bool want, const char *path)
{
	for (unsigned i = 0; i < 500; i++) {
		if (is(path) == want)
			return true;
		(void)poll(NULL, 0, 20);
	}
	return false;
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Two that write one image at the same time would be its end. */
static void test_lock_outlives_us(void)
{
	char path[VOLUME_PATH_MAX], begun[128], done[128], script[300];
	char *search = strdup(getenv("PATH"));
	pid_t pid;

	begin();
	T_EQ(volume_create(tmp, "v_1", 64 * MIB, 100, NULL), 0);
	volume_path(tmp, "v_1", path);
	(void)snprintf(begun, sizeof(begun), "%s/begun", tmp);
	(void)snprintf(done, sizeof(done), "%s/done", tmp);
	(void)snprintf(script, sizeof(script), ": > %s; while [ ! -e %s ]; do sleep 0.1; done",
	               begun, done);
	fake("e2fsck", script);
	(void)setenv("PATH", tmp, 1);
	pid = fork();
	if (pid == 0)
		_exit(volume_grow(tmp, "v_1", 128 * MIB, 100, NULL) < 0);
	T_OK(comes(exists, true, begun));
	T_EQ(kill(pid, SIGKILL), 0);
	T_EQ(waitpid(pid, NULL, 0), pid);
	T_OK(is_locked(path));
	T_EQ(volume_grow(tmp, "v_1", 128 * MIB, 100, NULL), -EBUSY);
	T_EQ(file_write_atomic(AT_FDCWD, done, STR("."), 0644, NULL), 0);
	T_OK(comes(is_locked, false, path));
	(void)setenv("PATH", search, 1);
	T_EQ(volume_grow(tmp, "v_1", 128 * MIB, 100, NULL), 0);
	free(search);
	end();
}

static void test_mended(void)
{
	char *search = strdup(getenv("PATH"));

	begin();
	T_EQ(volume_create(tmp, "v_1", 64 * MIB, 100, NULL), 0);
	fake("resize2fs", "exit 0");
	(void)setenv("PATH", tmp, 1);
	fake("e2fsck", "echo FILE SYSTEM WAS MODIFIED; exit 1");
	T_EQ(volume_grow(tmp, "v_1", 128 * MIB, 100, NULL), 0);
	fake("e2fsck", "echo UNEXPECTED INCONSISTENCY; exit 4");
	T_EQ(volume_grow(tmp, "v_1", 128 * MIB, 100, NULL), -EIO);
	fake("e2fsck", "exit 0");
	fake("resize2fs", "exit 1");
	T_EQ(volume_grow(tmp, "v_1", 128 * MIB, 100, NULL), -EIO);
	(void)setenv("PATH", search, 1);
	free(search);
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
          { "no volume is made or grown that can't be promised", test_promises },
          { "an image stays locked while a program works on it", test_lock_outlives_us },
          { "a file system that was mended is grown", test_mended },
          { "no more is promised than the pool can hold", test_admission })
