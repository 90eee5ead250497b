/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metric.h"

#include "base/cur.h"

static uint32_t cap(uint64_t v)
{
	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static uint32_t rate(uint64_t from, uint64_t to, uint64_t ns)
{
	unsigned __int128 v = (unsigned __int128)(to - from) * 1000000000U / ns;

	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

bool metric_between(const struct metric_sample *a, const struct metric_sample *b,
                    struct metric_point *ret)
{
	uint64_t ns = b->at_ns - a->at_ns;

	if (b->at_ns <= a->at_ns || b->cpu_ns < a->cpu_ns || b->rx_bytes < a->rx_bytes ||
	    b->tx_bytes < a->tx_bytes)
		return false;
	*ret = (struct metric_point){
		.n = 1,
		.cpu_milli =
		    cap((uint64_t)((unsigned __int128)(b->cpu_ns - a->cpu_ns) * 1000U / ns)),
		.memory_kib = cap(b->memory_bytes >> 10),
		.disk_kib = cap(b->disk_bytes >> 10),
		.rx_bytes_s = rate(a->rx_bytes, b->rx_bytes, ns),
		.tx_bytes_s = rate(a->tx_bytes, b->tx_bytes, ns),
		.processes = b->processes,
	};
	return true;
}

static uint32_t mean(uint32_t a, uint32_t na, uint32_t b, uint32_t nb)
{
	return (uint32_t)(((unsigned __int128)a * na + (unsigned __int128)b * nb) /
	                  ((uint64_t)na + nb));
}

void metric_add(struct metric_point *sum, const struct metric_point *p)
{
	uint32_t a = sum->n, b = p->n;

	if (b == 0)
		return;
	*sum = (struct metric_point){
		.n = cap((uint64_t)a + b),
		.cpu_milli = mean(sum->cpu_milli, a, p->cpu_milli, b),
		.memory_kib = mean(sum->memory_kib, a, p->memory_kib, b),
		.disk_kib = p->disk_kib,
		.rx_bytes_s = mean(sum->rx_bytes_s, a, p->rx_bytes_s, b),
		.tx_bytes_s = mean(sum->tx_bytes_s, a, p->tx_bytes_s, b),
		.processes = p->processes,
	};
}

void metric_put(struct buf *b, const struct metric_point *p)
{
	buf_put_u32le(b, p->n);
	buf_put_u32le(b, p->cpu_milli);
	buf_put_u32le(b, p->memory_kib);
	buf_put_u32le(b, p->disk_kib);
	buf_put_u32le(b, p->rx_bytes_s);
	buf_put_u32le(b, p->tx_bytes_s);
	buf_put_u32le(b, p->processes);
	buf_put_u32le(b, 0);
}

struct metric_point metric_get(struct str row, unsigned i)
{
	struct cur c = cur_of(
	    str_sub(row, (size_t)i * METRIC_BYTES, (size_t)i * METRIC_BYTES + METRIC_BYTES));
	struct metric_point p = { .n = cur_u32le(&c) };

	p.cpu_milli = cur_u32le(&c);
	p.memory_kib = cur_u32le(&c);
	p.disk_kib = cur_u32le(&c);
	p.rx_bytes_s = cur_u32le(&c);
	p.tx_bytes_s = cur_u32le(&c);
	p.processes = cur_u32le(&c);
	(void)cur_u32le(&c);
	return cur_bad(&c) ? (struct metric_point){ 0 } : p;
}

struct metric_point metric_fold(const struct metric_point *p, unsigned n)
{
	struct metric_point sum = { 0 };

	for (unsigned i = 0; i < n; i++)
		metric_add(&sum, &p[i]);
	return sum;
}

unsigned metric_step_for(int64_t span_s, unsigned points)
{
	static const unsigned steps[] = { 10, 60 };

	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (span_s <= (int64_t)points * steps[i])
			return steps[i];
	return METRIC_STEP_MAX;
}

void metric_ring_put(struct metric_ring *r, int64_t at, const struct metric_point *p)
{
	if (at <= 0 || (r->last && at <= r->last - (int64_t)METRIC_RING))
		return;
	/* Seconds that were passed over are not known. */
	if (r->last && at > r->last + (int64_t)METRIC_RING)
		*r = (struct metric_ring){ .last = at - METRIC_RING };
	for (int64_t t = r->last ? r->last + 1 : at; t <= at; t++)
		r->point[t % METRIC_RING] = (struct metric_point){ 0 };
	if (at > r->last)
		r->last = at;
	metric_add(&r->point[at % METRIC_RING], p);
}

struct metric_point metric_ring_get(const struct metric_ring *r, int64_t at)
{
	if (!r->last || at > r->last || at <= r->last - (int64_t)METRIC_RING || at <= 0)
		return (struct metric_point){ 0 };
	return r->point[at % METRIC_RING];
}
