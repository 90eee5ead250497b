/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/runlog.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "test.h"

#define PARTS 7

struct seen {
	unsigned next, part, stop;
};

static void put(struct runlog *l, struct runlog_part *p, unsigned part, unsigned i, size_t n)
{
	char *s = malloc(n + 1);

	memset(s, 'a' + (int)((i + part) % 26), n + 1);
	T_EQ(runlog_add(l, p, i, (struct str){ s, n }), 0);
	free(s);
}

static int on_record(void *arg, unsigned type, struct str content)
{
	struct seen *s = arg;

	if (s->stop && s->next == s->stop)
		return 7;
	T_EQ(type, s->next++);
	for (size_t i = 0; i < content.len; i++)
		T_EQ(content.ptr[i], 'a' + (int)((type + s->part) % 26));
	return 0;
}

static void check(struct runlog *l, struct runlog_part *p, unsigned part, unsigned from,
                  unsigned to)
{
	struct seen s = { .next = from, .part = part };

	T_EQ(runlog_each(l, p, on_record, &s), 0);
	T_EQ(s.next, to);
}

static void records_come_back_in_order(void)
{
	struct runlog_part p[PARTS] = { 0 };
	int before = open_fds();
	struct runlog l;
	struct seen s = { .part = 1, .stop = 3 };

	runlog_init(&l, "/tmp");
	for (unsigned i = 0; i < 200; i++) {
		for (unsigned k = 0; k < PARTS; k++)
			put(&l, &p[k], k, i, (i * 37 + k) % 5000);
	}
	for (unsigned k = 0; k < PARTS; k++)
		check(&l, &p[k], k, 0, 200);
	T_EQ(runlog_each(&l, &p[1], on_record, &s), 7);
	T_EQ(s.next, 3);
	runlog_fini(&l);
	T_EQ(p[0].bytes, 0);
	T_EQ(l.live, 0);
	T_EQ(open_fds(), before);
}

/* However much has gone through it. */
static void space_is_given_back(void)
{
	struct runlog_part p[PARTS] = { 0 };
	struct runlog l;
	struct stat st;

	runlog_init(&l, "/tmp");
	put(&l, &p[0], 0, 0, 100000);
	for (unsigned round = 0; round < 100; round++) {
		unsigned k = 1 + round % (PARTS - 1);

		runlog_drop(&l, &p[k]);
		for (unsigned i = 0; i < 10; i++)
			put(&l, &p[k], k, i, 100000);
		check(&l, &p[k], k, 0, 10);
		T_OK(l.end_ <= l.live * 2 + (4U << 20) + 100008);
		T_EQ(fstat(l.fd_, &st), 0);
		T_OK((uint64_t)st.st_blocks * 512 <= l.end_ + 65536);
	}
	check(&l, &p[0], 0, 0, 1);
	for (unsigned k = 0; k < PARTS; k++) {
		runlog_drop(&l, &p[k]);
		runlog_drop(&l, &p[k]);
	}
	T_EQ(l.live, 0);
	runlog_fini(&l);
}

static void one_record_takes_the_place_of_all(void)
{
	struct runlog_part p = { 0 }, other = { 0 };
	struct runlog l;
	char *large = calloc(1, 6 << 20);

	runlog_init(&l, "/tmp");
	put(&l, &other, 3, 0, 10);
	T_EQ(runlog_add(&l, &p, 0, (struct str){ large, 6 << 20 }), 0);
	T_EQ(runlog_replace(&l, &p, 0, STR("aaa")), 0);
	put(&l, &p, 0, 1, 10);
	check(&l, &p, 0, 0, 2);
	check(&l, &other, 3, 0, 1);
	T_EQ(l.live, p.bytes + other.bytes);
	T_EQ(p.bytes, 8 + 3 + 8 + 10);
	runlog_fini(&l);
	free(large);
}

static void runs_that_take_turns_stay_readable(void)
{
	struct runlog_part p[2] = { 0 };
	struct runlog l;

	runlog_init(&l, "/tmp");
	for (unsigned i = 0; i < 10000; i++) {
		put(&l, &p[0], 0, i, 3);
		put(&l, &p[1], 1, i, 5);
	}
	T_OK(p[0].n_ <= 4097);
	check(&l, &p[0], 0, 0, 10000);
	check(&l, &p[1], 1, 0, 10000);
	runlog_fini(&l);
}

static void a_folder_that_is_not_there_is_an_error(void)
{
	struct runlog_part p = { 0 };
	struct runlog l;

	runlog_init(&l, "/nonexistent/folder");
	T_EQ(runlog_add(&l, &p, 0, STR("x")), -ENOENT);
	T_EQ(p.bytes, 0);
	runlog_fini(&l);
}

TEST_MAIN({ "records come back in order", records_come_back_in_order },
          { "space is given back", space_is_given_back },
          { "one record takes the place of all", one_record_takes_the_place_of_all },
          { "runs that take turns stay readable", runs_that_take_turns_stay_readable },
          { "a folder that is not there is an error", a_folder_that_is_not_there_is_an_error });
