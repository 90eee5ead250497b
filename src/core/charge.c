/* SPDX-License-Identifier: Apache-2.0 */
#include "core/charge.h"

#include <errno.h>
#include <stdio.h>

static wall_us wall_at(const struct cut *c, uint64_t offset_ns)
{
	return c->started + (wall_us)(offset_ns / 1000);
}

/* A moment as nanoseconds after the segment's start, not beyond its end. */
static uint64_t offset_of(const struct cut *c, wall_us at)
{
	uint64_t us = (uint64_t)at - (uint64_t)c->started;

	return us > c->ns / 1000 ? c->ns : us * 1000 < c->ns ? us * 1000 : c->ns;
}

static int enter_month(struct cut *c, wall_us at)
{
	if (c->begun_ && at < c->month_.to)
		return 0;
	c->begun_ = true;
	c->t->months->of(c->t->months, at, &c->month_);
	CHECK(at >= c->month_.from && at < c->month_.to);
	c->free_left_ = 0;
	return c->t->free_left ? c->t->free_left(c->t->arg, &c->month_, &c->free_left_) : 0;
}

static int cut_rate(const struct cut *c, wall_us at, money_micro *ret, wall_us *ret_until)
{
	*ret = c->rate;
	*ret_until = INT64_MAX;
	return c->follow ? c->t->price(c->t->arg, at, ret, ret_until) : 0;
}

int cut_next(struct cut *c, struct part *ret)
{
	struct part p = { .from = wall_at(c, c->done_) };
	wall_us until;
	uint64_t end;
	int r;

	if (c->begun_ && c->done_ >= c->ns)
		return 0;
	r = enter_month(c, p.from);
	if (r == 0)
		r = cut_rate(c, p.from, &p.rate, &until);
	if (r < 0)
		return r;
	end = offset_of(c, until < c->month_.to ? until : c->month_.to);
	/* What costs nothing uses none of the free time. */
	p.free = p.rate > 0 && c->free_left_ > 0;
	if (p.free && end - c->done_ > c->free_left_)
		end = c->done_ + c->free_left_;
	p.ns = end - c->done_;
	if (p.free)
		c->free_left_ -= p.ns;
	r = p.free ? 0 : money_of(p.rate, p.ns, &p.amount);
	if (r < 0)
		return r;
	c->done_ = end;
	p.to = wall_at(c, end);
	memcpy(p.month, c->month_.name, sizeof(p.month));
	*ret = p;
	return 1;
}

int span_cut_next(struct span_cut *c, struct part *ret)
{
	struct part p = { .from = c->from };
	struct month m;
	wall_us until;
	int r;

	if (c->from >= c->to)
		return 0;
	r = c->t->price(c->t->arg, c->from, &p.rate, &until);
	if (r < 0)
		return r;
	c->t->months->of(c->t->months, c->from, &m);
	p.to = c->t->months->day_end(c->t->months, c->from);
	if (m.to < p.to)
		p.to = m.to;
	if (until < p.to)
		p.to = until;
	if (c->to < p.to)
		p.to = c->to;
	CHECK(p.to > p.from);
	r = money_of_storage(p.rate, c->bytes, (uint64_t)(p.to - p.from), &p.amount);
	if (r < 0)
		return r;
	p.ns = (uint64_t)(p.to - p.from) * 1000;
	memcpy(p.month, m.name, sizeof(p.month));
	c->from = p.to;
	*ret = p;
	return 1;
}

static const char *const kinds[] = {
	[CHARGE_COMPUTE] = "compute",
	[CHARGE_STORAGE] = "storage",
	[CHARGE_CORRECTION] = "correction",
};

const char *charge_kind_name(enum charge_kind k)
{
	CHECK(k < CHARGE_KIND_MAX_);
	return kinds[k];
}

int charge_kind_parse(struct str s, enum charge_kind *ret)
{
	for (unsigned k = 0; k < CHARGE_KIND_MAX_; k++) {
		if (str_is(s, kinds[k])) {
			*ret = (enum charge_kind)k;
			return 0;
		}
	}
	return -EINVAL;
}

void charge_of_part(const struct segment *g, uint32_t n, const struct part *p,
                    struct charge *ret)
{
	*ret = (struct charge){ .kind = CHARGE_COMPUTE,
		                .epoch = g->epoch,
		                .segment = g->segment,
		                .part = n,
		                .p = *p,
		                .estimated = g->estimated };
	(void)snprintf(ret->id, sizeof(ret->id), "ch_%s-%u-%u-%u", g->session_id, g->epoch,
	               g->segment, n);
	memcpy(ret->account_id, g->account_id, sizeof(ret->account_id));
	memcpy(ret->workspace_id, g->workspace_id, sizeof(ret->workspace_id));
	memcpy(ret->session_id, g->session_id, sizeof(ret->session_id));
	memcpy(ret->resource, g->instance_type, sizeof(ret->resource));
	memcpy(ret->reason, g->reason, sizeof(g->reason));
}
