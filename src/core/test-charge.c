/* SPDX-License-Identifier: Apache-2.0 */
#include "core/charge.h"

#include <errno.h>

#include "test.h"

#define HOUR    UINT64_C(3600000000000)
#define DAY_US  (INT64_C(86400) * US_PER_S)
#define HOUR_US (INT64_C(3600) * US_PER_S)

static uint64_t seed = 88172645463325252u;

static uint64_t rnd(uint64_t below)
{
	seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
	return seed % below;
}

/* --- a zone with daylight saving, by the rule of the European Union --- */

static int64_t weekday(wall_us t)
{
	return (t / DAY_US + 4) % 7; /* 0 = Sunday */
}

/* 01:00 UTC on the last Sunday of the month. */
static wall_us last_sunday(int year, int month)
{
	wall_us t = time_month_start(year, month + 1) - DAY_US;

	return t - weekday(t) * DAY_US + HOUR_US;
}

static int64_t berlin_offset(wall_us t)
{
	int year, month, day;

	time_ymd(t, &year, &month, &day);
	return t >= last_sunday(year, 3) && t < last_sunday(year, 10) ? 2 * HOUR_US : HOUR_US;
}

static wall_us of_local(wall_us local)
{
	wall_us t = local - HOUR_US;

	return berlin_offset(t) == HOUR_US ? t : local - 2 * HOUR_US;
}

static void berlin_of(const struct months *m, wall_us at, struct month *ret)
{
	int year, month, day;

	time_ymd(at + berlin_offset(at), &year, &month, &day);
	(void)snprintf(ret->name, sizeof(ret->name), "%04d-%02d", year % 10000, month % 100);
	ret->from = of_local(time_month_start(year, month));
	ret->to = of_local(time_month_start(year, month + 1));
}

static wall_us berlin_day_end(const struct months *m, wall_us at)
{
	wall_us local = at + berlin_offset(at);

	return of_local(local - local % DAY_US + DAY_US);
}

static const struct months berlin = { .zone = "Europe/Berlin",
	                              .of = berlin_of,
	                              .day_end = berlin_day_end };

/* --- a world of arrays --- */

struct world {
	struct tariff t;
	struct {
		wall_us from;
		money_micro rate;
	} price[8];
	size_t nprice;
	uint64_t free_ns; /* a month */
	unsigned asked;
};

static int price(void *arg, wall_us at, money_micro *ret_rate, wall_us *ret_until)
{
	const struct world *w = arg;

	*ret_rate = 0;
	*ret_until = INT64_MAX;
	for (size_t i = 0; i < w->nprice; i++) {
		if (w->price[i].from <= at) {
			*ret_rate = w->price[i].rate;
		} else {
			*ret_until = w->price[i].from;
			break;
		}
	}
	return 0;
}

static int free_left(void *arg, const struct month *m, uint64_t *ret_ns)
{
	struct world *w = arg;

	w->asked++;
	*ret_ns = w->free_ns;
	return 0;
}

static void world_init(struct world *w, const struct months *months)
{
	*w = (struct world){ 0 };
	w->t = (struct tariff){ months, price, free_left, w };
}

static wall_us at(const char *text)
{
	wall_us t;

	T_EQ(time_parse_rfc3339(str_of(text), &t), 0);
	return t;
}

/* --- big numbers, so that the check shares nothing with money.c --- */

struct big {
	uint32_t d[16];
};

static struct big big_of(uint64_t v)
{
	return (struct big){ { (uint32_t)v, (uint32_t)(v >> 32) } };
}

static struct big big_mul(struct big a, uint64_t by)
{
	struct big sum = { { 0 } };

	for (int half = 0; half < 2; half++) {
		uint64_t f = half ? by >> 32 : by & 0xffffffff, carry = 0;

		for (int i = 0; i + half < 16; i++) {
			uint64_t v = a.d[i] * f + sum.d[i + half] + carry;

			sum.d[i + half] = (uint32_t)v;
			carry = v >> 32;
		}
	}
	return sum;
}

