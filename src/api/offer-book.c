/* SPDX-License-Identifier: Apache-2.0 */
#include "api/offer-book.h"

#include <errno.h>
#include <stdio.h>

/* --- load --- */

struct later {
	struct offer_prices *p;
	money_micro before;
};

/* Only what changes something: rows that take a plan back are not shown. */
static bool on_later(void *arg, wall_us from, money_micro rate)
{
	struct later *l = arg;

	if (rate == l->before)
		return true;
	l->before = rate;
	l->p->later[l->p->nlater++] = (struct offer_price){ from, rate };
	return l->p->nlater < OFFER_LATER_MAX;
}

static int load_prices(struct db *db, const char *resource, wall_us now,
                       struct offer_prices *ret)
{
	struct later l = { .p = ret };
	int r = price_at(db, str_of(resource), now, &ret->now, NULL);

	l.before = ret->now;
	return r < 0 ? r : price_each(db, str_of(resource), now, on_later, &l);
}

static void on_type(void *arg, const struct instance_type *t, enum type_source source)
{
	struct offer *o = arg;

	if (!t->retired && o->ntypes < OFFER_TYPES_MAX)
		o->types[o->ntypes++].t = *t;
}

static void on_plan(void *arg, const struct plan *p)
{
	struct offer *o = arg;

	if (!p->retired && o->nplans < OFFER_PLANS_MAX)
		o->plans[o->nplans++] = *p;
}

/* A type that is not offered any more is in no plan: what is shown can be put
 * back as it is. The store's row keeps it, for the day that it comes back. */
static void drop_strangers(const struct offer *o, struct plan *p)
{
	struct plan was = *p;
	struct str rest = str_of(was.types), one;
	size_t at = 0;

	if (str_is(rest, "*"))
		return;
	p->types[0] = '\0';
	while (str_split(&rest, ' ', &one)) {
		char id[TYPE_ID_MAX];

		(void)snprintf(id, sizeof(id), "%.*s", STR_ARG(one));
		if (one.len && offer_type(o, id))
			at += (size_t)snprintf(p->types + at, sizeof(p->types) - at, "%s%s",
			                       at ? " " : "", id);
	}
}

int offer_load(struct db *db, wall_us now, struct offer *ret)
{
	char resource[RESOURCE_MAX];
	int r;

	memset(ret, 0, sizeof(*ret));
	r = catalogue_version(db, &ret->version);
	if (r > 0)
		r = type_list(db, now, on_type, ret);
	if (r == 0)
		r = plan_list(db, on_plan, ret);
	for (size_t i = 0; r == 0 && i < ret->nplans; i++)
		drop_strangers(ret, &ret->plans[i]);
	for (size_t i = 0; r == 0 && i < ret->ntypes; i++) {
		resource_of_type(ret->types[i].t.id, resource);
		r = load_prices(db, resource, now, &ret->types[i].prices);
	}
	return r < 0 ? r : load_prices(db, RESOURCE_STORAGE, now, &ret->storage);
}

/* --- save --- */

struct saving {
	struct db *db;
	const char *actor;
	wall_us now;
	struct err *err;
};

/* Moments for which the store has rows already, with what holds from each. */
#define MOMENTS_MAX 256
struct moments {
	struct offer_price at[MOMENTS_MAX];
	size_t n;
};

static bool on_moment(void *arg, wall_us from, money_micro rate)
{
	struct moments *m = arg;

	m->at[m->n++] = (struct offer_price){ from, rate };
	return m->n < MOMENTS_MAX;
}

static int add(const struct saving *s, const char *resource, wall_us from, money_micro rate)
{
	return price_add(s->db, str_of(resource), from, rate, s->actor, s->now, s->err);
}

/*
 * Every moment that has a row must give what is wanted from then on, whether
 * that row planned something or took it back; then come the new moments.
 */
