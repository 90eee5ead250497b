/* SPDX-License-Identifier: Apache-2.0 */
#include "core/budget.h"

#include "test.h"

#define S    NS_PER_S
#define HOUR (3600 * S)

static struct budget_view view(struct budget_piece *p, size_t n, struct budget_owner *o)
{
	struct budget_view v = { .pieces = p,
		                 .n = n,
		                 .owners = o,
		                 .nowners = 1,
		                 .now = 100 * HOUR,
		                 .month_ends = 700 * HOUR };

	budget_sort(&v);
	return v;
}

static void one_session_uses_it_up(void)
{
	struct budget_piece p = { 0, true, 99 * HOUR, BUDGET_NEVER, 60000 };
	struct budget_owner o = { .used = 1000000 };
	struct budget_view v = view(&p, 1, &o);
	boot_ns until;

	T_EQ(budget_used(&v, v.now), 1060002); /* never below what charges may round to */
	T_EQ(budget_burn(&v), 60000);
	until = budget_until(&v, 2000000);
	/* 1.00 left at 0.06 an hour, less the roundings: 16 h 40 min from its start. */
	T_OK(until <= 99 * HOUR + 60000 * S && until > 99 * HOUR + 59999 * S);
	T_OK(budget_used(&v, until) <= 2000000 && budget_used(&v, until + S) > 2000000);
	T_EQ(budget_until(&v, 1060001), v.now);
	T_EQ(budget_until(&v, 0), v.now);
	/* More than an hour away: a tenth of the rest early, and no need to move. */
	T_EQ(budget_lease(until, BUDGET_NEVER, v.now),
	     until - (until - v.now - HOUR) / 10 - BUDGET_LEAD_S * S);
	T_EQ(budget_lease(v.now + HOUR, until, v.now), v.now + HOUR - BUDGET_LEAD_S * S);
	T_EQ(budget_lease(until, v.now, v.now), v.now - BUDGET_LEAD_S * S);
	T_EQ(budget_lease(BUDGET_NEVER, BUDGET_NEVER, v.now), 0);
	T_EQ(budget_lease(1, 2, 0), 1);
}

static void what_costs_nothing_never_ends(void)
{
	struct budget_piece p[] = { { 0, true, HOUR, BUDGET_NEVER, 0 } };
	struct budget_owner o = { .used = 500 };
	struct budget_view v = view(p, 1, &o);

	T_EQ(budget_until(&v, 500), BUDGET_NEVER);
	T_EQ(budget_until(&v, 499), v.now);
	v.n = 0;
	T_EQ(budget_until(&v, 500), BUDGET_NEVER);
	/* Of before the boot, and not charged yet. */
	o.before = 7;
	T_EQ(budget_used(&v, v.now), 507);
	T_EQ(budget_until(&v, 506), v.now);
}

static void a_new_month_brings_the_amount_again(void)
{
	struct budget_piece p = { 0, true, 99 * HOUR, BUDGET_NEVER, 1000 };
	struct budget_owner o = { .free_next_ns = HOUR };
	struct budget_view v = view(&p, 1, &o);
	boot_ns until = budget_until(&v, 650000);

	/* 601 hours of this month and 650 (one is free) of the next. */
	T_OK(until > v.month_ends + 650 * HOUR && until <= v.month_ends + 651 * HOUR);
	T_OK(budget_until(&v, 300000) < v.month_ends);
	T_EQ(budget_until(&v, 100000000), BUDGET_NEVER);
}

static void free_time_goes_to_the_cheapest(void)
{
	struct budget_piece p[] = { { 0, true, 100 * HOUR, BUDGET_NEVER, 3600000 },
		                    { 0, true, 100 * HOUR, BUDGET_NEVER, 36000 },
		                    { 0, false, 100 * HOUR, BUDGET_NEVER, 7200 } };
	struct budget_owner o = { .free_ns = HOUR };
	struct budget_view v = view(p, 3, &o);

	T_EQ(p[0].rate, 36000);
	T_EQ(budget_used(&v, 101 * HOUR), 3600000 + 7200 + 4);
	T_EQ(budget_used(&v, 102 * HOUR), 7200000 + 36000 + 14400 + 6);
}

static void prices_to_come_count(void)
{
	struct budget_piece p[] = { { 0, true, 100 * HOUR, 101 * HOUR, 100 },
		                    { 0, true, 101 * HOUR, BUDGET_NEVER, 1000000 } };
	struct budget_owner o = { 0 };
	struct budget_view v = view(p, 2, &o);
	boot_ns until = budget_until(&v, 1000104);

	T_OK(until >= 102 * HOUR && until < 102 * HOUR + S / 100);
	T_EQ(budget_burn(&v), 100);
}

