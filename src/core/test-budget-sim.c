/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owners, sessions, prices and budgets at random over simulated months: the
 * shims fire the leases, up to 10 s late, while core may be dead for hours.
 * What is charged then, cut by month, price and free time as charges are, is
 * never above a hard budget by more than 10 s of burn. SEED=n repeats one.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "core/budget.h"
#include "test.h"

#define S        NS_PER_S
#define OWNERS   3
#define SLOTS    5 /* sessions of an owner */
#define TYPES    3
#define PRICES   400
#define MONTHS   60
#define MONTH    (30 * 3600 * S) /* a short one: more of them */
#define LATE_MAX (10 * S)

struct price {
	boot_ns from;
	money_micro rate;
};
struct run {
	bool on, follows;
	unsigned type;
	boot_ns start, lease, stops; /* stops: fired, and this is when it is gone */
	money_micro rate;
};
struct owner {
	struct run run[SLOTS];
	money_micro storage; /* rate */
	boot_ns storage_from;
	bool hard;
	money_micro amount;
	uint64_t free_month;
	money_micro used[MONTHS + 2], highest[MONTHS + 2], burn[MONTHS + 2];
	uint64_t free_used[MONTHS + 2];
	bool open[MONTHS + 2]; /* had no cap at some time of it */
};
struct world {
	uint64_t seed;
	boot_ns now, core_back;
	struct price price[TYPES][PRICES];
	unsigned nprices[TYPES];
	struct owner owner[OWNERS];
	bool site_hard, site_open[MONTHS + 2];
	money_micro site, site_highest[MONTHS + 2], site_burn[MONTHS + 2];
	unsigned fired, started, refused;
};

static uint64_t rnd(struct world *w, uint64_t below)
{
	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return below ? (w->seed * UINT64_C(2685821657736338717) >> 11) % below : 0;
}

static money_micro rate_at(const struct world *w, unsigned type, boot_ns t, boot_ns *ret_to)
{
	money_micro rate = 0;

	*ret_to = BUDGET_NEVER;
	for (unsigned i = 0; i < w->nprices[type]; i++) {
		if (w->price[type][i].from <= t)
			rate = w->price[type][i].rate;
		else if (w->price[type][i].from < *ret_to)
			*ret_to = w->price[type][i].from;
	}
	return rate;
}

/* A closed charge: part of one month at one rate. */
static void charge(struct owner *o, unsigned m, money_micro rate, uint64_t ns, bool compute)
{
	uint64_t left = o->free_month > o->free_used[m] ? o->free_month - o->free_used[m] : 0;
	uint64_t spared = !compute || rate == 0 ? 0 : ns < left ? ns : left;
	money_micro amount = 0;

	o->free_used[m] += spared;
	T_EQ(money_of(rate, ns - spared, &amount), 0);
	o->used[m] += amount;
}

static void close_piece(struct world *w, struct owner *o, const struct run *r, boot_ns from,
                        boot_ns to)
{
	while (from < to) {
		unsigned m = (unsigned)(from / MONTH);
		boot_ns end = (boot_ns)(m + 1) * MONTH, change = BUDGET_NEVER;
		money_micro rate = r ? r->rate : o->storage;

		if (r && r->follows)
			rate = rate_at(w, r->type, from, &change);
		end = end < to ? end : to;
		end = end < change ? end : change;
		charge(o, m, rate, end - from, r != NULL);
		from = end;
	}
}

static size_t add_pieces(struct world *w, unsigned owner, const struct run *r,
                         struct budget_piece *p)
{
	boot_ns begin = w->now / MONTH * MONTH, from = r->start > begin ? r->start : begin, to;
	size_t n = 0;

	if (!r->follows) {
		p[n++] = (struct budget_piece){ owner, true, from, BUDGET_NEVER, r->rate };
		return n;
	}
	for (; from != BUDGET_NEVER; from = to) {
		money_micro rate = rate_at(w, r->type, from, &to);

		p[n++] = (struct budget_piece){ owner, true, from, to, rate };
	}
	return n;
}

