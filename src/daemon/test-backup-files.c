/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "daemon/backup-files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/file.h"
#include "test.h"

static char tmp[64];
static int dir = -1;

static void begin(void)
{
	(void)snprintf(tmp, sizeof(tmp), "/tmp/test-backup-XXXXXX");
	T_OK(mkdtemp(tmp));
	dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	T_EQ(mkdirat(dir, "journal", 0700), 0);
	T_EQ(file_write_atomic(dir, "from", STR("one two three four"), 0600, NULL), 0);
}

static void end(void)
{
	own_close(&dir);
	T_EQ(file_remove_tree(AT_FDCWD, tmp, NULL), 0);
}

static bool exists(const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool is_text(const char *name, const char *text)
{
	struct buf b = BUF(4096);
	bool is = file_read(dir, name, &b, NULL) == 0 && str_is(buf_str(&b), text);

	buf_fini(&b);
	return is;
}

static void test_copy(void)
{
	char sum[65];
	uint64_t size;

	begin();
	T_EQ(backup_copy(dir, "from", dir, "journal/to", sum, &size, NULL), 0);
	T_EQ(size, 18);
	T_OK(is_text("journal/to", "one two three four"));
	T_OK(!exists("journal/.to.part"));
	T_EQ(backup_sync(dir, "journal", NULL), 0);
	T_EQ(backup_copy(dir, "nothing", dir, "journal/no", sum, &size, NULL), -ENOENT);
	T_EQ(symlinkat("from", dir, "link"), 0);
	T_OK(backup_copy(dir, "link", dir, "journal/no", sum, &size, NULL) < 0);
	T_OK(!exists("journal/no"));
	end();
}

/* The half of a journal would be taken for a whole one ever after. */
static void test_cut_short(void)
{
	struct rlimit had, five = { 5, 5 };
	char sum[65];
	uint64_t size;

	begin();
	T_EQ(getrlimit(RLIMIT_FSIZE, &had), 0);
	five.rlim_max = had.rlim_max;
	(void)signal(SIGXFSZ, SIG_IGN);
	T_EQ(setrlimit(RLIMIT_FSIZE, &five), 0);
	T_EQ(backup_copy(dir, "from", dir, "journal/to", sum, &size, NULL), -EFBIG);
	T_EQ(setrlimit(RLIMIT_FSIZE, &had), 0);
	T_OK(!exists("journal/to") && !exists("journal/.to.part"));

	/* One that was killed there is in nobody's way. */
	T_EQ(file_write_atomic(dir, "journal/.to.part", STR("one t"), 0600, NULL), 0);
	T_EQ(backup_copy(dir, "from", dir, "journal/to", sum, &size, NULL), 0);
	T_OK(is_text("journal/to", "one two three four") && !exists("journal/.to.part"));
	end();
}

static int count(const char *name, void *arg, struct err *err)
{
	++*(unsigned *)arg;
	return 0;
}

static void test_each(void)
{
	unsigned n = 0;

	begin();
	T_EQ(file_write_atomic(dir, "journal/a.journal", STR("a"), 0600, NULL), 0);
	T_EQ(file_write_atomic(dir, "journal/.b.journal.part", STR("b"), 0600, NULL), 0);
	T_EQ(backup_each(dir, "journal", count, &n, NULL), 0);
	T_EQ(n, 1);
	T_EQ(backup_each(dir, "missing", count, &n, NULL), 0);
	T_EQ(n, 1);
	end();
}

static void test_store(void)
{
	static const char *const names[] = { "s.db", "s.db-journal", "s.db-wal", "s.db-shm" };

	begin();
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		T_EQ(file_write_atomic(dir, names[i], STR("x"), 0600, NULL), 0);
	T_EQ(backup_move(dir, "s.db", dir, "journal/s.db", NULL), 0);
	T_OK(!exists("s.db") && exists("journal/s.db"));
	backup_drop_store(dir, "s.db");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		T_OK(!exists(names[i]));
	end();
}

TEST_MAIN({ "a file is copied, and no link followed", test_copy },
          { "a copy that is cut short has no name", test_cut_short },
          { "what was left unfinished is in no backup", test_each },
          { "a store goes with what lies beside it", test_store })
