/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of the engine without containers: fake.c is what happens
 * there by itself and what a test does to it, fake-ops.c answers core. */
#pragma once

#include <stdio.h>

#include "base/list.h"
#include "core/capacity.h"
#include "engine/fake.h"
#include "proto/journal.h"

#define MS          UINT64_C(1000000)
#define S           (1000 * MS)
#define NEVER       UINT64_MAX
#define PHASE_TIME  (100 * MS)
#define STOP_TIME   (200 * MS)
#define FAKE_PHASES 4U

extern const char *const fake_phases[FAKE_PHASES];
extern const struct engine_ops fake_ops;

struct fake_volume {
	struct list node;
	char id[41];
	uint64_t size;
};

struct fake_run {
	struct list node;
	char session[41], volume[41];
	uint32_t epoch;
	unsigned phase; /* index in phases, ARRAY_LEN: running */
	boot_ns next;   /* when the next step is due */
	boot_ns last_active, extend_until, max_at, calendar_at, lease_until, started;
	uint32_t idle_seconds, memory_mib;
	char reason[32]; /* not empty: stopping, or stopped */
	char evidence[256];
	bool ended, acked;
	struct journal_rec rec[2];
	unsigned nrec;
};

struct fake {
	struct engine base;
	boot_ns now;
	bool events;
	struct list runs, volumes;
	char fail_phase[32], fail_message[128];
	uint32_t cpu_milli;
	uint64_t memory_bytes;
	struct gpu gpu[GPU_CLASSES_MAX];
	unsigned ngpu;
};

static inline struct fake *fake_of(struct engine *e)
{
	return CONTAINER_OF(e, struct fake, base);
}

static inline void fake_copy(char *to, size_t n, struct str s)
{
	(void)snprintf(to, n, "%.*s", STR_ARG(s));
}

/* To core, if it listens. */
void fake_emit(struct fake *f, const struct wire_msg *m);
void fake_emit_phase(struct fake *f, const struct fake_run *r);
void fake_emit_ready(struct fake *f, const struct fake_run *r);
void fake_emit_activity(struct fake *f, const struct fake_run *r);
/* When it will stop by itself, and why. */
boot_ns fake_stop_at(const struct fake_run *r, const char **why);
void fake_begin_stop(struct fake *f, struct fake_run *r, const char *reason);