static struct budget_piece pieces[OWNERS * SLOTS * PRICES];

static struct budget_view look(struct world *w, struct budget_owner owners[OWNERS])
{
	unsigned m = (unsigned)(w->now / MONTH);
	struct budget_view v = { .pieces = pieces,
		                 .owners = owners,
		                 .nowners = OWNERS,
		                 .now = w->now,
		                 .month_ends = (boot_ns)(m + 1) * MONTH };

	for (unsigned i = 0; i < OWNERS; i++) {
		struct owner *o = &w->owner[i];
		boot_ns begin = (boot_ns)m * MONTH;

		owners[i].used = o->used[m];
		owners[i].free_next_ns = o->free_month;
		owners[i].free_ns =
		    o->free_month > o->free_used[m] ? o->free_month - o->free_used[m] : 0;
		for (unsigned k = 0; k < SLOTS; k++)
			if (o->run[k].on)
				v.n += add_pieces(w, i, &o->run[k], pieces + v.n);
		pieces[v.n++] =
		    (struct budget_piece){ i, false,
			                   o->storage_from > begin ? o->storage_from : begin,
			                   BUDGET_NEVER, o->storage };
	}
	budget_sort(&v);
	return v;
}

/* Core at work: the lease of everything that runs. */
static void settle(struct world *w)
{
	struct budget_owner owners[OWNERS];
	struct budget_view v;
	boot_ns site;

	if (w->now < w->core_back)
		return;
	v = look(w, owners);
	site = w->site_hard ? budget_until(&v, w->site) : BUDGET_NEVER;
	for (unsigned i = 0; i < OWNERS; i++) {
		struct owner *o = &w->owner[i];
		struct budget_view one = budget_view_of(&v, i);
		boot_ns mine = o->hard ? budget_until(&one, o->amount) : BUDGET_NEVER,
		        lease = budget_lease(mine, site, w->now);

		for (unsigned k = 0; k < SLOTS; k++)
			if (o->run[k].on && budget_lease_moved(o->run[k].lease, lease, w->now))
				o->run[k].lease = lease;
	}
}

static void start(struct world *w, unsigned i)
{
	struct owner *o = &w->owner[i];
	struct budget_owner owners[OWNERS];
	struct budget_view v, one;
	unsigned k = 0, type = (unsigned)rnd(w, TYPES);
	boot_ns to, until;

	while (k < SLOTS && o->run[k].on)
		k++;
	if (k == SLOTS || w->now < w->core_back)
		return;
	o->run[k] = (struct run){ .on = true,
		                  .follows = rnd(w, 2),
		                  .type = type,
		                  .start = w->now,
		                  .rate = rate_at(w, type, w->now, &to) };
	v = look(w, owners);
	one = budget_view_of(&v, i);
	until = o->hard ? budget_until(&one, o->amount) : BUDGET_NEVER;
	to = w->site_hard ? budget_until(&v, w->site) : BUDGET_NEVER;
	until = until < to ? until : to;
	if (until != BUDGET_NEVER &&
	    until < w->now + (BUDGET_LEAD_S + BUDGET_START_MIN_S) * S) {
		o->run[k].on = false;
		w->refused++;
		return;
	}
	w->started++;
}

static void end(struct world *w, struct owner *o, struct run *r)
{
	close_piece(w, o, r, r->start, w->now);
	r->on = false;
}

static void set_price(struct world *w)
{
	unsigned type = (unsigned)rnd(w, TYPES);
	boot_ns from = w->now + (rnd(w, 2) ? rnd(w, 20 * 3600) * S : 0);

	if (w->nprices[type] == PRICES || w->now < w->core_back)
		return;
	/* In order, so that the newest row holds. */
	if (w->nprices[type] && w->price[type][w->nprices[type] - 1].from > from)
		return;
	w->price[type][w->nprices[type]++] =
	    (struct price){ from, (money_micro)(rnd(w, 4) ? rnd(w, 5000000) : 0) };
}

