/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gives people their turn: what is queued and fits goes to starting, or its
 * turn is held; what misses its turn goes to the end of the line. One job at
 * a time, in which the whole line is judged, so that no two of them can give
 * the same room away.
 */
#pragma once

#include "api/state.h"

/* Something may have changed: room, the host, images, the line. On the loop. */
void turns_kick(struct core *core);

/* Its turn is taken by a start while it is held. From a transaction. */
struct db;
struct queue_row;
bool turn_is_held(const struct session *s, const struct now *now);
/* Enters the line (anew: at its end). */
void turn_join(struct session *s, const struct now *now);
/* What a queued session says of itself while it waits for room. */
void turn_say_waiting(struct session *s);
