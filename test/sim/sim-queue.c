/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue under random arrivals, lengths, holds and hosts, in virtual time:
 *
 *   sim-queue SEED COUNT     COUNT days, from SEED on
 *
 * Each seed is a host and about a day of people; after every event the
 * invariants Q1 to Q6 of doc/internals/scheduler.md are judged by sums of this
 * program's own. It ends at the first that does not hold, and names the seed.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/str.h"
#include "core/queue.h"

#define S         INT64_C(1000000000)
#define HOUR      (3600 * S)
#define PEOPLE    300U
#define OWNERS    24U
#define HOLD      (600 * S)
#define DRAIN_END (2000 * HOUR)

struct person {
	struct queue_item item;
	int64_t comes, runs_for; /* how long it really runs */
	bool holds, takes;       /* asks for a hold; comes back in time */
	int64_t takes_after;
	enum { AWAY, WAITS, RUNS, OVER } state;
	int64_t ends; /* of what runs, in truth */
	int64_t ends_by;
	struct amount uses;
	unsigned older; /* in line when it came */
	int64_t joined;
};

struct sim {
	uint64_t seed, rnd;
	struct amount total;
	bool shrinks; /* the host loses a part of itself at `shrinks_at` */
	int64_t shrinks_at, now, longest;
	struct person who[PEOPLE];
	size_t n;
	struct queue_run runs[PEOPLE];
	struct queue_item items[PEOPLE];
	struct queue q;
	uint64_t first_seq; /* who is first among those that wait, and its promise */
	int64_t promise;
};

struct tally {
	uint64_t starts, passed, fallback, held, lost_turn, never, events;
	double worst; /* part of its bound that somebody waited */
	int64_t longest_wait;
};

static uint64_t rnd(struct sim *s)
{
	uint64_t z = s->rnd += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t upto(struct sim *s, uint64_t n)
{
	return rnd(s) % n;
}

PRINTF_LIKE(2, 3) _Noreturn static void broken(const struct sim *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	printf("not ok - seed %" PRIu64 " at %" PRId64 " s: ", s->seed, s->now / S);
	(void)vprintf(fmt, ap);
	printf("\n");
	va_end(ap);
	exit(1);
}

static struct amount a_type(struct sim *s)
{
	uint64_t k = upto(s, 5);
	struct amount a = { .of = { 500U << k, UINT64_C(1) << k } };

	if (upto(s, 8) == 0)
		a.of[RESOURCE_GPU] = 1 + upto(s, 2);
	return a;
}

static void a_person(struct sim *s, struct person *p, uint64_t seq, int64_t day)
{
	struct queue_item *i = &p->item;

	*p = (struct person){ .comes = (int64_t)upto(s, (uint64_t)day / S) * S };
	i->seq = seq;
	i->owner = (unsigned)upto(s, 1 + upto(s, OWNERS));
	i->priority = (int)upto(s, 4) * 5;
	i->nwants = 1 + (upto(s, 4) == 0 ? (unsigned)upto(s, QUEUE_WANTS_MAX) : 0);
	p->holds = upto(s, 5) == 0;
	p->takes = upto(s, 3) > 0;
	p->takes_after = (int64_t)upto(s, HOLD / S) * S;
	for (unsigned w = 0; w < i->nwants; w++) {
		i->want[w] = a_type(s);
		i->longest_ns[w] = (int64_t)(1 + upto(s, 12)) * HOUR + (p->holds ? HOLD : 0);
		if (i->longest_ns[w] > s->longest)
			s->longest = i->longest_ns[w];
	}
	p->runs_for = upto(s, 3) ? (int64_t)upto(s, 4 * 3600) * S + S : INT64_MAX;
}

static void a_day(struct sim *s, uint64_t seed)
{
	int64_t day = (int64_t)(1 + upto(s, 24)) * HOUR;

	s->seed = seed;
	s->n = 20 + upto(s, PEOPLE - 20);
	s->total = (struct amount){ .of = { 4000 + 1000 * upto(s, 60), 4 + upto(s, 60),
		                            upto(s, 2) * upto(s, 5) } };
	s->shrinks = upto(s, 6) == 0;
	s->shrinks_at = (int64_t)upto(s, (uint64_t)day / S) * S;
	for (size_t i = 0; i < s->n; i++)
		a_person(s, &s->who[i], i + 1, day);
}

/* --- what is, by our own count --- */

static void gather(struct sim *s)
{
	size_t nr = 0, ni = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct person *p = &s->who[i];

		if (p->state == RUNS)
			s->runs[nr++] =
			    (struct queue_run){ p->uses, p->ends_by, p->item.owner };
		else if (p->state == WAITS)
			s->items[ni++] = p->item;
	}
	/* The order in which rows are read must not matter. */
	for (size_t i = ni; i > 1; i--) {
		size_t k = upto(s, i);
		struct queue_item t = s->items[k];

		s->items[k] = s->items[i - 1];
		s->items[i - 1] = t;
	}
	s->q = (struct queue){ .total = s->total,
		               .now = s->now,
		               .runs = s->runs,
		               .nruns = nr,
		               .items = s->items,
		               .nitems = ni,
		               .nowners = OWNERS };
}

