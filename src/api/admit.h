/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line as the store has it, judged by core/queue.h. In a transaction it
 * decides (do-start.c, turns.c); on the loop it is what is shown (line.c).
 * What the loop alone knows comes in as struct admit_world, copied when the
 * job is made.
 */
#pragma once

#include "api/state.h"
#include "core/queue.h"
#include "store/queue.h"

#define ADMIT_START_S   900U   /* a start takes no longer, or it fails */
#define ADMIT_STOP_S    60U    /* a stop with its grace, and then some */
#define ADMIT_HOLD_S    600U   /* where the plan says nothing */
#define ADMIT_GIVE_UP_S 43200U /* a held turn is offered for so long */

struct admit_world {
	bool known;       /* the engine has said what its host has */
	bool images_kept; /* its list of images is in the store */
	bool engine_up;
	struct capacity capacity;
	struct now now;
};

/* One that waits, with the types it would take: names[0] is its own. */
struct admit_row {
	struct queue_row row;
	char names[QUEUE_WANTS_MAX][TYPE_ID_MAX];
};

struct admission {
	struct admit_world world;
	struct queue q; /* items' ref: index in rows */
	struct admit_row *rows;
	struct queue_run *runs;
	int64_t *planned; /* of each run: when it would end by itself, as things are */
	size_t nrows, rows_room, nruns, runs_room;
	struct instance_type *types; /* those that are offered, with the prices of now */
	size_t ntypes;
	struct map owners;
	struct db *db;
	int error;
};

/* On the loop. */
struct admit_world admit_world_of(struct core *core);
/* Reads and judges: queue_admit() has run. Without a known host everybody
 * waits. a is to be given to admit_fini(), also after a failure. */
MUST_CHECK int admit_load(struct db *db, const struct admit_world *w, struct admission *a,
                          struct err *err);
void admit_fini(struct admission *a);
/* NULL: it is not in line. */
const struct queue_item *admit_find(const struct admission *a, const char *session_id);
/* NULL: not offered. */
const struct instance_type *admit_type(const struct admission *a, struct str id);
struct amount admit_need(const struct admission *a, const struct instance_type *t);
/* From its turn to its end, at most. */
int64_t admit_longest(uint32_t max_s, uint32_t hold_s);
/* Its machine and its price from here on. */
void admit_set_type(struct session *s, const struct instance_type *t);
/* When it joined the line, on this boot's clock. */
int64_t admit_since(const struct queue_row *r, const struct now *now);
