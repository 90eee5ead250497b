/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that a site offers, as one value: the catalogue's document. Two of them
 * are compared field by field, which is what an administrator sees before a
 * change is applied. Retired types and plans are in none.
 */
#pragma once

#include "base/arena.h"
#include "core/plan.h"

#define OFFER_TYPES_MAX 64
#define OFFER_PLANS_MAX 32
#define OFFER_LATER_MAX 4

/* What a thing costs now, and from when on it will cost something else. */
struct offer_price {
	wall_us from;
	money_micro rate;
};
struct offer_prices {
	money_micro now;
	struct offer_price later[OFFER_LATER_MAX]; /* in time's order */
	size_t nlater;
};
/* What will hold at t, by the plan; t in the future. */
money_micro offer_rate_at(const struct offer_prices *p, wall_us t);

struct offer_type {
	struct instance_type t;
	struct offer_prices prices;
};

struct offer {
	uint64_t version;
	struct offer_prices storage;
	struct offer_type types[OFFER_TYPES_MAX];
	size_t ntypes;
	struct plan plans[OFFER_PLANS_MAX];
	size_t nplans;
};

const struct offer_type *offer_type(const struct offer *o, const char *id);
const struct plan *offer_plan(const struct offer *o, const char *id);

#define OFFER_FIELD_MAX 80
/* What no single value shows: ids that come twice, plans of types that are not
 * there, one default plan, ranges the wrong way round, prices of the past.
 * -EINVAL: `field` is "plans.2.types", err says what is wrong with it. */
MUST_CHECK int offer_check(const struct offer *o, wall_us now, char field[OFFER_FIELD_MAX],
                           struct err *err);

enum offer_thing { OFFER_TYPE, OFFER_PLAN, OFFER_STORAGE };
enum offer_what { OFFER_ADDED, OFFER_CHANGED, OFFER_RETIRED };
struct offer_change {
	enum offer_thing thing;
	enum offer_what what;
	const char *id;        /* "" for storage */
	const char *field;     /* CHANGED: as in the document, else NULL */
	const char *from, *to; /* CHANGED: as texts, else NULL */
};
/* One call for each field that differs. The texts live in the arena. */
typedef void offer_change_fn(void *arg, const struct offer_change *c);
void offer_diff(const struct offer *have, const struct offer *want, struct arena *a,
                offer_change_fn *fn, void *arg);
/* The same as a sentence: "Instance type small: price_per_hour 0.06 → 0.07". */
struct str offer_change_text(const struct offer_change *c, struct arena *a);
