/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of the local engine (local-ops.c). */
#pragma once

#include "engine/local.h"

extern const struct engine_ops local_ops;

/* Every record that is not acknowledged, and what every session does. */
void local_replay(struct local *l);