static void set_budget(struct world *w)
{
	unsigned i = (unsigned)rnd(w, OWNERS + 1);
	bool hard = rnd(w, 8) != 0;
	money_micro amount = (money_micro)rnd(w, 40000000);

	if (w->now < w->core_back)
		return;
	if (i == OWNERS) {
		w->site_hard = hard;
		w->site = amount * 2;
	} else {
		w->owner[i].hard = hard;
		w->owner[i].amount = amount;
	}
}

/* What 10 s more may cost. While free time runs out that is more than the sum
 * of the rates: a cheap session's second takes it from a dear one's. */
static money_micro ten_seconds(const struct budget_view *v)
{
	return budget_used(v, v->now + LATE_MAX) - budget_used(v, v->now);
}

/* What holds now counts for the month: the highest cap, the highest burn. */
static void note(struct world *w)
{
	struct budget_owner owners[OWNERS];
	struct budget_view v = look(w, owners);
	unsigned m = (unsigned)(w->now / MONTH);

	for (unsigned i = 0; i < OWNERS; i++) {
		struct owner *o = &w->owner[i];
		struct budget_view one = budget_view_of(&v, i);
		money_micro burn = ten_seconds(&one);

		o->open[m] |= !o->hard;
		if (o->amount > o->highest[m])
			o->highest[m] = o->amount;
		if (burn > o->burn[m])
			o->burn[m] = burn;
	}
	w->site_open[m] |= !w->site_hard;
	if (w->site > w->site_highest[m])
		w->site_highest[m] = w->site;
	if (ten_seconds(&v) > w->site_burn[m])
		w->site_burn[m] = ten_seconds(&v);
}

/* The next moment at which something happens by itself: a shim fires, one is
 * gone, a month begins, a price holds. */
static boot_ns next_by_itself(struct world *w, boot_ns until)
{
	boot_ns month = (w->now / MONTH + 1) * MONTH, to;

	until = month < until ? month : until;
	for (unsigned t = 0; t < TYPES; t++) {
		(void)rate_at(w, t, w->now, &to);
		until = to < until ? to : until;
	}
	for (unsigned i = 0; i < OWNERS; i++) {
		for (unsigned k = 0; k < SLOTS; k++) {
			const struct run *r = &w->owner[i].run[k];
			boot_ns at = r->stops ? r->stops : r->lease;

			if (r->on && at && at < until)
				until = at > w->now ? at : w->now;
		}
	}
	return until;
}

static void shims(struct world *w)
{
	for (unsigned i = 0; i < OWNERS; i++) {
		for (unsigned k = 0; k < SLOTS; k++) {
			struct run *r = &w->owner[i].run[k];

			if (r->on && !r->stops && r->lease && r->lease <= w->now) {
				r->stops = w->now + rnd(w, LATE_MAX + 1);
				w->fired++;
			}
			if (r->on && r->stops && r->stops <= w->now)
				end(w, &w->owner[i], r);
		}
	}
}

static void pass(struct world *w, boot_ns until)
{
	while (w->now < until) {
		w->now = next_by_itself(w, until);
		shims(w);
		settle(w);
		note(w);
		shims(w);
	}
}

static void act(struct world *w)
{
	unsigned i = (unsigned)rnd(w, OWNERS), k = (unsigned)rnd(w, SLOTS), what;
	struct owner *o = &w->owner[i];

	what = (unsigned)rnd(w, 20);
	if (what < 9)
		start(w, i);
	else if (what < 14 && o->run[k].on)
		end(w, o, &o->run[k]);
	else if (what < 16)
		set_price(w);
	else if (what < 18)
		set_budget(w);
	else if (what == 18 && w->now >= w->core_back)
		w->core_back = w->now + rnd(w, 40 * 3600) * S; /* over the month's end too */
	else
		for (i = 0; i < OWNERS; i++) { /* a day of storage */
			close_piece(w, &w->owner[i], NULL, w->owner[i].storage_from, w->now);
			w->owner[i].storage_from = w->now;
		}
}

