/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is meant (the store) against what is (the engine's list), one session
 * at a time: at every connection to the engine and every 30 s. This is the
 * only path by which core picks up its work after a start or a crash.
 */
#pragma once

#include "core/types.h"

enum seen {
	SEEN_NO, /* the engine answered and does not know it */
	SEEN_STARTING,
	SEEN_RUNNING,
	SEEN_STOPPING,
};

enum remedy {
	REMEDY_NONE,
	REMEDY_START,   /* (again) ask the engine to start it: idempotent */
	REMEDY_STOP,    /* (again) ask the engine to stop it: idempotent */
	REMEDY_RUNNING, /* it runs: take note */
	REMEDY_ENDED,   /* nothing was ever started, and nothing is wanted: over */
	REMEDY_LOST,    /* it ran, is gone, and no journal said how */
	REMEDY_TIMEOUT, /* end it: its start took too long */
	REMEDY_GIVE_UP, /* waited too long for its turn: failed */
};

/* misses: in how many lists in a row, this one included, it was absent. */
enum remedy reconcile(const struct session *s, enum seen seen, unsigned misses,
                      const struct now *now);
/* For one that the engine has and the store does not mean to have. */
bool reconcile_is_orphan(const struct session *s_or_null, uint32_t epoch);
