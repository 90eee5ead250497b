/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Room on the host's disk. Deleted workspaces that are kept have none of their
 * own: when a volume can't be made, or the disk is nearly full, the oldest go.
 */
#pragma once

#include "api/state.h"

/* on_way: how many volumes are being deleted now; 0: there is nothing to give. */
typedef void room_fn(struct core *core, int on_way, void *arg);

/* For a volume that needs so many bytes more than it has. If all that is kept
 * would not make it fit, nothing of it goes. The facts must be fresh. 0: what is on
 * its way already is waited for. */
void room_make(struct core *core, uint64_t more, room_fn *fn, void *arg);
/* After each look at the host. */
void room_check(struct core *core);
