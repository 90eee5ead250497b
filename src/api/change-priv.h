/* SPDX-License-Identifier: Apache-2.0 */
/* A change on its way: change.c makes it and acts on what came of it,
 * change-tx.c carries it out on the store's thread. */
#pragma once

#include "api/state.h"
#include "core/meter.h"

enum what {
	DO_PHASE,
	DO_READY,
	DO_RUN,
	DO_ACTIVITY,
	DO_FAILED,
	DO_END,
	DO_STOP,
	DO_WARNED,
	DO_NOTICED,
	DO_CALENDAR,
	DO_NOTE,
};

/* One change: what to do, and what came of it. */
struct change {
	struct store_job job;
	struct core *core;
	struct now now;
	enum what what;
	char session_id[ID_MAX];
	uint32_t epoch;

	enum session_phase phase;
	enum session_state to;
	char reason[REASON_MAX];
	char message[MESSAGE_MAX];
	boot_ns stop_at;
	char stop_why[16];
	char evidence[EVIDENCE_MAX + 1];
	struct run_record rec;
	bool early;     /* the first of two warnings */
	uint32_t ran_s; /* of a notice */
	boot_ns calendar_at,
	    extend_until; /* the calendar's next, and what it took for granted */
	char *activity;   /* the last minutes, or NULL */

	struct session after; /* as committed */
	enum session_state before;
	bool found, changed, ack, unwanted;
};

/* Warnings, notices and the calendar; change-clocks.c. */
int change_clocks_tx(struct db *db, struct change *c, struct err *err) MUST_CHECK;
/* "90 s", "12 min", "3 h" */
void change_put_time(struct buf *b, uint64_t seconds);
/* A new state that its owner did not ask for is told; change-told.c. */
int change_told(struct db *db, struct change *c, struct err *err) MUST_CHECK;
/* The job's run function. */
int change_tx(struct db *db, struct store_job *j, struct err *err) MUST_CHECK;
