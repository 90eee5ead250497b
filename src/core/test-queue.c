/* SPDX-License-Identifier: Apache-2.0 */
#include "core/queue.h"

#include <stdlib.h>

#include "test.h"

#define S    INT64_C(1000000000)
#define MIN  (60 * S)
#define HOUR (60 * MIN)

/* A host of 8 of memory; CPU never matters here. */
static const struct amount total = { .of = { 100, 8, 1 } };

static struct queue_item wants(uint64_t memory, unsigned owner, int64_t since, uint64_t seq)
{
	return (struct queue_item){ .want = { { .of = { 1, memory } } },
		                    .longest_ns = { HOUR },
		                    .nwants = 1,
		                    .owner = owner,
		                    .since = since,
		                    .seq = seq };
}

static struct queue_run runs(uint64_t memory, unsigned owner, int64_t ends_by)
{
	return (struct queue_run){ { .of = { 1, memory } }, ends_by, owner };
}

static struct queue queue_of(const struct queue_run *r, size_t nr, struct queue_item *i,
                             size_t ni, int64_t now)
{
	return (struct queue){ .total = total,
		               .now = now,
		               .runs = r,
		               .nruns = nr,
		               .items = i,
		               .nitems = ni,
		               .nowners = 8 };
}

static void the_first_that_fits_starts(void)
{
	struct queue_run r[] = { runs(4, 0, 5 * HOUR) };
	struct queue_item i[] = { wants(2, 1, 0, 1), wants(2, 2, 1, 2), wants(2, 3, 2, 3) };
	struct queue q = queue_of(r, 1, i, 3, MIN);

	queue_admit(&q);
	queue_estimate(&q);
	T_EQ(i[0].verdict, QUEUE_START);
	T_EQ(i[1].verdict, QUEUE_START);
	T_EQ(i[2].verdict, QUEUE_WAIT);
	T_EQ(i[2].place, 1);
	T_EQ(i[0].place, 0);
	/* The two that start now end first. */
	T_EQ(i[2].estimate, MIN + HOUR);
	T_EQ(i[2].ends, 1);
}

static void a_small_one_passes_only_if_the_first_loses_nothing(void)
{
	struct queue_run r[] = { runs(5, 0, 2 * HOUR), runs(1, 0, 6 * HOUR) };
	struct queue_item i[] = { wants(5, 1, 0, 1), wants(2, 2, 1, 2), wants(1, 3, 2, 3) };
	struct queue q = queue_of(r, 2, i, 3, 0);

	/* At 2 h the first has its 5; 2 are spare then. Both small ones would be
	 * over by then too, if they run an hour. */
	queue_admit(&q);
	T_EQ(i[0].verdict, QUEUE_WAIT);
	T_EQ(i[1].verdict, QUEUE_START);
	T_EQ(i[2].verdict, QUEUE_WAIT); /* no room */
	i[1].longest_ns[0] = i[2].longest_ns[0] = 3 * HOUR;
	i[1].want[0].of[RESOURCE_MEMORY] = 3;
	q.runs = r;
	q.total.of[RESOURCE_MEMORY] = 9; /* 3 are free; at 2 h: 8 - 5 = 3 are spare */
	queue_admit(&q);
	T_EQ(i[1].verdict, QUEUE_START);
	q.total.of[RESOURCE_MEMORY] = 9;
	i[0].want[0].of[RESOURCE_MEMORY] = 6; /* now only 2 are spare */
	queue_admit(&q);
	T_EQ(i[1].verdict, QUEUE_WAIT);
	T_EQ(i[2].verdict, QUEUE_START); /* it takes 1 of them */
	T_OK(queue_has_room(&q, &(struct amount){ .of = { 1, 1 } }, 3 * HOUR));
	T_OK(!queue_has_room(&q, &(struct amount){ .of = { 1, 2 } }, 3 * HOUR));
	queue_estimate(&q);
	T_EQ(i[0].estimate, 2 * HOUR);
}

static void nobody_passes_when_no_end_is_known(void)
{
	struct queue_run r[] = { runs(6, 0, QUEUE_NEVER_ENDS) };
	struct queue_item i[] = { wants(4, 1, 0, 1), wants(1, 2, 1, 2) };
	struct queue q = queue_of(r, 1, i, 2, 0);

	queue_admit(&q);
	queue_estimate(&q);
	T_EQ(i[0].verdict, QUEUE_WAIT);
	T_OK(i[0].estimate == QUEUE_NEVER_ENDS);
	T_EQ(i[1].verdict, QUEUE_WAIT);
	i[1].want[0] = (struct amount){ .of = { 1, 0, 1 } }; /* what nobody lacks */
	queue_admit(&q);
	T_EQ(i[1].verdict, QUEUE_START);
}

static void too_large_is_never_and_in_nobodys_way(void)
{
	struct queue_item i[] = { wants(9, 1, 0, 1), wants(8, 2, 1, 2) };
	struct queue q = queue_of(NULL, 0, i, 2, 0);

	queue_admit(&q);
	T_EQ(i[0].verdict, QUEUE_NEVER);
	T_EQ(i[0].place, 0);
	T_EQ(i[1].verdict, QUEUE_START);
}

