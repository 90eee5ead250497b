/* SPDX-License-Identifier: Apache-2.0 */
#include "core/offer.h"

#include <errno.h>
#include <stdio.h>

#define TEXT_MAX 640

money_micro offer_rate_at(const struct offer_prices *p, wall_us t)
{
	money_micro rate = p->now;

	for (size_t i = 0; i < p->nlater && p->later[i].from <= t; i++)
		rate = p->later[i].rate;
	return rate;
}

const struct offer_type *offer_type(const struct offer *o, const char *id)
{
	for (size_t i = 0; i < o->ntypes; i++)
		if (strcmp(o->types[i].t.id, id) == 0)
			return &o->types[i];
	return NULL;
}

const struct plan *offer_plan(const struct offer *o, const char *id)
{
	for (size_t i = 0; i < o->nplans; i++)
		if (strcmp(o->plans[i].id, id) == 0)
			return &o->plans[i];
	return NULL;
}

/* --- check --- */

struct checking {
	const struct offer *o;
	wall_us now;
	char *field;
	struct err *err;
};

static int bad(struct checking *k, const char *list, size_t i, const char *name)
{
	(void)snprintf(k->field, OFFER_FIELD_MAX, "%s.%zu.%s", list, i, name);
	return -EINVAL;
}

static int check_prices(struct checking *k, const struct offer_prices *p, const char *where)
{
	wall_us before = k->now;

	for (size_t i = 0; i < p->nlater; i++) {
		if (p->later[i].from <= before) {
			(void)snprintf(k->field, OFFER_FIELD_MAX, "%s.next_prices.%zu.from",
			               where, i);
			return ERR(
			    k->err, -EINVAL, "%s",
			    i ? "Planned prices come in the order of time."
			      : "A planned price holds from a moment in the future: what "
			        "has passed keeps its price.");
		}
		before = p->later[i].from;
	}
	return 0;
}

static int check_type(struct checking *k, size_t i)
{
	const struct instance_type *t = &k->o->types[i].t;
	char where[40];

	(void)snprintf(where, sizeof(where), "instance_types.%zu", i);
	if (offer_type(k->o, t->id) != &k->o->types[i]) {
		(void)bad(k, "instance_types", i, "id");
		return ERR(k->err, -EINVAL, "The instance type %.60s is there twice.", t->id);
	}
	if ((t->gpu_count == 0) != (t->gpu_class[0] == '\0')) {
		(void)bad(k, "instance_types", i, t->gpu_count ? "gpu_class" : "gpu_count");
		return ERR(k->err, -EINVAL,
		           "GPUs need both: gpu_class and a gpu_count from 1 on.");
	}
	return check_prices(k, &k->o->types[i].prices, where);
}

static int check_plan_types(struct checking *k, size_t i)
{
	struct str rest = str_of(k->o->plans[i].types), one;

	while (str_split(&rest, ' ', &one)) {
		char id[TYPE_ID_MAX];

		(void)snprintf(id, sizeof(id), "%.*s", STR_ARG(one));
		if (one.len == 0 || str_is(str_of(k->o->plans[i].types), "*") ||
		    offer_type(k->o, id))
			continue;
		(void)bad(k, "plans", i, "types");
		return ERR(k->err, -EINVAL,
		           "There is no instance type %.60s in this catalogue; a plan names "
		           "types that are there, or \"*\" alone for all.",
		           id);
	}
	return 0;
}

static int check_plan(struct checking *k, size_t i)
{
	const struct plan *p = &k->o->plans[i];

	if (offer_plan(k->o, p->id) != p) {
		(void)bad(k, "plans", i, "id");
		return ERR(k->err, -EINVAL, "The plan %.60s is there twice.", p->id);
	}
	if (p->auto_stop_max_s && p->auto_stop_min_s > p->auto_stop_max_s) {
		(void)bad(k, "plans", i, "auto_stop_min_seconds");
		return ERR(
		    k->err, -EINVAL,
		    "The shortest auto-stop time (%u s) is longer than the longest (%u s).",
		    p->auto_stop_min_s, p->auto_stop_max_s);
	}
	return check_plan_types(k, i);
}

