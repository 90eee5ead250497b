/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "engine/journals.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "test.h"

static char tmp[64];

static void begin(void)
{
	char path[128];

	(void)snprintf(tmp, sizeof(tmp), "/tmp/test-journals-XXXXXX");
	T_OK(mkdtemp(tmp));
	(void)snprintf(path, sizeof(path), "%s/done", tmp);
	T_EQ(mkdir(path, 0700), 0);
}

static void end(void)
{
	T_EQ(file_remove_tree(AT_FDCWD, tmp, NULL), 0);
}

static void put(const char *key, uint32_t seq, enum journal_kind kind)
{
	struct journal_rec r = { .session = "s_1",
		                 .epoch = 1,
		                 .seq = seq,
		                 .kind = kind,
		                 .boot_id = "b",
		                 .exit_status = -1 };
	uint8_t bytes[JOURNAL_RECORD];
	char path[256];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s.journal", tmp, key);
	journal_encode(&r, bytes);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	T_EQ(pwrite(fd, bytes, sizeof(bytes), seq * JOURNAL_RECORD), JOURNAL_RECORD);
	close(fd);
}

static void count(const struct journal_rec *r, void *arg)
{
	(*(int *)arg)++;
}

static void test_run(void)
{
	int n = 0;

	begin();
	T_EQ(journals_run(tmp, "s_1-1", count, &n), -ENOENT);
	put("s_1-1", 0, JOURNAL_START);
	T_OK(journals_is_running(tmp, "s_1-1"));
	T_EQ(journals_ack(tmp, "s_1-1", NULL), -EBUSY);
	put("s_1-1", 1, JOURNAL_STOP);
	T_OK(!journals_is_running(tmp, "s_1-1"));
	put("s_2-1", 0, JOURNAL_START);
	journals_each(tmp, count, &n);
	T_EQ(n, 3);
	T_EQ(journals_ack(tmp, "s_1-1", NULL), 0);
	T_EQ(journals_ack(tmp, "s_1-1", NULL), 0);
	T_OK(journals_exist(tmp, "s_1-1"));
	T_OK(!journals_exist(tmp, "s_1-2"));
	n = 0;
	journals_each(tmp, count, &n);
	T_EQ(n, 1);
	end();
}

static off_t size_of(const char *name)
{
	char path[256];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/done/%s", tmp, name);
	return stat(path, &st) < 0 ? -errno : st.st_size;
}

static void test_twice(void)
{
	begin();
	put("s_1-1", 0, JOURNAL_START);
	put("s_1-1", 1, JOURNAL_STOP);
	put("s_1-1", 2, JOURNAL_STOP);
	T_EQ(journals_ack(tmp, "s_1-1", NULL), 0);
	put("s_1-1", 0, JOURNAL_STOP);
	T_EQ(journals_ack(tmp, "s_1-1", NULL), 0);
	T_EQ(size_of("s_1-1.journal"), 3 * JOURNAL_RECORD);
	T_EQ(size_of("s_1-1.journal.again"), JOURNAL_RECORD);
	end();
}

static void test_keys(void)
{
	struct str s = STR_NONE;
	uint32_t epoch = 9;

	T_EQ(journals_split_key(STR("s_01-3"), &s, &epoch), 0);
	T_STR(s, STR("s_01"));
	T_EQ(epoch, 3);
	T_EQ(journals_split_key(STR("s-2-4294967295"), &s, &epoch), 0);
	T_STR(s, STR("s-2"));
	T_EQ(journals_split_key(STR("s_01-"), &s, &epoch), -EINVAL);
	T_EQ(journals_split_key(STR("s_01"), &s, &epoch), -EINVAL);
	T_EQ(journals_split_key(STR("-1"), &s, &epoch), -EINVAL);
	T_EQ(journals_split_key(STR("s-4294967296"), &s, &epoch), -EINVAL);
}

TEST_MAIN({ "a run is read, and acknowledged once it has ended", test_run },
          { "an acknowledged journal is never replaced", test_twice },
          { "keys name session and epoch", test_keys })
