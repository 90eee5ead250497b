/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "shim/jfile.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "test.h"

static char tmp[64];

static struct journal_rec rec(enum journal_kind kind, uint64_t at)
{
	struct journal_rec r = { .session = "s_1",
		                 .epoch = 2,
		                 .kind = kind,
		                 .boottime_ns = at,
		                 .boot_id = "b",
		                 .exit_status = -1 };

	return r;
}

static void begin(struct jfile *j)
{
	(void)snprintf(tmp, sizeof(tmp), "/tmp/test-jfile-XXXXXX");
	T_OK(mkdtemp(tmp));
	T_EQ(jfile_open(j, tmp, "s_1", 2, NULL), 0);
}

static void end(struct jfile *j)
{
	jfile_close(j);
	T_EQ(file_remove_tree(AT_FDCWD, tmp, NULL), 0);
}

static void test_append(void)
{
	struct journal_rec a = rec(JOURNAL_START, 5), b = rec(JOURNAL_STOP, 9);
	struct jfile j;

	begin(&j);
	T_EQ(j.records, 0);
	T_OK(!j.running);
	T_EQ(jfile_append(&j, &a, NULL), 0);
	T_OK(j.running);
	jfile_close(&j);
	T_EQ(jfile_open(&j, tmp, "s_1", 2, NULL), 0);
	T_EQ(j.records, 1);
	T_OK(j.running);
	T_EQ(j.last.boottime_ns, 5);
	T_EQ(jfile_append(&j, &b, NULL), 0);
	T_EQ(b.seq, 1);
	jfile_close(&j);
	T_EQ(jfile_open(&j, tmp, "s_1", 2, NULL), 0);
	T_EQ(j.records, 2);
	T_OK(!j.running);
	end(&j);
}

static void test_torn(void)
{
	struct journal_rec a = rec(JOURNAL_START, 5), b = rec(JOURNAL_STOP, 9);
	struct jfile j;

	begin(&j);
	T_EQ(jfile_append(&j, &a, NULL), 0);
	T_EQ(pwrite(j.fd, "CRLJ half of a record", 21, JOURNAL_RECORD), 21);
	jfile_close(&j);
	T_EQ(jfile_open(&j, tmp, "s_1", 2, NULL), 0);
	T_EQ(j.records, 1);
	T_EQ(jfile_append(&j, &b, NULL), 0);
	jfile_close(&j);
	T_EQ(jfile_open(&j, tmp, "s_1", 2, NULL), 0);
	T_EQ(j.records, 2);
	T_EQ(j.last.boottime_ns, 9);
	end(&j);
}

static void test_beat(void)
{
	struct journal_rec a = rec(JOURNAL_START, 5), b = rec(JOURNAL_BEAT, 7), got;
	struct jfile j;

	begin(&j);
	T_EQ(jfile_append(&j, &a, NULL), 0);
	T_OK(!jfile_last_beat(&j, &got));
	T_EQ(jfile_beat(&j, &b, NULL), 0);
	T_OK(jfile_last_beat(&j, &got));
	T_EQ(got.boottime_ns, 7);
	b.boottime_ns = 4; /* of an earlier stretch */
	T_EQ(jfile_beat(&j, &b, NULL), 0);
	T_OK(!jfile_last_beat(&j, &got));
	b.boottime_ns = 8;
	b.boot_id[0] = 'c'; /* of another boot */
	T_EQ(jfile_beat(&j, &b, NULL), 0);
	T_OK(!jfile_last_beat(&j, &got));
	end(&j);
}

static void put_in_done(void)
{
	int at = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	T_EQ(mkdirat(at, "done", 0700), 0);
	T_EQ(renameat(at, "s_1-2.beat", at, "done/s_1-2.beat"), 0);
	T_EQ(renameat(at, "s_1-2.journal", at, "done/s_1-2.journal"), 0);
	T_OK(close(at) == 0);
}

static void test_acknowledged(void)
{
	struct journal_rec a = rec(JOURNAL_START, 5), b = rec(JOURNAL_STOP, 9);
	char path[128];
	struct jfile j;

	begin(&j);
	T_EQ(jfile_append(&j, &a, NULL), 0);
	T_EQ(jfile_append(&j, &b, NULL), 0);
	jfile_close(&j);
	put_in_done();
	T_EQ(jfile_open(&j, tmp, "s_1", 2, NULL), 0);
	T_OK(jfile_has_ended(&j));
	T_EQ(j.last.boottime_ns, 9);
	(void)snprintf(path, sizeof(path), "%s/s_1-2.journal", tmp);
	T_OK(access(path, F_OK) < 0);
	(void)snprintf(path, sizeof(path), "%s/s_1-2.beat", tmp);
	T_OK(access(path, F_OK) < 0);
	end(&j);
}

TEST_MAIN({ "records are appended, and found again", test_append },
          { "a torn record does not count and is overwritten", test_torn },
          { "only a beat of the same run and boot bounds it", test_beat },
          { "a run that is acknowledged gets no second journal", test_acknowledged })
