/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known about sessions that have not ended, between their rows in the
 * store: the last activity, the load, the timer of the warning. All of it may
 * be lost at any time: it comes again from the engine, or from the row.
 */
#pragma once

#include "api/charts.h"
#include "api/index.h"
#include "api/state.h"
#include "core/activity.h"

struct live_stats {
	bool known;
	boot_ns at;
	uint64_t cpu_ns, cpu_milli_used;
	uint64_t memory_bytes, memory_limit_bytes, disk_used_bytes, disk_size_bytes;
	uint32_t pids, oom_kills;
};

/* What clocks.c keeps of a running one. */
struct live_clocks {
	bool tracked;                /* the rest was read from the store */
	char calendar[CALENDAR_MAX]; /* the workspace's, or "" */
	wall_us seen;                /* its stops up to here are dealt with */
	uint32_t notice_s;           /* the plan's */
	boot_ns notice_at;           /* when people are told next */
	struct activity activity;
	bool unsaved; /* has a minute that the row lacks */
	boot_ns cpu_at;
	uint64_t cpu_ns; /* at the last minute */
};

struct live {
	struct core *core;
	char id[ID_MAX], account_id[ID_MAX], workspace_id[ID_MAX];
	uint32_t epoch;
	enum session_state state;

	bool has_activity;
	boot_ns last_active, stop_at;
	char stop_why[16];
	char evidence[EVIDENCE_MAX + 1];
	boot_ns kept_at; /* when it was last written to the row */

	struct live_clocks clocks;
	struct live_docs docs;
	struct live_charts charts;
	struct live_stats stats;
	bool stats_asked;
	boot_ns stats_asked_at; /* last */
	mono_ms watched_ms;     /* somebody looked at it */

	uint8_t told[HASH_LEN]; /* of the clocks that its shim has said yes to */
	unsigned misses;        /* of the engine's lists, in a row */
	boot_ns missing_since;
	boot_ns lease;      /* as the row has it, see leases.h */
	boot_ns lease_held; /* what its shim was last told */
	bool lease_known, lease_telling;
	bool launching; /* verbs of its start are under way */
	struct ev_timer warn, again;
	struct ev_later gone;
};

struct live *live_find(struct core *core, struct str id);
/* To be called with the row as committed: makes, changes or drops. */
void live_track(struct core *core, const struct session *s);
/* What is newer than the row goes into *s; NULL if nothing is known. */
const struct live *live_overlay(struct core *core, struct session *s);
/* Somebody looks: keep its load fresh for half a minute. */
void live_watch(struct core *core, struct str id);
/* Plans the warning anew. */
void live_plan(struct live *l);
/* An orderly end: what is gathered goes to the store. */
void live_flush_all(struct core *core);
void live_free_all(struct core *core);
/* Once a second: asks for the load of what is being looked at. */
void live_tick(struct core *core);