static void judge(struct world *w, uint64_t seed)
{
	for (unsigned m = 0; m < MONTHS; m++) {
		money_micro sum = 0;
		bool capped = !w->site_open[m];

		for (unsigned i = 0; i < OWNERS; i++) {
			struct owner *o = &w->owner[i];
			money_micro over = o->used[m] - o->highest[m];

			sum += o->used[m];
			/* Storage goes on when the money is gone. */
			over -= o->storage * (money_micro)(MONTH / S) / 3600;
			if (!o->open[m] && over > o->burn[m]) {
				printf("# seed %llu month %u owner %u: %lld over, 10 s of "
				       "burn is %lld\n",
				       (unsigned long long)seed, m, i, (long long)over,
				       (long long)o->burn[m]);
				T_OK(!"an owner's budget is overrun");
			}
		}
		sum -= 20 * OWNERS * (money_micro)(MONTH / S) / 3600;
		if (capped && sum > w->site_highest[m] &&
		    sum - w->site_highest[m] > w->site_burn[m]) {
			printf("# seed %llu month %u\n", (unsigned long long)seed, m);
			T_OK(!"the site's budget is overrun");
		}
	}
}

static unsigned total_fired, total_started, total_refused;

static void simulate(uint64_t seed)
{
	static struct world w;

	w = (struct world){ .seed = seed * UINT64_C(0x9E3779B97F4A7C15) + 1, .now = S };
	for (unsigned t = 0; t < TYPES; t++)
		w.price[t][w.nprices[t]++] = (struct price){ 0, (money_micro)rnd(&w, 5000000) };
	w.site = (money_micro)rnd(&w, 100000000);
	w.site_hard = rnd(&w, 2);
	for (unsigned i = 0; i < OWNERS; i++) {
		struct owner *o = &w.owner[i];

		o->amount = (money_micro)rnd(&w, 40000000);
		o->hard = rnd(&w, 4) != 0;
		o->free_month = rnd(&w, 3) ? 0 : rnd(&w, 20 * 3600) * S;
		o->storage = (money_micro)rnd(&w, 20); /* can't be stopped: little */
		o->storage_from = w.now;
	}
	while (w.now < MONTHS * MONTH - 3600 * S) {
		pass(&w, w.now + rnd(&w, 2 * 3600) * S + rnd(&w, S));
		act(&w);
		settle(&w);
		note(&w);
	}
	for (unsigned i = 0; i < OWNERS; i++) {
		close_piece(&w, &w.owner[i], NULL, w.owner[i].storage_from, w.now);
		for (unsigned k = 0; k < SLOTS; k++)
			if (w.owner[i].run[k].on)
				end(&w, &w.owner[i], &w.owner[i].run[k]);
	}
	judge(&w, seed);
	total_fired += w.fired;
	total_started += w.started;
	total_refused += w.refused;
}

static void caps_hold(void)
{
	const char *one = getenv("SEED"), *many = getenv("SEEDS");
	uint64_t seed = 1, n = 200;

	if (one && str_to_u64(str_of(one), 0, UINT64_MAX, &seed) == 0)
		n = 1;
	else if (many && str_to_u64(str_of(many), 1, 1000000, &n) < 0)
		n = 200;
	for (uint64_t i = 0; i < n; i++)
		simulate(seed + i);
	printf("# seeds %llu to %llu, %u starts, %u refused, %u leases fired\n",
	       (unsigned long long)seed, (unsigned long long)(seed + n - 1), total_started,
	       total_refused, total_fired);
	T_OK(one || (total_fired > 100 && total_refused > 100));
}

TEST_MAIN({ "no hard budget is overrun by more than 10 s of burn in simulated months",
            caps_hold })