static int check_default(struct checking *k)
{
	size_t n = 0;

	for (size_t i = 0; i < k->o->nplans; i++)
		n += k->o->plans[i].is_default;
	if (n == 1)
		return 0;
	(void)snprintf(k->field, OFFER_FIELD_MAX, "plans");
	return ERR(k->err, -EINVAL,
	           "One plan is the default, for everybody who was given none; here are %zu.",
	           n);
}

int offer_check(const struct offer *o, wall_us now, char field[OFFER_FIELD_MAX],
                struct err *err)
{
	struct checking k = { o, now, field, err };
	int r = check_prices(&k, &o->storage, "storage");

	for (size_t i = 0; r == 0 && i < o->ntypes; i++)
		r = check_type(&k, i);
	for (size_t i = 0; r == 0 && i < o->nplans; i++)
		r = check_plan(&k, i);
	return r < 0 ? r : check_default(&k);
}

/* --- differences: each field as text --- */

struct text {
	char s[TEXT_MAX];
};

static void put_u64(struct text *t, uint64_t v)
{
	(void)snprintf(t->s, sizeof(t->s), "%llu", (unsigned long long)v);
}

static void put_z(struct text *t, const char *z)
{
	(void)snprintf(t->s, sizeof(t->s), "%s", z);
}

static void put_bool(struct text *t, bool b)
{
	put_z(t, b ? "true" : "false");
}

static void put_money(struct text *t, money_micro m)
{
	char text[MONEY_TEXT_MAX];

	money_text(m, text);
	put_z(t, text);
}

static void put_later(struct text *t, const struct offer_prices *p)
{
	size_t at = 0;

	put_z(t, "none");
	for (size_t i = 0; i < p->nlater; i++) {
		char price[MONEY_TEXT_MAX], from[TIME_RFC3339_MAX];

		money_text(p->later[i].rate, price);
		time_rfc3339(p->later[i].from, from);
		at += (size_t)snprintf(t->s + at, sizeof(t->s) - at, "%s%s from %s",
		                       i ? ", " : "", price, from);
	}
}

#define TYPE_FIELDS 9
static const char *type_field(const struct offer_type *o, unsigned i, struct text *t)
{
	char cpu[MONEY_TEXT_MAX];

	switch (i) {
	case 0:
		put_z(t, o->t.name);
		return "name";
	case 1:
		seconds_text((uint64_t)o->t.cpu_milli * 1000000,
		             cpu); /* thousandths, as decimals */
		put_z(t, cpu);
		return "cpu";
	case 2:
		put_u64(t, o->t.memory_bytes);
		return "memory_bytes";
	case 3:
		put_u64(t, o->t.pids);
		return "pids";
	case 4:
		put_z(t, o->t.gpu_class);
		return "gpu_class";
	case 5:
		put_u64(t, o->t.gpu_count);
		return "gpu_count";
	case 6:
		put_bool(t, o->t.preemptible);
		return "preemptible";
	case 7:
		put_money(t, o->prices.now);
		return "price_per_hour";
	default:
		put_later(t, &o->prices);
		return "next_prices";
	}
}

#define PLAN_FIELDS 15
static const char *plan_field(const struct plan *p, unsigned i, struct text *t)
{
	/* clang-format off */
	switch (i) {
	case 0: put_z(t, p->name); return "name";
	case 1: put_u64(t, p->sessions_max); return "sessions_max";
	case 2: put_u64(t, p->storage_bytes_max); return "storage_bytes_max";
	case 3: put_u64(t, p->session_max_s); return "session_max_seconds";
	case 4: put_u64(t, p->auto_stop_min_s); return "auto_stop_min_seconds";
	case 5: put_u64(t, p->auto_stop_max_s); return "auto_stop_max_seconds";
	case 6: put_z(t, p->types); return "types";
	case 7: put_bool(t, p->may_be_private); return "private";
	case 8: put_u64(t, p->free_s_month); return "free_seconds_per_month";
	case 9: put_money(t, p->credit_new); return "credit_new";
	case 10: (void)snprintf(t->s, sizeof(t->s), "%d", p->priority); return "priority";
	case 11: put_z(t, p->price_mode == PRICE_FOLLOW ? "follow" : "keep"); return "price_mode";
	case 12: put_u64(t, p->notice_s); return "notice_seconds";
	case 13: put_u64(t, p->hold_s); return "hold_seconds";
	default: put_bool(t, p->is_default); return "default";
	}
	/* clang-format on */
}