static void a_site_is_the_sum_of_its_owners(void)
{
	struct budget_piece p[] = { { 1, true, 100 * HOUR, BUDGET_NEVER, 3000 },
		                    { 0, true, 100 * HOUR, BUDGET_NEVER, 1000 },
		                    { 1, true, 100 * HOUR, BUDGET_NEVER, 2000 } };
	struct budget_owner o[] = { { .used = 7, .free_ns = HOUR }, { .used = 10 } };
	struct budget_view v = view(p, 3, o), one;

	v.nowners = 2;
	T_EQ(budget_used(&v, 101 * HOUR), 17 + 5000 + 4);
	one = budget_view_of(&v, 1);
	T_EQ(one.n, 2);
	T_EQ(budget_used(&one, 101 * HOUR), 10 + 5000 + 4);
	one = budget_view_of(&v, 0);
	T_EQ(budget_used(&one, 102 * HOUR), 7 + 1000 + 2);
	T_EQ(budget_burn(&one), 1000);
}

static void extremes_saturate(void)
{
	struct budget_piece p[300];
	struct budget_owner o = { .used = BUDGET_AMOUNT_MAX };
	struct budget_view v;

	for (size_t i = 0; i < 300; i++)
		p[i] = (struct budget_piece){ 0, true, 0, BUDGET_NEVER, MONEY_RATE_MAX };
	v = view(p, 300, &o);
	v.now = v.month_ends = UINT64_C(3000000) * HOUR;
	T_EQ(budget_used(&v, v.now), INT64_MAX);
	T_EQ(budget_until(&v, BUDGET_AMOUNT_MAX), v.now);
	o.used = -BUDGET_AMOUNT_MAX;
	T_EQ(budget_until(&v, 0), v.now);
	T_EQ(budget_burn(&v), 300 * MONEY_RATE_MAX);
}

static void leases_move_by_more_than_a_second(void)
{
	T_OK(!budget_lease_moved(0, 0, 0));
	T_OK(budget_lease_moved(0, 5, 0) && budget_lease_moved(5, 0, 0));
	T_OK(!budget_lease_moved(10 * S, 11 * S, 0) && !budget_lease_moved(11 * S, 10 * S, 0));
	T_OK(budget_lease_moved(10 * S, 11 * S + 1, 0));
	T_OK(budget_lease_moved(11 * S + 1, 10 * S, 0));
	/* Eleven hours away, an hour is nothing; what holds stays below the money's end. */
	T_OK(!budget_lease_moved(12 * HOUR, 11 * HOUR, 0));
	T_OK(!budget_lease_moved(10 * HOUR, 11 * HOUR, 0));
	T_OK(budget_lease_moved(12 * HOUR + 1, 11 * HOUR, 0));
	T_OK(budget_lease_moved(12 * HOUR, 11 * HOUR, 10 * HOUR));
	T_OK(12 * HOUR < 11 * HOUR + (11 * HOUR - HOUR) / 9);
}

static void alerts_come_once_each(void)
{
	static const unsigned percents[] = { 0, 49, 50, 79, 80, 85, 99, 100, 250 };
	char last[BUDGET_ALERTED_MAX] = "2026-10:100";
	unsigned told = 0, due;

	for (size_t i = 0; i < ARRAY_LEN(percents); i++) {
		due = budget_alert_due(last, "2026-11", percents[i]);
		if (!due)
			continue;
		told++;
		budget_alerted(last, "2026-11", due);
	}
	T_EQ(told, 3);
	T_STREQ(last, "2026-11:100");
	T_EQ(budget_alert_due(last, "2026-11", 250), 0);
	T_EQ(budget_alert_due(last, "2026-12", 51), 50);
	T_EQ(budget_alert_due("", "2026-12", 100), 100);
	T_EQ(budget_alert_due("2026-12:x", "2026-12", 100), 100);
	budget_realert(last, "2026-11", 60); /* raised: 80 will be told again */
	T_EQ(budget_alert_due(last, "2026-11", 60), 0);
	T_EQ(budget_alert_due(last, "2026-11", 80), 80);
	budget_realert(last, "2026-11", 100); /* lowered: what is reached now is told */
	T_EQ(budget_alert_due(last, "2026-11", 100), 100);
	T_EQ(budget_percent(1, 0), 100);
	T_EQ(budget_percent(-5, 10), 0);
	T_EQ(budget_percent(799999, 1000000), 79);
	T_EQ(budget_percent(INT64_MAX, 1), 1000);
}

TEST_MAIN({ "what is left is divided by what burns, never above the amount",
            one_session_uses_it_up },
          { "what costs nothing runs on with nothing left", what_costs_nothing_never_ends },
          { "the end of the month gives room again", a_new_month_brings_the_amount_again },
          { "free time is counted for the cheapest", free_time_goes_to_the_cheapest },
          { "prices that are known to come count from when they hold", prices_to_come_count },
          { "the site's use is the sum of its owners'", a_site_is_the_sum_of_its_owners },
          { "absurd amounts saturate", extremes_saturate },
          { "a lease that moved by a second or less, or far ahead, is left alone",
            leases_move_by_more_than_a_second },
          { "each alert comes once in a month, and again for another amount",
            alerts_come_once_each })