static struct big big_add(struct big a, struct big b)
{
	uint64_t carry = 0;

	for (int i = 0; i < 16; i++) {
		carry += (uint64_t)a.d[i] + b.d[i];
		a.d[i] = (uint32_t)carry;
		carry >>= 32;
	}
	return a;
}

static int big_cmp(struct big a, struct big b)
{
	for (int i = 15; i >= 0; i--)
		if (a.d[i] != b.d[i])
			return a.d[i] < b.d[i] ? -1 : 1;
	return 0;
}

/* amount = product / by, half to even: |2 product - 2 amount by| <= by, and at
 * equality the amount is even. */
static bool rounded(struct big product, struct big by, money_micro amount)
{
	struct big twice = big_mul(product, 2), middle;
	int low, high;

	if (amount < 0)
		return false;
	middle = big_mul(by, (uint64_t)amount * 2);
	low = big_cmp(big_add(twice, by), middle);
	high = big_cmp(twice, big_add(middle, by));
	if (low < 0 || high > 0)
		return false;
	return (low > 0 && high < 0) || amount % 2 == 0;
}

static bool right_compute(const struct part *p)
{
	return p->free ? p->amount == 0
	               : rounded(big_mul(big_of((uint64_t)p->rate), p->ns), big_of(HOUR),
	                         p->amount);
}

static bool right_storage(const struct part *p, uint64_t bytes)
{
	struct big product = big_mul(big_mul(big_of((uint64_t)p->rate), bytes), p->ns);

	return rounded(product, big_mul(big_mul(big_of(1000000000), 730), HOUR), p->amount);
}

/* --- the tests --- */

static void one_part(void)
{
	struct world w;
	struct part p;

	world_init(&w, &months_utc);
	struct cut c = { &w.t, at("2026-11-05T10:00:00Z"), HOUR + 7, 60000, false };

	T_EQ(cut_next(&c, &p), 1);
	T_STREQ(p.month, "2026-11");
	T_EQ(p.ns, HOUR + 7);
	T_EQ(p.amount, 60000);
	T_EQ(p.to - p.from, HOUR_US);
	T_EQ(cut_next(&c, &p), 0);
	T_EQ(cut_next(&c, &p), 0);

	/* What was measured as nothing is a line all the same. */
	struct cut zero = { &w.t, at("2026-11-05T10:00:00Z"), 0, 60000, false };

	T_EQ(cut_next(&zero, &p), 1);
	T_EQ(p.ns, 0);
	T_EQ(p.amount, 0);
	T_EQ(cut_next(&zero, &p), 0);
}

static void months_and_prices_and_free_time(void)
{
	static const struct {
		const char *month, *from;
		uint64_t ns;
		money_micro rate, amount;
		bool free;
	} want[] = {
		{ "2026-10", "2026-10-31T20:00:00Z", 2 * HOUR, 1000000, 0, true },
		{ "2026-10", "2026-10-31T22:00:00Z", 2 * HOUR, 1000000, 2000000, false },
		{ "2026-11", "2026-11-01T00:00:00Z", 2 * HOUR, 1000000, 0, true },
		{ "2026-11", "2026-11-01T02:00:00Z", HOUR, 1000000, 1000000, false },
		{ "2026-11", "2026-11-01T03:00:00Z", HOUR, 500001, 500001, false },
		{ "2026-11", "2026-11-01T04:00:00Z", HOUR / 2, 0, 0, false },
	};
	struct world w;
	struct part p;

	world_init(&w, &months_utc);
	w.price[0].from = 0;
	w.price[0].rate = 1000000;
	w.price[1].from = at("2026-11-01T03:00:00Z");
	w.price[1].rate = 500001;
	w.price[2].from = at("2026-11-01T04:00:00Z");
	w.price[2].rate = 0;
	w.nprice = 3;
	w.free_ns = 2 * HOUR;
	struct cut c = { &w.t, at("2026-10-31T20:00:00Z"), 8 * HOUR + HOUR / 2, 7, true };

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		T_EQ(cut_next(&c, &p), 1);
		T_STREQ(p.month, want[i].month);
		T_EQ(p.from, at(want[i].from));
		T_EQ(p.ns, want[i].ns);
		T_EQ(p.rate, want[i].rate);
		T_EQ(p.amount, want[i].amount);
		T_EQ(p.free, want[i].free);
	}
	T_EQ(cut_next(&c, &p), 0);
	T_EQ(w.asked, 2);

	/* One that keeps its price does not look at the list. */
	w.free_ns = 0;
	c = (struct cut){ &w.t, at("2026-11-01T02:00:00Z"), 2 * HOUR, 7000000, false };
	T_EQ(cut_next(&c, &p), 1);
	T_EQ(p.amount, 14000000);
	T_EQ(cut_next(&c, &p), 0);
}

