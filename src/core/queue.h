/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose turn it is. Capacity, what runs and who waits come in as values; what
 * comes out is a place, a verdict and an estimate for each that waits. See
 * doc/internals/scheduler.md for the rules and the bound on a wait.
 *
 *   struct queue q = { .total = …, .now = …, .runs = …, .items = … };
 *   queue_admit(&q);     places and verdicts
 *   queue_estimate(&q);  when each will start, at the latest, as far as known
 *
 * Times are on the boot clock in nanoseconds, signed: what was asked for
 * before a reboot lies before 0.
 */
#pragma once

#include "core/capacity.h"
#include "core/clock.h"

#define QUEUE_WANTS_MAX    5    /* the type that was asked for, and what would do as well */
#define QUEUE_STEP_S       600  /* of waiting: as much as one point of priority */
#define QUEUE_STARVED_S    7200 /* from here on age alone counts */
#define QUEUE_PRIORITY_MAX 1000
#define QUEUE_NEVER_ENDS   INT64_MAX

/* Something that uses capacity now: it starts, runs or stops. */
struct queue_run {
	struct amount uses;
	int64_t ends_by; /* at the latest; QUEUE_NEVER_ENDS: nobody knows */
	unsigned owner;  /* 0 to nowners - 1 */
};

enum queue_verdict {
	QUEUE_WAIT,
	QUEUE_HELD,  /* its turn is kept: what it wants is set aside */
	QUEUE_START, /* it is its turn: start it with want[chosen], or hold it */
	QUEUE_NEVER, /* it wants more than there is on this host */
};

struct queue_item {
	struct amount want[QUEUE_WANTS_MAX];
	/* From its turn to its end, at most; of a held one: from its being taken. */
	int64_t longest_ns[QUEUE_WANTS_MAX];
	unsigned nwants;
	unsigned owner;
	int priority;
	int64_t since;      /* when it joined the line */
	int64_t held_until; /* 0: not held; then want[0] is set aside */
	uint64_t seq;       /* decides between equals: the smaller one is first */

	unsigned place; /* from 1; 0: QUEUE_NEVER and QUEUE_START have none */
	enum queue_verdict verdict;
	unsigned chosen;
	int64_t estimate; /* QUEUE_NEVER_ENDS: not known */
	unsigned ends;    /* how many must end before, by then */
	unsigned ref;     /* the caller's */
};

/* What the first who can't start is promised. */
struct queue_promise {
	bool given;
	int64_t at;          /* it begins then, at the latest */
	struct amount spare; /* left for others then */
};

struct queue {
	struct amount total;
	int64_t now;
	const struct queue_run *runs;
	size_t nruns;
	struct queue_item *items;
	size_t nitems;
	unsigned nowners;

	struct amount used; /* with those whose turn it is, and who hold it */
	struct queue_promise promise;
};

/* Sorts the items: starved ones by age; then by priority aged by waiting;
 * then those whose owner has, and has before it in line, the least; then age. */
void queue_order(struct queue *q);
/* queue_order(), then place, verdict and chosen of each item. The first who
 * can't start holds a reservation: the moment at which enough will have ended
 * at the latest. Who passes it ends before that, or leaves enough for it. */
void queue_admit(struct queue *q);
/* After queue_admit(): would one that asks for so much now, and is last in
 * line, start at once? */
bool queue_has_room(const struct queue *q, const struct amount *want, int64_t longest_ns);
/* After queue_admit(): estimate and ends of each that waits, if all go in
 * order and use all of their time. */
void queue_estimate(struct queue *q);
