/* SPDX-License-Identifier: Apache-2.0 */
#include "core/metric.h"

#include "test.h"

#define S UINT64_C(1000000000)

static void rates_are_what_was_between_two_samples(void)
{
	struct metric_sample a = { .at_ns = 10 * S, .cpu_ns = 5 * S, .rx_bytes = 100 },
	                     b = { .at_ns = 14 * S,
		                   .cpu_ns = 7 * S,
		                   .rx_bytes = 500,
		                   .tx_bytes = 8,
		                   .memory_bytes = 4096,
		                   .disk_bytes = 1 << 20,
		                   .processes = 3 };
	struct metric_point p;

	T_OK(metric_between(&a, &b, &p));
	T_EQ(p.n, 1);
	T_EQ(p.cpu_milli, 500);
	T_EQ(p.rx_bytes_s, 100);
	T_EQ(p.tx_bytes_s, 2);
	T_EQ(p.memory_kib, 4);
	T_EQ(p.disk_kib, 1024);
	T_EQ(p.processes, 3);
	T_OK(!metric_between(&b, &a, &p));
	T_OK(!metric_between(&a, &a, &p));
	/* Another machine: the counters begin anew. */
	b.cpu_ns = 1;
	T_OK(!metric_between(&a, &b, &p));
}

static void a_row_comes_back_whole(void)
{
	struct metric_point p = { 1, 2, 3, 4, 5, 6, 7 }, got;
	struct buf b = BUF(1024);

	metric_put(&b, &(struct metric_point){ 0 });
	metric_put(&b, &p);
	T_EQ(buf_len(&b), 2 * METRIC_BYTES);
	got = metric_get(buf_str(&b), 1);
	T_OK(memcmp(&got, &p, sizeof(p)) == 0);
	T_EQ(metric_get(buf_str(&b), 0).n, 0);
	T_EQ(metric_get(buf_str(&b), 2).n, 0);
	T_EQ(metric_get(str_sub(buf_str(&b), 0, 40), 1).n, 0);
	T_EQ(metric_get(STR_NONE, 0).n, 0);
	buf_fini(&b);
}

static void longer_steps_are_means(void)
{
	struct metric_point p[3] = { { .n = 1, .cpu_milli = 100, .disk_kib = 5 },
		                     { 0 },
		                     { .n = 3, .cpu_milli = 500, .disk_kib = 9 } };
	struct metric_point sum = metric_fold(p, 3);

	T_EQ(sum.n, 4);
	T_EQ(sum.cpu_milli, 400);
	T_EQ(sum.disk_kib, 9);
	T_EQ(metric_fold(p, 0).n, 0);
	p[0] = p[2] = (struct metric_point){ UINT32_MAX, UINT32_MAX, UINT32_MAX };
	T_EQ(metric_fold(p, 3).cpu_milli, UINT32_MAX);
}

static void the_step_fits_the_span(void)
{
	T_EQ(metric_step_for(3600, 720), 10);
	T_EQ(metric_step_for(7200, 720), 10);
	T_EQ(metric_step_for(7201, 720), 60);
	T_EQ(metric_step_for(86400, 720), 600);
	T_EQ(metric_step_for(-5, 720), 10);
	T_EQ(metric_step_for(INT64_MAX, 720), 600);
}

static void the_ring_forgets_what_is_old(void)
{
	static struct metric_ring r;
	struct metric_point p = { .n = 1, .cpu_milli = 7 };

	T_EQ(metric_ring_get(&r, 1000).n, 0);
	metric_ring_put(&r, 1000, &p);
	metric_ring_put(&r, 1003, &p);
	metric_ring_put(&r, 1003, &p);
	T_EQ(metric_ring_get(&r, 1000).cpu_milli, 7);
	T_EQ(metric_ring_get(&r, 1001).n, 0);
	T_EQ(metric_ring_get(&r, 1003).n, 2);
	T_EQ(metric_ring_get(&r, 1004).n, 0);
	metric_ring_put(&r, 1001, &p); /* late */
	T_EQ(metric_ring_get(&r, 1001).n, 1);
	metric_ring_put(&r, 1000 + METRIC_RING, &p);
	T_EQ(metric_ring_get(&r, 1000).n, 0);
	T_EQ(metric_ring_get(&r, 1003).n, 2);
	metric_ring_put(&r, INT64_C(1) << 40, &p);
	T_EQ(metric_ring_get(&r, 1003).n, 0);
	T_EQ(metric_ring_get(&r, 1000 + METRIC_RING).n, 0);
	T_EQ(metric_ring_get(&r, INT64_C(1) << 40).n, 1);
	metric_ring_put(&r, 5, &p); /* the clock was set back: not kept */
	T_EQ(metric_ring_get(&r, 5).n, 0);
}

TEST_MAIN({ "rates are what was between two samples", rates_are_what_was_between_two_samples },
          { "a row comes back whole", a_row_comes_back_whole },
          { "longer steps are means", longer_steps_are_means },
          { "the step fits the span", the_step_fits_the_span },
          { "the ring forgets what is old", the_ring_forgets_what_is_old })
