/* SPDX-License-Identifier: Apache-2.0 */
#include "core/budget.h"

#include <stdio.h>
#include <stdlib.h>

#define HOUR_NS (UINT64_C(3600) * NS_PER_S)
#define FAR_NS  (UINT64_C(400) * 24 * HOUR_NS) /* later than that is never */

/* A charge rounds each of its parts by itself, and free time may cut a piece
 * in two: so much may the parts be above their sum rounded down. */
#define PARTS_SLACK 2

typedef unsigned __int128 u128;

static int by_owner_kind_rate(const void *pa, const void *pb)
{
	const struct budget_piece *a = pa, *b = pb;

	if (a->owner != b->owner)
		return a->owner < b->owner ? -1 : 1;
	if (a->compute != b->compute)
		return a->compute ? -1 : 1;
	return (a->rate > b->rate) - (a->rate < b->rate);
}

void budget_sort(struct budget_view *v)
{
	if (v->n)
		qsort(v->pieces, v->n, sizeof(*v->pieces), by_owner_kind_rate);
}

struct budget_view budget_view_of(const struct budget_view *v, unsigned owner)
{
	struct budget_view one = *v;
	size_t from = 0, to;

	while (from < v->n && v->pieces[from].owner != owner)
		from++;
	for (to = from; to < v->n && v->pieces[to].owner == owner; to++)
		continue;
	one.pieces = v->pieces + from;
	one.n = to - from;
	one.owners = v->owners + (owner - v->first);
	one.nowners = 1;
	one.first = owner;
	return one;
}

static uint64_t length(const struct budget_piece *p, boot_ns begin, boot_ns end)
{
	boot_ns from = p->from > begin ? p->from : begin, to = p->to < end ? p->to : end;

	return to > from ? to - from : 0;
}

/* The pieces within begin..end, with so much free time for each owner. */
static u128 cost(const struct budget_view *v, boot_ns begin, boot_ns end, bool next_month)
{
	unsigned owner = 0;
	uint64_t free_ns = 0;
	bool any = false;
	u128 sum = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct budget_piece *p = &v->pieces[i];
		uint64_t ns = length(p, begin, end);

		if (!any || p->owner != owner) {
			const struct budget_owner *o = &v->owners[p->owner - v->first];

			owner = p->owner;
			any = true;
			free_ns = next_month ? o->free_next_ns : o->free_ns;
		}
		/* What costs nothing uses none of the free time. */
		if (p->compute && p->rate > 0) {
			uint64_t spared = ns < free_ns ? ns : free_ns;

			free_ns -= spared;
			ns -= spared;
		}
		if (ns && p->rate > 0)
			sum += (u128)(uint64_t)p->rate * ns / HOUR_NS + PARTS_SLACK;
	}
	return sum;
}

static __int128 closed(const struct budget_view *v)
{
	__int128 sum = 0;

	for (size_t i = 0; i < v->nowners; i++)
		sum += (__int128)v->owners[i].used + v->owners[i].before;
	return sum;
}

money_micro budget_used(const struct budget_view *v, boot_ns at)
{
	u128 open = cost(v, 0, at < v->month_ends ? at : v->month_ends, false);
	__int128 sum;

	if (open > (u128)INT64_MAX)
		return INT64_MAX;
	sum = closed(v) + (__int128)open;
	return sum > INT64_MAX ? INT64_MAX : sum < INT64_MIN ? INT64_MIN : (money_micro)sum;
}

money_micro budget_burn(const struct budget_view *v)
{
	money_micro sum = 0;

	for (size_t i = 0; i < v->n; i++) {
		const struct budget_piece *p = &v->pieces[i];

		if (p->from <= v->now && p->to > v->now && p->rate > 0 &&
		    __builtin_add_overflow(sum, p->rate, &sum))
			return INT64_MAX;
	}
	return sum;
}

/* The last moment of low..high at which at most `left` was burnt since begin;
 * at `low` it is so. */
static boot_ns search(const struct budget_view *v, boot_ns begin, boot_ns low, boot_ns high,
                      u128 left, bool next_month)
{
	while (low < high) {
		boot_ns middle = low + (high - low + 1) / 2;

		if (cost(v, begin, middle, next_month) <= left)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

boot_ns budget_until(const struct budget_view *v, money_micro amount)
{
	boot_ns ends = v->month_ends > v->now ? v->month_ends : v->now, far = ends + FAR_NS;
	__int128 left = (__int128)amount - closed(v);

	if (left < 0 || cost(v, 0, v->now, false) > (u128)left)
		return v->now;
	if (cost(v, 0, ends, false) > (u128)left)
		return search(v, 0, v->now, ends, (u128)left, false);
	/* This month is paid for. The next one begins with nothing used. */
	if (amount < 0)
		return ends;
	if (cost(v, ends, far, true) <= (u128)(uint64_t)amount)
		return BUDGET_NEVER;
	return search(v, ends, ends, far, (u128)(uint64_t)amount, true);
}

/* A tenth of what is beyond the next hour. */
static uint64_t slack(boot_ns at, boot_ns now)
{
	return at > now + HOUR_NS ? (at - now - HOUR_NS) / 10 : 0;
}

boot_ns budget_lease(boot_ns mine, boot_ns site, boot_ns now)
{
	boot_ns until = mine < site ? mine : site;

	if (until == BUDGET_NEVER)
		return 0;
	until -= slack(until, now);
	return until > BUDGET_LEAD_S * NS_PER_S ? until - BUDGET_LEAD_S * NS_PER_S : 1;
}

bool budget_lease_moved(boot_ns was, boot_ns is, boot_ns now)
{
	uint64_t by = was > is ? was - is : is - was, least = slack(is, now);

	if (was == 0 || is == 0)
		return was != is;
	return by > (least > NS_PER_S ? least : NS_PER_S);
}

unsigned budget_percent(money_micro used, money_micro amount)
{
	__int128 percent;

	if (amount <= 0)
		return 100;
	if (used <= 0)
		return 0;
	percent = (__int128)used * 100 / amount;
	return percent > 1000 ? 1000 : (unsigned)percent;
}

static unsigned last_of(const char *alerted, const char *month)
{
	size_t n = strlen(month);
	uint64_t percent = 0;

	if (strncmp(alerted, month, n) != 0 || alerted[n] != ':' ||
	    str_to_u64(str_of(alerted + n + 1), 0, 100, &percent) < 0)
		return 0;
	return (unsigned)percent;
}

static unsigned reached(unsigned percent)
{
	return percent >= 100 ? 100 : percent >= 80 ? 80 : percent >= 50 ? 50 : 0;
}

unsigned budget_alert_due(const char *alerted, const char *month, unsigned percent)
{
	unsigned now = reached(percent);

	return now > last_of(alerted, month) ? now : 0;
}

void budget_alerted(char ret[BUDGET_ALERTED_MAX], const char *month, unsigned percent)
{
	(void)snprintf(ret, BUDGET_ALERTED_MAX, "%.7s:%u", month,
	               percent > 100 ? 100 : percent);
}

void budget_realert(char alerted[BUDGET_ALERTED_MAX], const char *month, unsigned percent)
{
	unsigned last = last_of(alerted, month), now = reached(percent);

	budget_alerted(alerted, month, last < now ? last : now);
}
