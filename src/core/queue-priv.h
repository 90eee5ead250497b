/* SPDX-License-Identifier: Apache-2.0 */
/* Ends of what runs, in order of time: for the reservation of the first in
 * line (queue.c) and for the estimates (queue-plan.c). */
#pragma once

#include "core/queue.h"

struct queue_end {
	int64_t at;
	const struct amount *uses;
};

/* A binary heap, the soonest end at the top. */
struct queue_ends {
	struct queue_end *end;
	size_t n, room;
};

/* Holds the runs of q and those of its items that are held or have just been
 * given their turn. *ret_used: all of them together. */
void queue_ends_init(struct queue_ends *e, const struct queue *q, struct amount *ret_used);
void queue_ends_fini(struct queue_ends *e);
void queue_ends_add(struct queue_ends *e, int64_t at, const struct amount *uses);
/* False: nothing is left that ends. */
bool queue_ends_take(struct queue_ends *e, struct queue_end *ret);
int64_t queue_time_add(int64_t at, int64_t ns);
