/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/kspool.h"

#include <errno.h>
#include <stdlib.h>

#include "test.h"

static void put(struct kspool *s, unsigned i, size_t size, bool output)
{
	char *p = calloc(1, size + 16);
	struct str part[2] = { { p, 8 }, { p + 8, size } };

	(void)snprintf(p, 9, "%08u", i);
	memset(p + 8, 'a' + (int)(i % 26), size);
	kspool_put(s, part, 2, output);
	free(p);
}

/* The number of the next record, -1 if there is none; checks its bytes. */
static long take(struct kspool *s, struct buf *b, bool *after_drop)
{
	unsigned long i;
	struct str r;

	if (!kspool_take(s, b, after_drop))
		return -1;
	i = strtoul(buf_cstr(b), NULL, 10); /* ends where the letters begin */
	r = str_sub(buf_str(b), 8, buf_len(b));
	for (size_t k = 0; k < r.len; k++)
		T_EQ(r.ptr[k], 'a' + (int)(i % 26));
	return (long)i;
}

static void few_records_stay_in_memory(void)
{
	struct kspool s;
	struct buf b = BUF(1 << 20);
	int before = open_fds();
	bool dropped;

	kspool_init(&s, "/tmp", 1 << 20);
	T_OK(kspool_empty(&s));
	for (unsigned i = 0; i < 100; i++)
		put(&s, i, i, true);
	T_EQ(open_fds(), before);
	for (unsigned i = 0; i < 100; i++) {
		T_EQ(take(&s, &b, &dropped), i);
		T_OK(!dropped);
	}
	T_EQ(take(&s, &b, &dropped), -1);
	T_OK(kspool_empty(&s));
	kspool_fini(&s);
	buf_fini(&b);
}

/* In and out at different paces, through memory and file, in order. */
static void order_is_kept_through_the_file(void)
{
	struct kspool s;
	struct buf b = BUF(1 << 20);
	unsigned in = 0, out = 0, seed = 7;
	int before = open_fds();
	bool dropped;

	kspool_init(&s, "/tmp", 64 << 20);
	while (out < 20000) {
		seed = seed * 1103515245U + 12345U;
		if (in < 20000 && (seed >> 16) % 3)
			put(&s, in++, (seed >> 20) % 3000, true);
		else if (in > out)
			T_EQ(take(&s, &b, &dropped), out++);
	}
	put(&s, 1, 200000, true); /* larger than memory may be */
	put(&s, 2, 5, true);
	T_EQ(take(&s, &b, &dropped), 1);
	T_EQ(take(&s, &b, &dropped), 2);
	T_OK(kspool_empty(&s) && s.dropped == 0 && !s.lost);
	T_EQ(open_fds(), before);
	kspool_fini(&s);
	buf_fini(&b);
}

static void the_oldest_output_goes_and_the_rest_is_kept(void)
{
	struct kspool s;
	struct buf b = BUF(1 << 20);
	long last = -1, i;
	unsigned kept = 0, told = 0;
	bool dropped;

	kspool_init(&s, "/tmp", 1 << 20);
	for (unsigned n = 0; n < 10000; n++)
		put(&s, n, 1000, n % 100 != 0);
	T_OK(s.dropped > 8U << 20);
	T_OK(kspool_bytes(&s) <= (1U << 20) + KSPOOL_MEMORY + KSPOOL_KEPT);
	while ((i = take(&s, &b, &dropped)) >= 0) {
		T_OK(i > last);
		last = i;
		kept += i % 100 == 0;
		if (dropped) {
			told++;
			s.dropped = 0;
		}
	}
	T_EQ(last, 9999);
	T_EQ(kept, 100);
	T_EQ(told, 1);
	T_OK(!s.lost);
	kspool_fini(&s);
	buf_fini(&b);
}

static void without_a_disk_new_output_is_dropped_and_counted(void)
{
	struct kspool s;
	struct buf b = BUF(1 << 20);
	bool dropped;

	kspool_init(&s, "/no/such/folder", 1 << 20);
	for (unsigned n = 0; n < 1000; n++)
		put(&s, n, 1000, true);
	T_OK(s.dropped > 0 && !s.lost);
	while (kspool_take(&s, &b, &dropped))
		;
	T_OK(kspool_empty(&s));
	for (unsigned n = 0; n < 100; n++)
		put(&s, n, 1000, false);
	T_OK(s.lost);
	kspool_fini(&s);
	buf_fini(&b);
}

