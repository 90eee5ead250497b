/* SPDX-License-Identifier: Apache-2.0 */
#include "api/budget-book.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define STEPS_MAX   256 /* prices of a month, and to come: four a day and more */
#define OWNERS_MAX  1000000
#define GB          UINT64_C(1000000000)
#define MONTH_HOURS 730
#define HOUR_US     (INT64_C(3600) * US_PER_S)

boot_ns budget_boot_of(const struct now *now, wall_us at)
{
	__int128 boot = (__int128)now->boot + ((__int128)at - now->wall) * 1000;

	return boot < 0 ? 0 : boot > (__int128)INT64_MAX ? (boot_ns)INT64_MAX : (boot_ns)boot;
}

void *budget_grow(void *old, size_t n, size_t *room, size_t size)
{
	void *p;

	if (n < *room)
		return old;
	*room = *room ? *room * 2 : 16;
	p = xcalloc(*room, size);
	if (n)
		memcpy(p, old, n * size);
	free(old);
	return p;
}

static struct book_owner *owner_of(struct budget_book *b, struct str account_id)
{
	struct book_owner *o = map_get(&b->by_id, account_id);
	uint64_t free_s = 0;

	if (o)
		return o;
	b->owner =
	    budget_grow(b->owner, b->nowners, &b->room_owners, sizeof(struct book_owner *));
	b->sums = budget_grow(b->sums, b->nowners, &b->room_sums, sizeof(*b->sums));
	o = xcalloc(1, sizeof(*o));
	(void)snprintf(o->account_id, sizeof(o->account_id), "%.*s", STR_ARG(account_id));
	o->at = (unsigned)b->nowners;
	o->until = BUDGET_NEVER;
	if (map_set(&b->by_id, account_id, o, NULL) < 0 ||
	    free_seconds(b->db_, account_id, &free_s) < 0)
		b->error_ = -EIO;
	b->owner[b->nowners] = o;
	o->free_ns = free_s * NS_PER_S;
	b->sums[b->nowners++] = (struct budget_owner){ 0 };
	return o;
}

static void add_piece(struct budget_book *b, struct budget_piece p)
{
	b->pieces = budget_grow(b->pieces, b->npieces, &b->room_pieces, sizeof(*b->pieces));
	b->pieces[b->npieces++] = p;
}

/* --- what has been charged --- */

static void on_use(void *arg, struct str account_id, const struct month_use *u)
{
	struct budget_book *b = arg;
	struct book_owner *o = owner_of(b, account_id);

	b->sums[o->at].used = u->amount;
	o->free_used_ns = u->free_ns;
}

static void on_budget(void *arg, const struct budget *budget, const char *email)
{
	struct budget_book *b = arg;
	struct book_owner *o;

	if (!budget->account_id[0]) {
		b->has_site = true;
		b->site = *budget;
		return;
	}
	o = owner_of(b, str_of(budget->account_id));
	o->has_budget = true;
	o->budget = *budget;
}

/* --- what is not charged yet --- */

/* The pieces from `first` on, as far as they are foreseen. One that is late with
 * its stop costs until now at least. */
static void look_ahead(struct budget_book *b, size_t first, boot_ns stop)
{
	boot_ns end = stop > b->now.boot ? stop : b->now.boot;

	for (size_t i = first; b->of_->stops && i < b->npieces; i++) {
		struct budget_piece p = b->pieces[i];

		p.to = p.to < end ? p.to : end;
		if (p.from >= p.to)
			continue;
		b->ahead = budget_grow(b->ahead, b->nahead, &b->room_ahead, sizeof(*b->ahead));
		b->ahead[b->nahead++] = p;
	}
}

/* Per GB and month; up to the next micro-unit per hour. */
static money_micro storage_rate(money_micro rate, uint64_t bytes)
{
	return (
	    money_micro)(((unsigned __int128)(uint64_t)rate * bytes + GB * MONTH_HOURS - 1) /
	                 (GB * MONTH_HOURS));
}

/* One rate, or those of the catalogue from `from` on. False: it never costs. */
static bool add_priced(struct budget_book *b, struct budget_piece p, const char *resource,
                       uint64_t bytes, wall_us from)
{
	struct price_step step[STEPS_MAX];
	bool costs = false;
	boot_ns end = p.to;
	int n = price_steps(b->db_, resource, from, step, ARRAY_LEN(step));

	if (n < 0)
		b->error_ = n;
	for (int i = 0; i < n; i++) {
		struct budget_piece one = p;
		boot_ns at = budget_boot_of(&b->now, step[i].from);
		boot_ns next = i + 1 < n ? budget_boot_of(&b->now, step[i + 1].from) : end;

		one.from = at > p.from ? at : p.from;
		one.to = next < end ? next : end;
		one.rate = step[i].rate;
		if (bytes)
			one.rate = storage_rate(step[i].rate, bytes);
		costs |= one.rate > 0;
		if (one.from < one.to && one.rate > 0)
			add_piece(b, one);
	}
	return costs;
}

