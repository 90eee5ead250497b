/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room on the host's disk. Deleted workspaces that are kept have none of their
 * own: when a volume can't be made, or the disk is nearly full, the oldest go.
 */
#pragma once

#include "api/state.h"

/* on_way: how many volumes are being deleted now; 0: there is nothing to give. */
typedef void room_fn(struct core *core, int on_way, void *arg);

void room_make(struct core *core, uint64_t bytes, room_fn *fn, void *arg);
/* After each look at the host. */
void room_check(struct core *core);
