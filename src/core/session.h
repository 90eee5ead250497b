/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's states and phases. Rules only: who keeps the row, reads the
 * clock or talks to the engine is somebody else's business. session_move() is
 * the only writer of a session's state.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum session_state {
	SESSION_QUEUED,   /* asked for; waits for the engine or for its predecessor */
	SESSION_STARTING, /* intent committed, the engine is at work */
	SESSION_RUNNING,
	SESSION_STOPPING, /* the engine was, or will be, asked to end it */
	SESSION_STOPPED,
	SESSION_FAILED,
	SESSION_LOST, /* shim or host gone: metered up to the last beat */
	SESSION_STATE_MAX_,
};

enum session_phase {
	PHASE_QUEUE,
	PHASE_IMAGE,
	PHASE_VOLUME,
	PHASE_CONTAINER,
	PHASE_SERVER,
	PHASE_NONE, /* running, or over */
	PHASE_MAX_,
};

struct session;
struct now;

/* A new one: queued, in phase queue. Everything else is the caller's. */
void session_init(struct session *s, const struct now *now);
/* Writes state, phase, phases, reason and the times that go with a state.
 * -EPERM if the table forbids the move: a late message, not a bug of ours. */
MUST_CHECK int session_move(struct session *s, enum session_state to, const char *reason,
                            const struct now *now, struct err *err);
bool session_may_move(enum session_state from, enum session_state to);
/* Enters a phase of starting; going back to an earlier one is ignored (events
 * are delivered at least once), so is one in any other state. True: changed. */
bool session_enter_phase(struct session *s, enum session_phase phase, const struct now *now);

/* Has not ended: it holds the workspace, the engine may know it. */
bool session_is_live(enum session_state s);
/* A start finds this one instead of making another. */
bool session_is_wanted(enum session_state s);
/* Where a finished journal with this reason of its stop leads to. */
enum session_state session_end_state(struct str reason);
/* How long a state may last before something must be done, 0 = for ever. */
uint64_t session_state_timeout_s(enum session_state s);
/* The reason as a sentence for people, or NULL. */
const char *session_reason_text(const char *reason);

const char *session_state_name(enum session_state s);
MUST_CHECK int session_state_parse(struct str s, enum session_state *ret);
const char *session_phase_name(enum session_phase p); /* NULL for PHASE_NONE */
MUST_CHECK int session_phase_parse(struct str s, enum session_phase *ret);