/* What was kept before this boot and is not charged yet: the boot clock does not
 * reach there. Rounded up, as all of it. */
static void add_before(struct budget_book *b, struct budget_owner *sum,
                       const struct storage_open *s, wall_us from)
{
	struct price_step step[STEPS_MAX];
	wall_us booted = clock_wall_of(&b->now, 0),
	        to = s->to && s->to < booted ? s->to : booted;
	int n = from < to ? price_steps(b->db_, "storage", from, step, ARRAY_LEN(step)) : 0;

	if (n < 0)
		b->error_ = n;
	for (int i = 0; i < n; i++) {
		wall_us begin = step[i].from > from ? step[i].from : from,
		        end = i + 1 < n && step[i + 1].from < to ? step[i + 1].from : to;

		if (begin < end)
			sum->before +=
			    (money_micro)((__int128)storage_rate(step[i].rate, s->bytes) *
			                  (end - begin) / HOUR_US) +
			    1;
	}
}

static void on_storage(void *arg, const struct storage_open *s)
{
	struct budget_book *b = arg;
	wall_us from = s->from > b->month.from ? s->from : b->month.from;
	struct budget_piece p = {
		.owner = owner_of(b, str_of(s->account_id))->at,
		.from = budget_boot_of(&b->now, from),
		.to = s->to ? budget_boot_of(&b->now, s->to) : BUDGET_NEVER,
	};
	size_t first = b->npieces;

	if (s->bytes) {
		add_before(b, &b->sums[p.owner], s, from);
		(void)add_priced(b, p, "storage", s->bytes, from);
	}
	look_ahead(b, first, BUDGET_NEVER);
}

/* From its journal's start on; one that is being started, from now on. */
static void on_burning(void *arg, const struct burning *s)
{
	struct budget_book *b = arg;
	bool metered = s->started_boot && strcmp(s->boot_id, b->now.boot_id) == 0;
	boot_ns begun = metered ? s->started_boot : b->now.boot;
	boot_ns month = budget_boot_of(&b->now, b->month.from);
	struct budget_piece p = { .owner = owner_of(b, str_of(s->account_id))->at,
		                  .compute = true,
		                  .from = begun > month ? begun : month,
		                  .to = BUDGET_NEVER,
		                  .rate = s->price_per_hour };
	struct book_owner *o = b->owner[p.owner];
	size_t first = b->npieces;
	struct book_run *run;
	char resource[TYPE_ID_MAX + 8];

	if (s->free_s_month * NS_PER_S < o->free_ns)
		o->free_ns = s->free_s_month * NS_PER_S;

	b->runs = budget_grow(b->runs, b->nruns, &b->room_runs, sizeof(*b->runs));
	run = &b->runs[b->nruns++];
	*run = (struct book_run){ .epoch = s->epoch,
		                  .lease_until = s->lease_until,
		                  .owner = p.owner,
		                  .burns = p.rate > 0 };
	memcpy(run->id, s->id, sizeof(run->id));
	if (s->price_mode == PRICE_FOLLOW) {
		(void)snprintf(resource, sizeof(resource), "type:%s", s->instance_type);
		run->burns = add_priced(b, p, resource, 0, clock_wall_of(&b->now, p.from));
	} else if (p.rate > 0) {
		add_piece(b, p);
	}
	if (b->of_->stops)
		look_ahead(b, first, b->of_->stops(b->of_->stops_arg, s));
}

/* One that does not burn yet, as if it began now. */
static void add_extra(struct budget_book *b, const struct session *s)
{
	struct burning one = { .price_per_hour = s->price_per_hour,
		               .price_mode = s->price_mode,
		               .free_s_month = s->free_s_month };

	memcpy(one.id, s->id, sizeof(one.id));
	memcpy(one.account_id, s->account_id, sizeof(one.account_id));
	memcpy(one.instance_type, s->instance_type, sizeof(one.instance_type));
	on_burning(b, &one);
}

static void judge(struct budget_book *b)
{
	for (size_t i = 0; i < b->nowners; i++) {
		const struct book_owner *o = b->owner[i];

		b->sums[i].free_next_ns = o->free_ns;
		b->sums[i].free_ns =
		    o->free_ns > o->free_used_ns ? o->free_ns - o->free_used_ns : 0;
	}
	b->view = (struct budget_view){ .pieces = b->pieces,
		                        .n = b->npieces,
		                        .owners = b->sums,
		                        .nowners = b->nowners,
		                        .now = b->now.boot,
		                        .month_ends = budget_boot_of(&b->now, b->month.to) };
	budget_sort(&b->view);
	b->site_until =
	    b->has_site && b->site.hard ? budget_until(&b->view, b->site.amount) : BUDGET_NEVER;
	for (size_t i = 0; i < b->nowners; i++) {
		struct book_owner *o = b->owner[i];
		struct budget_view one = budget_book_view(b, o);

		if (o->has_budget && o->budget.hard)
			o->until = budget_until(&one, o->budget.amount);
	}
}

