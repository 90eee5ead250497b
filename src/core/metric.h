/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session's machine did, in steps of time: samples come in, and points
 * of 1, 10, 60 or 600 s are kept. A point is the mean of what was seen in its
 * step (disk and processes: the last). Pure; times are whole Unix seconds.
 *
 * Rows of the store: points of one step that lie together, METRIC_BYTES each,
 * little-endian; a step in which nothing was seen has n = 0.
 */
#pragma once

#include "base/buf.h"

#define METRIC_BYTES     32U
#define METRIC_RING      600U /* seconds that are kept in memory, if somebody looks */
#define METRIC_ROW_MAX   60U  /* points of a row */
#define METRIC_STEP_MIN  10   /* of what is stored */
#define METRIC_STEP_MAX  600
#define METRIC_KEEP_DAYS 90

struct metric_point {
	uint32_t n; /* samples; 0: nothing was seen */
	uint32_t cpu_milli;
	uint32_t memory_kib, disk_kib;
	uint32_t rx_bytes_s, tx_bytes_s;
	uint32_t processes;
};

/* Counters as the machine has them; bytes since it began. */
struct metric_sample {
	uint64_t at_ns; /* CLOCK_BOOTTIME */
	uint64_t cpu_ns, memory_bytes, disk_bytes, rx_bytes, tx_bytes;
	uint32_t processes;
};
/* What was between two samples. False: they do not follow each other. */
bool metric_between(const struct metric_sample *a, const struct metric_sample *b,
                    struct metric_point *ret);
/* Adds what was seen later in the same step. */
void metric_add(struct metric_point *sum, const struct metric_point *p);

void metric_put(struct buf *b, const struct metric_point *p);
/* The i-th of a row; n = 0 behind its end, or of anything malformed. */
struct metric_point metric_get(struct str row, unsigned i);
/* Points of `step` become one point of a longer one. */
struct metric_point metric_fold(const struct metric_point *p, unsigned n);

/* The finest kept step for that span, in at most `points`: 10, 60 or 600. */
unsigned metric_step_for(int64_t span_s, unsigned points);

/* The last ten minutes, second by second. */
struct metric_ring {
	int64_t last; /* second of the newest point; 0: none */
	struct metric_point point[METRIC_RING];
};
void metric_ring_put(struct metric_ring *r, int64_t at, const struct metric_point *p);
/* n = 0: not known. */
struct metric_point metric_ring_get(const struct metric_ring *r, int64_t at);