#define STORAGE_FIELDS 2
static const char *storage_field(const struct offer_prices *p, unsigned i, struct text *t)
{
	if (i == 0) {
		put_money(t, p->now);
		return "price_per_gb_month";
	}
	put_later(t, p);
	return "next_prices";
}

struct diffing {
	struct arena *a;
	offer_change_fn *fn;
	void *arg;
};

static void tell(const struct diffing *d, enum offer_thing thing, enum offer_what what,
                 const char *id)
{
	const struct offer_change c = { .thing = thing, .what = what, .id = id };

	d->fn(d->arg, &c);
}

static void tell_field(const struct diffing *d, struct offer_change *c, const char *field,
                       const struct text *from, const struct text *to)
{
	if (strcmp(from->s, to->s) == 0)
		return;
	c->what = OFFER_CHANGED;
	c->field = field;
	c->from = arena_str(d->a, str_of(from->s)).ptr;
	c->to = arena_str(d->a, str_of(to->s)).ptr;
	if (c->from && c->to)
		d->fn(d->arg, c);
}

static void diff_types(const struct diffing *d, const struct offer *have,
                       const struct offer *want)
{
	struct text from, to;

	for (size_t i = 0; i < want->ntypes; i++) {
		const struct offer_type *w = &want->types[i], *h = offer_type(have, w->t.id);
		struct offer_change c = { .thing = OFFER_TYPE, .id = w->t.id };

		if (!h)
			tell(d, OFFER_TYPE, OFFER_ADDED, w->t.id);
		for (unsigned k = 0; h && k < TYPE_FIELDS; k++) {
			(void)type_field(h, k, &from);
			tell_field(d, &c, type_field(w, k, &to), &from, &to);
		}
	}
	for (size_t i = 0; i < have->ntypes; i++)
		if (!offer_type(want, have->types[i].t.id))
			tell(d, OFFER_TYPE, OFFER_RETIRED, have->types[i].t.id);
}

static void diff_plans(const struct diffing *d, const struct offer *have,
                       const struct offer *want)
{
	struct text from, to;

	for (size_t i = 0; i < want->nplans; i++) {
		const struct plan *w = &want->plans[i], *h = offer_plan(have, w->id);
		struct offer_change c = { .thing = OFFER_PLAN, .id = w->id };

		if (!h)
			tell(d, OFFER_PLAN, OFFER_ADDED, w->id);
		for (unsigned k = 0; h && k < PLAN_FIELDS; k++) {
			(void)plan_field(h, k, &from);
			tell_field(d, &c, plan_field(w, k, &to), &from, &to);
		}
	}
	for (size_t i = 0; i < have->nplans; i++)
		if (!offer_plan(want, have->plans[i].id))
			tell(d, OFFER_PLAN, OFFER_RETIRED, have->plans[i].id);
}

void offer_diff(const struct offer *have, const struct offer *want, struct arena *a,
                offer_change_fn *fn, void *arg)
{
	const struct diffing d = { a, fn, arg };
	struct offer_change c = { .thing = OFFER_STORAGE, .id = "" };
	struct text from, to;

	diff_types(&d, have, want);
	diff_plans(&d, have, want);
	for (unsigned k = 0; k < STORAGE_FIELDS; k++) {
		(void)storage_field(&have->storage, k, &from);
		tell_field(&d, &c, storage_field(&want->storage, k, &to), &from, &to);
	}
}

struct str offer_change_text(const struct offer_change *c, struct arena *a)
{
	static const char *const things[] = { "Instance type ", "Plan ", "Storage" };

	switch (c->what) {
	case OFFER_ADDED:
		return arena_printf(a, "%s%s: new", things[c->thing], c->id);
	case OFFER_RETIRED:
		return arena_printf(a, "%s%s: not offered any more", things[c->thing], c->id);
	case OFFER_CHANGED:
		break;
	}
	return arena_printf(a, "%s%s: %s %s → %s", things[c->thing], c->id, c->field,
	                    c->from[0] ? c->from : "none", c->to[0] ? c->to : "none");
}
