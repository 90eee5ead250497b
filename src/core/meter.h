/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From journal records to segments: the interval between a start and a stop
 * of the same (session, epoch, segment), on the boot clock. What can't be
 * measured is not billed.
 */
#pragma once

#include "core/types.h"

/* One record of a journal, as core keeps it. */
struct run_record {
	char session_id[ID_MAX];
	uint32_t epoch, segment;
	bool is_stop;
	char boot_id[37];
	boot_ns boot;
	wall_us wall;
	char reason[REASON_MAX];
	uint64_t cpu_ns, mem_peak_bytes;
	uint32_t oom_kills;
	int64_t exit_status;
	bool estimated;
	char evidence[EVIDENCE_MAX + 1];
};

/* A closed interval of one session at one rate; what usage shows. */
struct segment {
	int64_t seq; /* the store's, for paging */
	char session_id[ID_MAX];
	char workspace_id[ID_MAX];
	char account_id[ID_MAX];
	uint32_t epoch, segment;
	char instance_type[TYPE_ID_MAX];
	wall_us started, stopped;
	uint64_t ns;
	money_micro price_per_hour, amount;
	bool estimated;
	char reason[REASON_MAX];
};

/* Fills times, ns, amount, estimated and reason of *ret from the two records
 * and the session's price. stopped is started + ns: the wall may have been
 * stepped in between. Records of two boots, or in the wrong order, measure
 * nothing: 0 ns, estimated. -ERANGE as money_of. */
MUST_CHECK int meter_segment(const struct session *s, const struct run_record *start,
                             const struct run_record *stop, struct segment *ret);
/* Cost and time so far: closed segments plus the open one, for display. */
void meter_so_far(const struct session *s, const struct now *now, uint64_t *ret_ns,
                  money_micro *ret_cost);
