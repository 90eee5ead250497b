/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From time to money: a segment is cut at the ends of months, where the price
 * changes (if the session's plan follows it) and where the month's free time
 * ends; a volume's span at midnight and where the price changes. Each part is
 * rounded once, half to even, and the parts' nanoseconds add up to the whole.
 *
 *   started                 month's end      price changes       stopped
 *      |== free ==|== rate 1 ==|== free ==|= rate 1 =|== rate 2 ==|
 *
 * What the rules need to know of the world they ask through struct tariff, and
 * they ask for it in the order of time.
 */
#pragma once

#include "core/meter.h"
#include "core/month.h"

#define CHARGE_ID_MAX 96
#define NOTE_MAX      200

struct tariff {
	const struct months *months;
	/* Rate at `at` and until when it holds (INT64_MAX: for good). -errno. */
	int (*price)(void *arg, wall_us at, money_micro *ret_rate, wall_us *ret_until);
	/* What is left of the month's free time before the first part in it. -errno. */
	int (*free_left)(void *arg, const struct month *m, uint64_t *ret_ns);
	void *arg;
};

struct part {
	char month[MONTH_LEN + 1];
	wall_us from, to;
	uint64_t ns;
	money_micro rate; /* also of free time: what it would have cost */
	money_micro amount;
	bool free;
};

/* A segment of `ns` from `started` on. Zero nanoseconds are one part. */
struct cut {
	const struct tariff *t;
	wall_us started;
	uint64_t ns;
	money_micro rate; /* unless `follow` */
	bool follow;
	/* the cutter's own */
	uint64_t done_;
	uint64_t free_left_;
	struct month month_;
	bool begun_;
};
/* 1 the next part, 0 there is none left, -errno of the tariff, -ERANGE as
 * money_of. */
MUST_CHECK int cut_next(struct cut *c, struct part *ret);

/* `bytes` from `from` to `to`, by days. t->free_left is not asked. */
struct span_cut {
	const struct tariff *t;
	wall_us from, to;
	uint64_t bytes;
};
MUST_CHECK int span_cut_next(struct span_cut *c, struct part *ret);

/* A line of usage and invoices, as the store keeps it. */
enum charge_kind { CHARGE_COMPUTE, CHARGE_STORAGE, CHARGE_CORRECTION, CHARGE_KIND_MAX_ };
struct charge {
	int64_t seq;
	char id[CHARGE_ID_MAX];
	char account_id[ID_MAX];
	enum charge_kind kind;
	char workspace_id[ID_MAX], session_id[ID_MAX], volume_id[ID_MAX]; /* or "" */
	uint32_t epoch, segment, part;
	char resource[TYPE_ID_MAX]; /* the instance type, "storage", or "" */
	struct part p;
	uint64_t bytes;
	bool estimated;
	char reason[NOTE_MAX + 1]; /* why the segment ended; of a correction the note */
	char corrects[CHARGE_ID_MAX];
	wall_us at; /* when it was posted */
};

const char *charge_kind_name(enum charge_kind k);
MUST_CHECK int charge_kind_parse(struct str s, enum charge_kind *ret);
/* The same part has the same id, whoever posts it and how often. */
void charge_of_part(const struct segment *g, uint32_t n, const struct part *p,
                    struct charge *ret);
