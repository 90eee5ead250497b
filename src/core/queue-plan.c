/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/macros.h"
#include "core/queue-priv.h"

int64_t queue_time_add(int64_t at, int64_t ns)
{
	int64_t sum;

	return __builtin_add_overflow(at, ns, &sum) ? QUEUE_NEVER_ENDS : sum;
}

static void swap(struct queue_end *a, struct queue_end *b)
{
	struct queue_end t = *a;

	*a = *b;
	*b = t;
}

void queue_ends_add(struct queue_ends *e, int64_t at, const struct amount *uses)
{
	size_t i = e->n++;

	CHECK(i < e->room);
	e->end[i] = (struct queue_end){ at, uses };
	for (; i > 0 && e->end[i].at < e->end[(i - 1) / 2].at; i = (i - 1) / 2)
		swap(&e->end[i], &e->end[(i - 1) / 2]);
}

bool queue_ends_take(struct queue_ends *e, struct queue_end *ret)
{
	size_t i = 0;

	if (e->n == 0)
		return false;
	*ret = e->end[0];
	e->end[0] = e->end[--e->n];
	for (;;) {
		size_t first = i, l = 2 * i + 1, r = l + 1;

		if (l < e->n && e->end[l].at < e->end[first].at)
			first = l;
		if (r < e->n && e->end[r].at < e->end[first].at)
			first = r;
		if (first == i)
			return true;
		swap(&e->end[i], &e->end[first]);
		i = first;
	}
}

/* A held turn may be taken at its last moment. */
static int64_t item_end(const struct queue *q, const struct queue_item *i)
{
	return queue_time_add(i->verdict == QUEUE_HELD ? i->held_until : q->now,
	                      i->longest_ns[i->chosen]);
}

void queue_ends_init(struct queue_ends *e, const struct queue *q, struct amount *ret_used)
{
	*ret_used = (struct amount){ 0 };
	e->n = 0;
	e->room = q->nruns + q->nitems + 1;
	e->end = xcalloc(e->room, sizeof(*e->end));
	for (size_t i = 0; i < q->nruns; i++) {
		amount_add(ret_used, &q->runs[i].uses);
		queue_ends_add(e, q->runs[i].ends_by, &q->runs[i].uses);
	}
	for (size_t i = 0; i < q->nitems; i++) {
		const struct queue_item *it = &q->items[i];

		if (it->verdict != QUEUE_HELD && it->verdict != QUEUE_START)
			continue;
		amount_add(ret_used, &it->want[it->chosen]);
		queue_ends_add(e, item_end(q, it), &it->want[it->chosen]);
	}
}

void queue_ends_fini(struct queue_ends *e)
{
	free(e->end);
	e->end = NULL;
}

static bool fits_any(const struct queue *q, const struct queue_item *i,
                     const struct amount *used, unsigned *ret)
{
	for (*ret = 0; *ret < i->nwants; (*ret)++)
		if (amount_fits(&q->total, used, &i->want[*ret]))
			return true;
	return false;
}

void queue_estimate(struct queue *q)
{
	struct queue_ends ends;
	struct queue_end end;
	struct amount used;
	int64_t at = q->now;
	unsigned n = 0, w;

	queue_ends_init(&ends, q, &used);
	for (size_t i = 0; i < q->nitems; i++) {
		struct queue_item *it = &q->items[i];

		if (it->verdict != QUEUE_WAIT)
			continue;
		while (at != QUEUE_NEVER_ENDS && !fits_any(q, it, &used, &w)) {
			if (!queue_ends_take(&ends, &end)) {
				at = QUEUE_NEVER_ENDS;
				break;
			}
			at = end.at > at ? end.at : at;
			amount_sub(&used, end.uses);
			n++;
		}
		it->estimate = at;
		it->ends = n;
		if (at == QUEUE_NEVER_ENDS)
			continue;
		amount_add(&used, &it->want[w]);
		queue_ends_add(&ends, queue_time_add(at, it->longest_ns[w]), &it->want[w]);
	}
	queue_ends_fini(&ends);
}