static int read_all(struct budget_book *b)
{
	int r = budget_list(b->db_, on_budget, b);

	return r < 0 ? r : month_use_each(b->db_, b->month.name, on_use, b);
}

static int read_one(struct budget_book *b, struct str account_id)
{
	struct month_use use = { 0 };
	struct budget own;
	int r = budget_get(b->db_, account_id, &own);

	if (r > 0)
		on_budget(b, &own, "");
	if (r >= 0)
		r = month_use(b->db_, account_id, b->month.name, &use);
	if (r >= 0)
		on_use(b, account_id, &use);
	return r;
}

/* What was left of the site's budget when it was last settled, less what has
 * burned since, divided by what burns and what would. */
static boot_ns site_estimate(const struct core *core, const struct now *now,
                             money_micro more_per_hour)
{
	__int128 burn = core->leases.site_burn, left = core->leases.site_left;
	uint64_t since =
	    now->boot > core->leases.site_at ? now->boot - core->leases.site_at : 0;
	__int128 ns;

	left -= burn * since / ((__int128)3600 * NS_PER_S);
	burn += more_per_hour;
	if (left <= 0)
		return now->boot;
	if (burn == 0)
		return BUDGET_NEVER;
	ns = left * 3600 * NS_PER_S / burn;
	return ns > INT64_MAX / 2 ? BUDGET_NEVER : now->boot + (boot_ns)ns;
}

int budget_book_read(struct db *db, const struct core *core, const struct now *now,
                     const struct book_of *of, struct budget_book *b, struct err *err)
{
	bool all = of->account_id.len == 0;
	int r = 0;

	*b = (struct budget_book){ .now = *now, .db_ = db, .core_ = core, .of_ = of };
	map_init(&b->by_id, OWNERS_MAX);
	core->months->of(core->months, now->wall, &b->month);
	if (!of->alone)
		r = budget_get(db, STR(BUDGET_SITE), &b->site);
	b->has_site = r > 0;
	all |= b->has_site && b->site.hard;
	if (r >= 0)
		r = all ? read_all(b) : read_one(b, of->account_id);
	if (r >= 0)
		r = storage_open_each(db, all ? STR("") : of->account_id, on_storage, b);
	if (r >= 0)
		r = burning_each(db, all ? STR("") : of->account_id, on_burning, b);
	if (of->extra)
		add_extra(b, of->extra);
	if (r >= 0)
		r = b->error_;
	if (r < 0) {
		budget_book_fini(b);
		return ERR(err, r, "The budgets can't be read.");
	}
	b->has_site = b->has_site && all; /* else its use was not read */
	judge(b);
	if (of->alone && core->leases.site)
		b->site_until =
		    site_estimate(core, now, of->extra ? of->extra->price_per_hour : 0);
	return 0;
}

void budget_book_fini(struct budget_book *b)
{
	for (size_t i = 0; i < b->nowners; i++)
		free(b->owner[i]);
	free(b->owner);
	free(b->sums);
	free(b->pieces);
	free(b->ahead);
	free(b->runs);
	map_fini(&b->by_id);
	*b = (struct budget_book){ 0 };
}

struct book_owner *budget_book_owner(const struct budget_book *b, struct str account_id)
{
	return map_get(&b->by_id, account_id);
}

struct budget_view budget_book_view(const struct budget_book *b, const struct book_owner *o)
{
	return budget_view_of(&b->view, o->at);
}

money_micro budget_book_compute(const struct budget_book *b, const struct book_owner *o)
{
	struct budget_view v = budget_book_view(b, o);
	size_t n = 0;

	/* budget_sort() puts an owner's storage behind what computes. */
	while (n < v.n && v.pieces[n].compute)
		n++;
	v.n = n;
	return budget_burn(&v);
}

money_micro budget_book_expected(const struct budget_book *b, const struct book_owner *o)
{
	struct budget_view v = b->view;

	v.pieces = b->ahead;
	v.n = b->nahead;
	budget_sort(&v);
	v = budget_view_of(&v, o->at);
	return budget_used(&v, v.month_ends > v.now ? v.month_ends : v.now);
}

boot_ns budget_book_lease(const struct budget_book *b, const struct book_run *r)
{
	return r->burns ? budget_lease(b->owner[r->owner]->until, b->site_until, b->now.boot)
	                : 0;
}
