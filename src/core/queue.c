/* SPDX-License-Identifier: Apache-2.0 */
#include "core/queue.h"

#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "core/queue-priv.h"

#define STEP_NS    ((int64_t)QUEUE_STEP_S * (int64_t)NS_PER_S)
#define STARVED_NS ((int64_t)QUEUE_STARVED_S * (int64_t)NS_PER_S)

/* --- order --- */

static bool is_starved(const struct queue *q, const struct queue_item *i)
{
	return q->now - i->since >= STARVED_NS;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/*
 * A point of priority is worth a step of waiting. Everybody ages alike, so it
 * is enough to compare when they came, put back by their priority: the order
 * of two who wait does not change while they wait.
 */
static int64_t band(const struct queue_item *i)
{
	int64_t p = i->priority;

	p = p > QUEUE_PRIORITY_MAX ? QUEUE_PRIORITY_MAX : p;
	p = p < -QUEUE_PRIORITY_MAX ? -QUEUE_PRIORITY_MAX : p;
	return floor_div(i->since, STEP_NS) - p;
}

static int by_age(const struct queue_item *a, const struct queue_item *b)
{
	if (a->since != b->since)
		return a->since < b->since ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

struct key {
	bool starved;
	int64_t band;
	const struct queue_item *item;
};

static int compare(const void *x, const void *y)
{
	const struct key *a = x, *b = y;

	if (a->starved != b->starved)
		return a->starved ? -1 : 1;
	if (!a->starved && a->band != b->band)
		return a->band < b->band ? -1 : 1;
	return by_age(a->item, b->item);
}

/* What each owner has, and has before the next one in line. */
struct owners {
	struct amount *has;
	uint64_t *share;
};

static void owner_gets(const struct queue *q, struct owners *o, unsigned owner,
                       const struct amount *what)
{
	amount_add(&o->has[owner], what);
	o->share[owner] = amount_share(&q->total, &o->has[owner]);
}

/* Within one band: again and again the oldest of the owner with the least,
 * who then counts as having what it wants. The keys come and stay by age. */
static void share_out(struct key *keys, size_t n, const struct queue *q, struct owners *o)
{
	for (size_t i = 0; i < n; i++) {
		size_t best = i;
		struct key k;

		for (size_t j = i + 1; j < n && !keys[i].starved; j++)
			if (o->share[keys[j].item->owner] < o->share[keys[best].item->owner])
				best = j;
		k = keys[best];
		memmove(&keys[i + 1], &keys[i], (best - i) * sizeof(k));
		keys[i] = k;
		owner_gets(q, o, k.item->owner, &k.item->want[0]);
	}
}

static bool same_band(const struct key *a, const struct key *b)
{
	return a->starved == b->starved && (a->starved || a->band == b->band);
}

void queue_order(struct queue *q)
{
	size_t n = q->nitems;
	struct key *keys = xcalloc(n + 1, sizeof(*keys));
	struct queue_item *sorted = xcalloc(n + 1, sizeof(*sorted));
	struct owners o = { xcalloc(q->nowners + 1UL, sizeof(*o.has)),
		            xcalloc(q->nowners + 1UL, sizeof(*o.share)) };

	for (size_t i = 0; i < q->nruns; i++)
		owner_gets(q, &o, q->runs[i].owner, &q->runs[i].uses);
	for (size_t i = 0; i < n; i++)
		keys[i] = (struct key){ is_starved(q, &q->items[i]), band(&q->items[i]),
			                &q->items[i] };
	qsort(keys, n, sizeof(*keys), compare);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && same_band(&keys[end], &keys[i]); end++)
			;
		share_out(keys + i, end - i, q, &o);
	}
	for (size_t i = 0; i < n; i++)
		sorted[i] = *keys[i].item;
	memcpy(q->items, sorted, n * sizeof(*sorted));
	free(o.has);
	free(o.share);
	free(sorted);
	free(keys);
}

/* --- admission --- */

static const struct amount nothing;

/* When `want` fits at the latest; *ret_used: what is in use then. */
static int64_t begins(const struct queue *q, const struct amount *want, struct amount *ret_used)
{
	struct queue_ends ends;
	struct queue_end end;
	int64_t at = q->now;

	queue_ends_init(&ends, q, ret_used);
	while (!amount_fits(&q->total, ret_used, want) && queue_ends_take(&ends, &end)) {
		at = end.at > at ? end.at : at;
		if (at == QUEUE_NEVER_ENDS)
			break;
		amount_sub(ret_used, end.uses);
	}
	queue_ends_fini(&ends);
	return at;
}

static void promise(const struct queue *q, const struct queue_item *first,
                    struct queue_promise *ret)
{
	ret->given = true;
	ret->at = QUEUE_NEVER_ENDS;
	for (unsigned w = 0; w < first->nwants; w++) {
		struct amount used, spare = q->total;
		int64_t at;

		if (!amount_fits(&q->total, &nothing, &first->want[w]))
			continue;
		at = begins(q, &first->want[w], &used);
		if (w > 0 && at >= ret->at)
			continue;
		amount_sub(&spare, &used);
		amount_sub(&spare, &first->want[w]);
		ret->at = at;
		ret->spare = spare;
	}
}

/* The first one loses nothing: this ends before it begins, or leaves enough.
 * Without a known moment, `spare` is 0 of what the first one lacks. */
static bool ends_before(const struct queue *q, int64_t longest_ns)
{
	return q->promise.at != QUEUE_NEVER_ENDS &&
	       queue_time_add(q->now, longest_ns) <= q->promise.at;
}

bool queue_has_room(const struct queue *q, const struct amount *want, int64_t longest_ns)
{
	return amount_fits(&q->total, &q->used, want) &&
	       (!q->promise.given || ends_before(q, longest_ns) ||
	        amount_fits(&q->promise.spare, &nothing, want));
}

static void judge(struct queue *q, struct queue_item *i)
{
	bool possible = false;

	for (unsigned w = 0; w < i->nwants; w++) {
		if (!amount_fits(&q->total, &nothing, &i->want[w]))
			continue;
		possible = true;
		if (!queue_has_room(q, &i->want[w], i->longest_ns[w]))
			continue;
		i->verdict = QUEUE_START;
		i->chosen = w;
		if (q->promise.given && !ends_before(q, i->longest_ns[w]))
			amount_sub(&q->promise.spare, &i->want[w]);
		amount_add(&q->used, &i->want[w]);
		return;
	}
	if (!possible)
		i->verdict = QUEUE_NEVER;
	else if (!q->promise.given)
		promise(q, i, &q->promise);
}

void queue_admit(struct queue *q)
{
	unsigned place = 0;

	queue_order(q);
	q->promise = (struct queue_promise){ .given = false };
	q->used = nothing;
	for (size_t i = 0; i < q->nruns; i++)
		amount_add(&q->used, &q->runs[i].uses);
	for (size_t i = 0; i < q->nitems; i++) {
		struct queue_item *it = &q->items[i];

		it->verdict = it->held_until > q->now ? QUEUE_HELD : QUEUE_WAIT;
		it->chosen = 0;
		it->estimate = 0;
		it->ends = 0;
		if (it->verdict == QUEUE_HELD)
			amount_add(&q->used, &it->want[0]);
	}
	for (size_t i = 0; i < q->nitems; i++) {
		struct queue_item *it = &q->items[i];

		if (it->verdict != QUEUE_HELD)
			judge(q, it);
		it->place =
		    it->verdict == QUEUE_WAIT || it->verdict == QUEUE_HELD ? ++place : 0;
	}
}