static struct amount in_use(const struct sim *s)
{
	struct amount a = { 0 };

	for (size_t i = 0; i < s->n; i++) {
		const struct person *p = &s->who[i];

		if (p->state == RUNS)
			amount_add(&a, &p->uses);
		else if (p->state == WAITS && p->item.held_until > s->now)
			amount_add(&a, &p->item.want[0]);
	}
	return a;
}

/* --- the invariants --- */

/* Q1: what starts never brings any resource above what there is. */
static void judge_capacity(const struct sim *s, const struct person *p)
{
	struct amount used = in_use(s);

	for (int r = 0; r < RESOURCE_MAX_; r++)
		if (p->uses.of[r] && used.of[r] > s->total.of[r])
			broken(s, "Q1: %" PRIu64 " of %d in use, there are %" PRIu64,
			       used.of[r], r, s->total.of[r]);
}

/* Q2: the bound on a wait: S + (older + 1) × longest. */
static void judge_wait(const struct sim *s, const struct person *p, struct tally *t)
{
	int64_t waited = s->now - p->joined;
	int64_t bound = QUEUE_STARVED_S * S + (int64_t)(p->older + 1) * s->longest;

	if (s->shrinks)
		return; /* then there is another host, and another bound */
	if (waited > bound)
		broken(s, "Q2: %" PRIu64 " waited %" PRId64 " s, %" PRId64 " at most",
		       p->item.seq, waited / S, bound / S);
	if ((double)waited / (double)bound > t->worst)
		t->worst = (double)waited / (double)bound;
	if (waited > t->longest_wait)
		t->longest_wait = waited;
}

/* Q3: nobody who is first and fits is left waiting. Q4: the first one's
 * promise never moves back, but for those who come before it by the order.
 * Q5: places count from 1. */
static void judge_line(struct sim *s, bool may_move)
{
	struct amount used = in_use(s);
	unsigned place = 0;
	bool first = true;

	for (size_t i = 0; i < s->q.nitems; i++) {
		const struct queue_item *it = &s->q.items[i];

		may_move |= first && it->verdict == QUEUE_START;
		if (it->verdict != QUEUE_WAIT && it->verdict != QUEUE_HELD)
			continue;
		if (it->place != ++place)
			broken(s, "Q5: place %u after %u", it->place, place - 1);
		if (it->verdict == QUEUE_HELD || !first)
			continue;
		first = false;
		for (unsigned w = 0; w < it->nwants; w++)
			if (amount_fits(&s->total, &used, &it->want[w]))
				broken(s, "Q3: %" PRIu64 " is first and fits", it->seq);
		if (s->first_seq == it->seq && it->estimate > s->promise && !may_move)
			broken(s, "Q4: %" PRIu64 " was promised %" PRId64 ", now %" PRId64,
			       it->seq, s->promise / S, it->estimate / S);
		s->first_seq = it->seq;
		s->promise = it->estimate;
	}
	if (first)
		s->first_seq = 0;
}

static void again(const struct sim *s, const struct queue_item *was, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (was[i].seq != s->q.items[i].seq || was[i].verdict != s->q.items[i].verdict)
			broken(s, "Q6: another order for the same line");
}

/* --- what happens --- */

static void begin(struct sim *s, struct person *p, unsigned w)
{
	int64_t by = s->now + p->item.longest_ns[w];

	p->state = RUNS;
	p->uses = p->item.want[w];
	p->ends_by = by;
	p->ends = p->runs_for < by - s->now ? s->now + p->runs_for : by;
	p->item.held_until = 0;
}

static void turn(struct sim *s, const struct queue_item *it, struct tally *t)
{
	struct person *p = &s->who[it->seq - 1];
	bool waits_before = false;

	for (const struct queue_item *k = s->q.items; k < it; k++)
		waits_before |= k->verdict == QUEUE_WAIT;
	t->passed += waits_before;
	t->fallback += it->chosen > 0;
	judge_wait(s, p, t);
	if (p->holds) {
		t->held++;
		p->holds = false;
		p->item.held_until = s->now + HOLD;
		p->item.want[0] = it->want[it->chosen];
		p->item.longest_ns[0] = it->longest_ns[it->chosen] - HOLD;
		p->item.nwants = 1;
		p->uses = p->item.want[0];
	} else {
		begin(s, p, it->chosen);
	}
	t->starts++;
	judge_capacity(s, p);
}