/* The clocks go back in October: that month has an hour more, and its last day
 * is charged as one of 24 hours, the 25th as one of 25. */
static void daylight_saving(void)
{
	struct world w;
	struct month m;
	struct part p;
	int days = 0;

	world_init(&w, &berlin);
	month_of(&berlin, 2026, 10, &m);
	T_STREQ(m.name, "2026-10");
	T_EQ(m.from, at("2026-09-30T22:00:00Z"));
	T_EQ(m.to, at("2026-10-31T23:00:00Z"));
	month_of(&berlin, 2026, 3, &m);
	T_EQ(m.to - m.from, 31 * DAY_US - HOUR_US);

	struct cut c = { &w.t, at("2026-10-31T22:30:00Z"), HOUR, 2, false };

	T_EQ(cut_next(&c, &p), 1);
	T_STREQ(p.month, "2026-10");
	T_EQ(p.ns, HOUR / 2);
	T_EQ(p.amount, 1);
	T_EQ(cut_next(&c, &p), 1);
	T_STREQ(p.month, "2026-11");
	T_EQ(p.from, at("2026-10-31T23:00:00Z"));

	w.price[0].rate = 100000;
	w.nprice = 1;
	struct span_cut s = { &w.t, at("2026-10-20T12:00:00Z"), at("2026-11-02T00:00:00Z"),
		              20000000000 };

	while (span_cut_next(&s, &p) > 0) {
		uint64_t hours = p.ns / HOUR;

		T_EQ(hours, days == 0                              ? 10
		            : p.from == at("2026-10-24T22:00:00Z") ? 25
		            : p.to == s.to && days == 13           ? 1
		                                                   : 24);
		T_STREQ(p.month, days < 12 ? "2026-10" : "2026-11");
		days++;
	}
	T_EQ(days, 14);
}

static void leap_days(void)
{
	struct world w;
	struct part p;
	int days = 0;
	uint64_t ns = 0;

	world_init(&w, &months_utc);
	w.price[0].rate = 730; /* per GB and month: one an hour */
	w.nprice = 1;
	struct span_cut s = { &w.t, at("2028-02-01T00:00:00Z"), at("2028-03-01T00:00:00Z"),
		              1000000000 };

	while (span_cut_next(&s, &p) > 0) {
		T_STREQ(p.month, "2028-02");
		T_EQ(p.amount, 24);
		ns += p.ns;
		days++;
	}
	T_EQ(days, 29);
	T_EQ(ns, 29 * 24 * HOUR);
}

static void storage_amounts(void)
{
	money_micro m = -1;

	/* $0.10 for a GB and month: 20 GB for 31 days. */
	T_EQ(money_of_storage(100000, 20000000000, UINT64_C(31) * 86400 * 1000000, &m), 0);
	T_EQ(m, 2038356);
	T_EQ(money_of_storage(MONEY_RATE_MAX, UINT64_C(1) << 50, UINT64_C(25) * 3600000000, &m),
	     0);
	T_EQ(money_of_storage(MONEY_RATE_MAX + 1, 1, 1, &m), -ERANGE);
	T_EQ(money_of_storage(-1, 1, 1, &m), -ERANGE);
	T_EQ(money_of_storage(1, (UINT64_C(1) << 50) + 1, 1, &m), -ERANGE);
	T_EQ(money_of_storage(MONEY_RATE_MAX, UINT64_C(1) << 50, UINT64_MAX, &m), -ERANGE);
	T_EQ(money_of_storage(0, UINT64_C(1) << 50, UINT64_C(86400000000), &m), 0);
	T_EQ(m, 0);
}

