/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes of a session that nobody asked for by the API: what the engine
 * reports, what deadlines and the reconciler decide. Each is one essential
 * job: read the row, apply the rule, write row, event, audit and books; then,
 * on the loop, tell whoever listens and do what follows. All of them may be
 * repeated without harm.
 */
#pragma once

#include "api/state.h"
#include "core/meter.h"
#include "proto/wire.h"

/* The engine's events. */
void change_phase(struct core *core, const struct wire_ev_phase *m);
void change_ready(struct core *core, struct str session, uint32_t epoch);
void change_run(struct core *core, const struct wire_ev_run *m);
void change_activity(struct core *core, const struct wire_ev_activity *m);
void change_failed(struct core *core, struct str session, uint32_t epoch, struct str reason,
                   struct str message);

/* Why a start does not get on, for people to see; it goes on trying. */
void change_note(struct core *core, struct str session, uint32_t epoch, struct str message);

/* To an end: `to` is stopped, failed or lost. */
void change_end(struct core *core, struct str session, uint32_t epoch, enum session_state to,
                const char *reason);
/* To stopping; followed by the engine's verb. */
void change_stop(struct core *core, struct str session, uint32_t epoch, const char *reason);
/* People are warned of this stop, for the first or the last time. */
void change_warned(struct core *core, const struct session *s, boot_ns stop_at, bool early);
/* They are told that it has run for so long. */
void change_noticed(struct core *core, const struct session *s, uint32_t ran_s);
/* The calendar's next stop; the shim is told. */
void change_calendar(struct core *core, const struct session *s, boot_ns at);