/* ---- what is on its way ---- */

static void mark(struct kspool *s, unsigned i, size_t size, uint64_t end)
{
	char *p = calloc(1, size + 16);
	struct str part[2] = { { p, 8 }, { p + 8, size } };

	(void)snprintf(p, 9, "%08u", i);
	memset(p + 8, 'a' + (int)(i % 26), size);
	kspool_mark(s, part, 2, true, end);
	free(p);
}

/* A line that breaks again and again: sizes of all kinds, each message is
 * delivered once, in order, however much of it the kernel had taken. */
static void what_did_not_arrive_comes_first_again(unsigned seed, size_t size_max)
{
	enum { ALL = 600 };
	unsigned in = 0, out = 0, broken = 0;
	struct buf b = BUF(8 << 20);
	int before = open_fds();
	struct kspool s, way;
	bool dropped;

	kspool_init(&s, "/tmp", 64 << 20);
	kspool_init(&way, "/tmp", 64 << 20);
	while (out < ALL) {
		unsigned sent = 0, arrive;

		for (unsigned k = (seed >> 16) % 40; k > 0 && in < ALL; k--) {
			seed = seed * 1103515245U + 12345U;
			put(&s, in++, (seed >> 8) % size_max, true);
		}
		/* Some are given to the socket, which takes the first of them. */
		seed = seed * 1103515245U + 12345U;
		for (unsigned k = (seed >> 16) % 30; k > 0; k--) {
			long i = take(&s, &b, &dropped);

			if (i < 0)
				break;
			T_EQ(i, out + sent);
			sent++;
			mark(&way, (unsigned)i, buf_len(&b) - 8, sent * 100);
		}
		arrive = sent ? (seed >> 4) % (sent + 1) : 0;
		kspool_put_back(&s, &way, arrive * 100 + (arrive < sent ? 99 : 0));
		T_OK(kspool_empty(&way));
		out += arrive;
		broken += arrive < sent;
	}
	T_OK(broken > 10);
	T_OK(kspool_empty(&s) && s.dropped == 0 && !s.lost);
	T_EQ(open_fds(), before);
	kspool_fini(&s);
	kspool_fini(&way);
	buf_fini(&b);
}

static void small_messages_come_again(void)
{
	for (unsigned seed = 1; seed < 20; seed++)
		what_did_not_arrive_comes_first_again(seed, 300);
}

static void large_messages_come_again(void)
{
	for (unsigned seed = 1; seed < 4; seed++) {
		what_did_not_arrive_comes_first_again(seed, 9000);
		what_did_not_arrive_comes_first_again(seed, 300000);
	}
}

/* What survived a dropping stays behind what comes again. */
static void what_was_kept_stays_in_its_place(void)
{
	struct buf b = BUF(1 << 20);
	struct kspool s, way;
	bool dropped;
	long i;

	kspool_init(&s, "/tmp", 1 << 20);
	kspool_init(&way, "/tmp", 1 << 20);
	for (unsigned n = 10; n < 3000; n++)
		put(&s, n, 1000, n % 100 != 0);
	T_OK(s.dropped > 0 && buf_len(&s.kept_) > 0);
	for (unsigned n = 0; n < 10; n++)
		mark(&way, n, 50000, n);
	kspool_put_back(&s, &way, 3);
	for (unsigned n = 4; n < 10; n++)
		T_EQ(take(&s, &b, &dropped), n);
	for (unsigned n = 100; n <= 1900; n += 100)
		T_EQ(take(&s, &b, &dropped), n);
	for (long last = 1900; (i = take(&s, &b, &dropped)) >= 0; last = i)
		T_OK(i > last);
	T_OK(kspool_empty(&s));
	kspool_fini(&s);
	kspool_fini(&way);
	buf_fini(&b);
}

TEST_MAIN({ "few records stay in memory", few_records_stay_in_memory },
          { "order is kept through the file", order_is_kept_through_the_file },
          { "the oldest output goes, and the rest is kept",
            the_oldest_output_goes_and_the_rest_is_kept },
          { "without a disk new output is dropped and counted",
            without_a_disk_new_output_is_dropped_and_counted },
          { "what did not arrive comes first again", small_messages_come_again },
          { "the same for messages of any size", large_messages_come_again },
          { "what was kept stays in its place", what_was_kept_stays_in_its_place })