static void random_world(struct world *w, wall_us around)
{
	world_init(w, rnd(2) ? &months_utc : &berlin);
	w->nprice = 1 + rnd(ARRAY_LEN(w->price) - 1);
	for (size_t i = 0; i < w->nprice; i++) {
		w->price[i].from =
		    i ? w->price[i - 1].from + 1 + (wall_us)rnd(20 * (uint64_t)DAY_US)
		      : around - (wall_us)rnd(40 * (uint64_t)DAY_US);
		w->price[i].rate = rnd(8) ? (money_micro)rnd(5000000) : 0;
	}
	w->free_ns = rnd(3) ? rnd(90) * HOUR + rnd(HOUR) : 0;
}

/* Whatever is cut: nothing is lost, nothing doubled, every part is rounded
 * right by a computation of its own, lies in one month, has one price, and no
 * month gives more free time than it has. */
static void compute_adds_up(void)
{
	for (int round = 0; round < 20000; round++) {
		wall_us start =
		    at("2027-01-01T00:00:00Z") + (wall_us)rnd(900 * (uint64_t)DAY_US);
		uint64_t total = rnd(4) ? rnd(100 * 24 * HOUR) : rnd(5000), ns = 0, freely = 0;
		char month[MONTH_LEN + 1] = "";
		struct world w;
		struct part p;
		wall_us next = start;
		int r;

		random_world(&w, start);
		struct cut c = { &w.t, start, total, 123457, rnd(2) };

		while ((r = cut_next(&c, &p)) > 0) {
			struct month m;
			money_micro rate = 123457;
			wall_us until;

			T_EQ(p.from, next);
			T_EQ(p.to, start + (wall_us)((ns + p.ns) / 1000));
			T_OK(p.ns > 0 || total == 0);
			w.t.months->of(w.t.months, p.from, &m);
			T_STREQ(m.name, p.month);
			T_OK(p.to <= m.to);
			if (c.follow)
				T_EQ(price(&w, p.from, &rate, &until), 0);
			T_EQ(p.rate, rate);
			T_OK(!c.follow || p.to <= until);
			T_OK(right_compute(&p));
			if (strcmp(month, p.month) != 0)
				freely = 0;
			memcpy(month, p.month, sizeof(month));
			freely += p.free ? p.ns : 0;
			T_OK(freely <= w.free_ns);
			/* What is paid for is paid because the free time is used up. */
			T_OK(p.free || p.rate == 0 || freely == w.free_ns);
			ns += p.ns;
			next = p.to;
		}
		T_EQ(r, 0);
		T_EQ(ns, total);
		T_EQ(next, start + (wall_us)(total / 1000));
	}
}

static void storage_adds_up(void)
{
	for (int round = 0; round < 3000; round++) {
		wall_us from =
		    at("2027-01-01T00:00:00Z") + (wall_us)rnd(900 * (uint64_t)DAY_US);
		wall_us to = from + (wall_us)rnd(70 * (uint64_t)DAY_US), next = from;
		uint64_t bytes = rnd(2) ? rnd(UINT64_C(1) << 50) : rnd(1 << 20);
		struct world w;
		struct part p;

		random_world(&w, from);
		struct span_cut c = { &w.t, from, to, bytes };

		while (span_cut_next(&c, &p) > 0) {
			struct month m;
			money_micro rate;
			wall_us until;

			T_EQ(p.from, next);
			T_EQ(p.ns, (uint64_t)(p.to - p.from) * 1000);
			w.t.months->of(w.t.months, p.from, &m);
			T_STREQ(m.name, p.month);
			T_OK(p.to <= m.to && p.to <= w.t.months->day_end(w.t.months, p.from));
			T_EQ(price(&w, p.from, &rate, &until), 0);
			T_EQ(p.rate, rate);
			T_OK(p.to <= until && !p.free);
			T_OK(right_storage(&p, bytes));
			next = p.to;
		}
		T_EQ(next, to);
	}
}