static void admit(struct sim *s, struct tally *t, bool host_changed)
{
	static struct queue_item was[PEOPLE];
	size_t n;

	gather(s);
	queue_admit(&s->q);
	n = s->q.nitems;
	memcpy(was, s->q.items, n * sizeof(*was));
	gather(s);
	queue_admit(&s->q);
	again(s, was, n);
	queue_estimate(&s->q);
	for (size_t i = 0; i < n; i++) {
		const struct queue_item *it = &s->q.items[i];
		struct person *p = &s->who[it->seq - 1];

		if (it->verdict == QUEUE_START)
			turn(s, it, t);
		if (it->verdict == QUEUE_NEVER) {
			p->state = OVER;
			t->never++;
		}
	}
	judge_line(s, host_changed);
	t->events++;
}

static unsigned in_line(const struct sim *s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->who[i].state == WAITS;
	return n;
}

/* When something happens to this one next, by itself. */
static int64_t next_of(const struct person *p)
{
	int64_t held = p->item.held_until;

	if (p->state == AWAY)
		return p->comes;
	if (p->state == RUNS)
		return p->ends;
	if (p->state == WAITS && held)
		return p->takes ? held - HOLD + p->takes_after : held;
	return INT64_MAX;
}

static void happen(struct sim *s, struct person *p, struct tally *t)
{
	if (p->state == AWAY) {
		p->older = in_line(s);
		p->state = WAITS;
		p->item.since = p->joined = s->now;
	} else if (p->state == RUNS) {
		p->state = OVER;
	} else if (p->takes) {
		begin(s, p, 0);
	} else { /* not taken: to the end of the line */
		t->lost_turn++;
		p->older = in_line(s) - 1;
		p->item.held_until = 0;
		p->item.longest_ns[0] += HOLD; /* more than it needs: it does not hold again */
		p->item.since = p->joined = s->now;
	}
}

static void shrink(struct sim *s)
{
	s->total.of[RESOURCE_MEMORY] /= 2;
	s->total.of[RESOURCE_CPU] /= 2;
	s->shrinks_at = INT64_MAX;
}

static void run(struct sim *s, struct tally *t)
{
	for (;;) {
		struct person *next = NULL;
		int64_t at = s->shrinks ? s->shrinks_at : INT64_MAX;

		for (size_t i = 0; i < s->n; i++) {
			if (next_of(&s->who[i]) < at) {
				next = &s->who[i];
				at = next_of(next);
			}
		}
		if (at == INT64_MAX)
			break;
		if (at > DRAIN_END)
			broken(s, "Q2: the line never empties");
		s->now = at;
		if (next)
			happen(s, next, t);
		else
			shrink(s);
		admit(s, t, !next);
	}
	for (size_t i = 0; i < s->n; i++)
		if (s->who[i].state != OVER)
			broken(s, "Q2: %zu is left in line", i + 1);
}

int main(int argc, char **argv)
{
	struct sim *s = xcalloc(1, sizeof(*s));
	struct tally t = { 0 };
	uint64_t seed = 1, count = 1;

	if (argc != 3 || str_to_u64(str_of(argv[1]), 0, UINT64_MAX / 2, &seed) < 0 ||
	    str_to_u64(str_of(argv[2]), 1, 100000000, &count) < 0) {
		(void)fprintf(stderr, "usage: sim-queue SEED COUNT\n");
		return 2;
	}
	printf("1..1\n");
	for (uint64_t k = 0; k < count; k++) {
		memset(s, 0, sizeof(*s));
		s->rnd = seed + k;
		a_day(s, seed + k);
		run(s, &t);
	}
	printf("# seeds %" PRIu64 " to %" PRIu64 ": %" PRIu64 " events, %" PRIu64
	       " turns (%" PRIu64 " passed the first one, %" PRIu64 " on another type, %" PRIu64
	       " held, %" PRIu64 " of these not taken), %" PRIu64 " could never fit\n",
	       seed, seed + count - 1, t.events, t.starts, t.passed, t.fallback, t.held,
	       t.lost_turn, t.never);
	printf("# longest wait %" PRId64 " s; at most %.1f %% of its bound\n",
	       t.longest_wait / S, t.worst * 100);
	if (count >= 100 && (!t.passed || !t.fallback || !t.held || !t.lost_turn || !t.never)) {
		printf("not ok 1 - something never happened\n");
		return 1;
	}
	printf("ok 1 - the queue keeps its promises\n");
	free(s);
	return 0;
}
