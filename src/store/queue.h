/* SPDX-License-Identifier: Apache-2.0 */
/* What admission reads: who uses the host's capacity, and who waits for it.
 * Only what it needs of each row, because it reads them all. */
#pragma once

#include "core/types.h"
#include "store/store.h"

struct queue_row {
	int64_t seq;
	char id[ID_MAX], account_id[ID_MAX], workspace_id[ID_MAX];
	enum session_state state;
	char instance_type[TYPE_ID_MAX], gpu_class[GPU_CLASS_MAX];
	uint32_t cpu_milli, gpu_count, max_s;
	uint64_t memory_bytes;
	int32_t priority;
	wall_us created;
	char boot_id[37]; /* of every boot_ns in here */
	boot_ns state_boot, started_boot, stop_at, queued_boot, held_until;
	bool hold_turn;
	char reason[REASON_MAX], fallback_types[TYPE_LIST_MAX];
};
typedef void queue_row_fn(void *arg, const struct queue_row *r);

/* Starting, running, stopping. */
int queue_list_using(struct db *db, queue_row_fn *fn, void *arg) MUST_CHECK;
/* Queued, with an image and with no predecessor that has not ended. */
int queue_list_waiting(struct db *db, queue_row_fn *fn, void *arg) MUST_CHECK;
/* Queued, and its image was not there yet; at most `limit`. */
int queue_list_imageless(struct db *db, unsigned limit, queue_row_fn *fn, void *arg) MUST_CHECK;
/* Is anybody queued at all? 1, 0, -errno. */
int queue_any(struct db *db) MUST_CHECK;