static int save_later(const struct saving *s, const char *resource,
                      const struct offer_prices *want)
{
	struct moments m = { 0 };
	int r = price_each(s->db, str_of(resource), s->now, on_moment, &m);

	for (size_t i = 0; r == 0 && i < m.n; i++) {
		money_micro rate = offer_rate_at(want, m.at[i].from);

		if (m.at[i].rate != rate)
			r = add(s, resource, m.at[i].from, rate);
	}
	for (size_t i = 0; r == 0 && i < want->nlater; i++) {
		size_t k = 0;

		while (k < m.n && m.at[k].from != want->later[i].from)
			k++;
		if (k == m.n)
			r = add(s, resource, want->later[i].from, want->later[i].rate);
	}
	return r;
}

static int save_prices(const struct saving *s, const char *resource,
                       const struct offer_prices *want)
{
	money_micro now = 0;
	int r = price_at(s->db, str_of(resource), s->now, &now, NULL);

	if (r == 0) /* the first price holds from the beginning of time */
		r = add(s, resource, 0, want->now);
	else if (r > 0)
		r = now == want->now ? 0 : add(s, resource, s->now, want->now);
	return r < 0 ? r : save_later(s, resource, want);
}

/* What of `want` is not as it was. */
struct differs {
	const struct offer *want;
	bool type[OFFER_TYPES_MAX], plan[OFFER_PLANS_MAX], storage;
};

static void on_difference(void *arg, const struct offer_change *c)
{
	struct differs *d = arg;

	if (c->thing == OFFER_STORAGE)
		d->storage = true;
	else if (c->what != OFFER_RETIRED && c->thing == OFFER_TYPE)
		d->type[offer_type(d->want, c->id) - d->want->types] = true;
	else if (c->what != OFFER_RETIRED)
		d->plan[offer_plan(d->want, c->id) - d->want->plans] = true;
}

static int save_types(const struct saving *s, const struct offer *have, const struct differs *d)
{
	const struct offer *want = d->want;
	char resource[RESOURCE_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < want->ntypes; i++) {
		const struct offer_type *t = &want->types[i];

		if (!d->type[i])
			continue;
		resource_of_type(t->t.id, resource);
		r = type_put(s->db, &t->t, TYPE_FROM_CATALOGUE, s->now, s->err);
		if (r == 0)
			r = save_prices(s, resource, &t->prices);
	}
	for (size_t i = 0; r == 0 && i < have->ntypes; i++) {
		struct instance_type t = have->types[i].t;

		if (offer_type(want, t.id))
			continue;
		t.retired = true;
		r = type_put(s->db, &t, TYPE_FROM_CATALOGUE, s->now, s->err);
	}
	return r;
}

static int save_plans(const struct saving *s, const struct offer *have, const struct differs *d)
{
	const struct offer *want = d->want;
	int r = plan_clear_default(s->db, s->err);

	for (size_t i = 0; r == 0 && i < want->nplans; i++)
		if (d->plan[i] || want->plans[i].is_default)
			r = plan_put(s->db, &want->plans[i], s->now, s->err);
	for (size_t i = 0; r == 0 && i < have->nplans; i++) {
		struct plan p = have->plans[i];

		if (offer_plan(want, p.id))
			continue;
		p.retired = true;
		p.is_default = false;
		r = plan_put(s->db, &p, s->now, s->err);
	}
	return r;
}

int offer_save(struct db *db, const struct offer *have, struct offer *want, const char *actor,
               wall_us now, struct err *err)
{
	const struct saving s = { db, actor, now, err };
	struct differs d = { .want = want };
	struct arena a = ARENA(1UL << 20);
	int r;

	offer_diff(have, want, &a, on_difference, &d);
	arena_fini(&a);
	r = save_types(&s, have, &d);
	if (r == 0)
		r = save_plans(&s, have, &d);
	if (r == 0 && d.storage)
		r = save_prices(&s, RESOURCE_STORAGE, &want->storage);
	if (r == 0)
		r = catalogue_bump(db, err);
	if (r == 0)
		want->version = have->version + 1;
	return r;
}