/* Cut at every single moment around the borders: the ends are exact. */
static void every_moment_around_a_border(void)
{
	wall_us border = at("2027-01-01T00:00:00Z");

	for (int before = -3; before <= 3; before++) {
		for (uint64_t ns = 0; ns < 7000; ns += 250) {
			struct world w;
			struct part p;
			uint64_t sum = 0, old = 0;

			world_init(&w, &months_utc);
			struct cut c = { &w.t, border + before, ns, 60000, false };

			while (cut_next(&c, &p) > 0) {
				sum += p.ns;
				if (strcmp(p.month, "2026-12") == 0)
					old += p.ns;
			}
			uint64_t want = before < 0 ? (uint64_t)-before * 1000 : 0;

			T_EQ(sum, ns);
			T_EQ(old, want < ns ? want : ns);
		}
	}
}

static int broken_price(void *arg, wall_us t, money_micro *ret_rate, wall_us *ret_until)
{
	return -EIO;
}

static void failures_come_up(void)
{
	struct world w;
	struct part p;

	world_init(&w, &months_utc);
	w.t.price = broken_price;
	struct cut c = { &w.t, 0, HOUR, 1, true };
	struct span_cut s = { &w.t, 0, 5, 1 };

	T_EQ(cut_next(&c, &p), -EIO);
	T_EQ(span_cut_next(&s, &p), -EIO);
	c = (struct cut){ &w.t, 0, HOUR, -1, false };
	T_EQ(cut_next(&c, &p), -ERANGE);
}

static void months_are_parsed(void)
{
	static const char *const bad[] = { "",        "2026",    "2026-1",   "2026-13",
		                           "2026-00", "2026/11", "02026-11", "2026-1a",
		                           "1969-12", "-026-11" };
	int year = 0, month = 0;

	T_EQ(month_parse(STR("2026-11"), &year, &month), 0);
	T_EQ(year, 2026);
	T_EQ(month, 11);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		T_EQ(month_parse(str_of(bad[i]), &year, &month), -EINVAL);
}

static void amounts_are_parsed(void)
{
	static const struct {
		const char *text;
		int r;
		money_micro m;
	} t[] = {
		{ "5", 0, 5000000 },
		{ "12.34", 0, 12340000 },
		{ "-0.000001", 0, -1 },
		{ "0", 0, 0 },
		{ "0.1234567", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "-", -EINVAL, 0 },
		{ "1.", -EINVAL, 0 },
		{ ".5", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
		{ "1,5", -EINVAL, 0 },
		{ "--1", -EINVAL, 0 },
		{ "1.2.3", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1000", 0, 1000000000 },
		{ "1000.000001", -ERANGE, 0 },
		{ "-1001", -ERANGE, 0 },
		{ "99999999999999999999999", -ERANGE, 0 },
		{ "1.-5", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		money_micro m = 0;

		T_EQ(money_parse(str_of(t[i].text), INT64_C(1000000000), &m), t[i].r);
		T_EQ(m, t[i].m);
	}
}

TEST_MAIN({ "a segment within a month is one part", one_part },
          { "a segment is cut by months, prices and free time",
            months_and_prices_and_free_time },
          { "months and days of a zone with daylight saving", daylight_saving },
          { "February of a leap year has 29 charged days", leap_days },
          { "storage: rate, bytes and time, without overflow", storage_amounts },
          { "20,000 random segments add up, part by part", compute_adds_up },
          { "3,000 random spans add up, part by part", storage_adds_up },
          { "the cut at a month's end is exact to the nanosecond",
            every_moment_around_a_border },
          { "what the tariff can't say comes up as an error", failures_come_up },
          { "a month is written 2026-11", months_are_parsed },
          { "an amount has at most six decimals", amounts_are_parsed })