static void another_type_is_taken_if_it_fits(void)
{
	struct queue_run r[] = { runs(6, 0, 2 * HOUR) };
	struct queue_item i[] = { wants(4, 1, 0, 1), wants(4, 2, 1, 2) };
	struct queue q = queue_of(r, 1, i, 2, 0);

	i[0].nwants = 3;
	i[0].want[1] = (struct amount){ .of = { 1, 3 } };
	i[0].want[2] = (struct amount){ .of = { 1, 2 } };
	i[0].longest_ns[1] = i[0].longest_ns[2] = HOUR;
	queue_admit(&q);
	T_EQ(i[0].verdict, QUEUE_START);
	T_EQ(i[0].chosen, 2);
	T_EQ(i[1].verdict, QUEUE_WAIT);
	T_EQ(i[1].place, 1);
}

static void a_held_turn_keeps_what_it_wants(void)
{
	struct queue_run r[] = { runs(2, 0, 3 * HOUR) };
	struct queue_item i[] = { wants(4, 1, 0, 1), wants(4, 2, 1, 2), wants(2, 3, 2, 3) };
	struct queue q = queue_of(r, 1, i, 3, HOUR);

	i[0].held_until = HOUR + 5 * MIN;
	queue_admit(&q);
	queue_estimate(&q);
	T_EQ(i[0].verdict, QUEUE_HELD);
	T_EQ(i[0].place, 1);
	T_EQ(i[1].verdict, QUEUE_WAIT);
	T_EQ(i[1].place, 2);
	T_EQ(i[1].estimate, 2 * HOUR + 5 * MIN); /* taken in its last minute, an hour long */
	T_EQ(i[2].verdict, QUEUE_START);         /* over before that */
	i[0].held_until = HOUR;                  /* not taken */
	queue_admit(&q);
	T_EQ(i[0].verdict, QUEUE_START);
}

static void order_by_priority_share_and_age(void)
{
	struct queue_run r[] = { runs(4, 1, HOUR) };
	struct queue_item i[] = {
		wants(8, 1, 10 * S, 1), /* has most */
		wants(8, 2, 20 * S, 2),   wants(8, 2, 30 * S, 3), wants(8, 3, 40 * S, 4),
		wants(8, 4, 1190 * S, 5), /* a step later, with a point: the same band */
		wants(8, 5, 1191 * S, 6),
	};
	static const uint64_t order[] = { 2, 4, 5, 1, 3, 6 };
	struct queue q = queue_of(r, 1, i, 6, 1200 * S);

	i[4].priority = 1;
	queue_order(&q);
	for (size_t k = 0; k < 6; k++)
		T_EQ(i[k].seq, order[k]);
	/* Waiting changes nothing between them … */
	q.now = 7000 * S;
	queue_order(&q);
	for (size_t k = 0; k < 6; k++)
		T_EQ(i[k].seq, order[k]);
	/* … until age alone counts. */
	q.now = 9000 * S;
	queue_order(&q);
	for (size_t k = 0; k < 6; k++)
		T_EQ(i[k].seq, k + 1);
}

static void what_was_asked_for_before_a_reboot_is_older(void)
{
	struct queue_item i[] = { wants(8, 1, 5 * S, 2), wants(8, 2, -700 * S, 1) };
	struct queue q = queue_of(NULL, 0, i, 2, 10 * S);

	queue_admit(&q);
	T_EQ(i[0].seq, 1);
	T_EQ(i[0].verdict, QUEUE_START);
	T_EQ(i[1].place, 1);
}

/* 1,000 who wait behind 10,000 who run: on the store's thread at each start. */
static void a_long_line(void)
{
	enum { WAIT = 1000, RUN = 10000 };
	struct queue_item *i = calloc(WAIT, sizeof(*i));
	struct queue_run *r = calloc(RUN, sizeof(*r));
	struct queue q = { .total = { .of = { RUN, RUN } },
		           .now = HOUR,
		           .runs = r,
		           .nruns = RUN,
		           .items = i,
		           .nitems = WAIT,
		           .nowners = 500 };

	for (unsigned k = 0; k < RUN; k++)
		r[k] = runs(1, k % 500, HOUR + (int64_t)(k * 7919 % 10007) * S);
	for (unsigned k = 0; k < WAIT; k++)
		i[k] = wants(1, k % 500, HOUR - k * S / 10, k);
	queue_admit(&q);
	queue_estimate(&q);
	T_EQ(i[0].place, 1);
	T_EQ(i[WAIT - 1].place, WAIT);
	T_OK(i[WAIT - 1].estimate < 2 * HOUR);
	for (unsigned k = 1; k < WAIT; k++)
		T_OK(i[k].estimate >= i[k - 1].estimate);
	free(i);
	free(r);
}

TEST_MAIN({ "who fits starts, in order", the_first_that_fits_starts },
          { "a smaller one passes only if the first one loses nothing",
            a_small_one_passes_only_if_the_first_loses_nothing },
          { "nobody takes what the first one lacks when no end is known",
            nobody_passes_when_no_end_is_known },
          { "what is larger than the host waits for ever, in nobody's way",
            too_large_is_never_and_in_nobodys_way },
          { "another type that would do is taken if it fits",
            another_type_is_taken_if_it_fits },
          { "a held turn keeps what it wants", a_held_turn_keeps_what_it_wants },
          { "priority aged by waiting, then who has least, then age",
            order_by_priority_share_and_age },
          { "who asked before a reboot is older", what_was_asked_for_before_a_reboot_is_older },
          { "1,000 wait and 10,000 run", a_long_line })
