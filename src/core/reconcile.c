/* SPDX-License-Identifier: Apache-2.0 */
#include "core/reconcile.h"

/* Doubt about liveness ends nothing: one missing line may be the engine's own
 * restart, so a session is lost only after two lists without it. */
#define MISSES_LOST 2U

static bool is_overdue(const struct session *s, const struct now *now)
{
	uint64_t limit = session_state_timeout_s(s->state) * NS_PER_S;

	/* After a reboot the boot clock began anew: count from there. */
	if (strcmp(s->boot_id, now->boot_id) != 0)
		return limit && now->boot > limit;
	return limit && now->boot > s->state_boot && now->boot - s->state_boot > limit;
}

/* A line is as long as it is: waiting for room has no limit. */
static bool waits_in_line(const struct session *s)
{
	return strcmp(s->reason, "capacity") == 0 || strcmp(s->reason, "too-large") == 0 ||
	       strcmp(s->reason, "turn") == 0;
}

static enum remedy starting(const struct session *s, enum seen seen, unsigned misses,
                            const struct now *now)
{
	if (seen == SEEN_RUNNING)
		return REMEDY_RUNNING;
	if (seen == SEEN_STOPPING)
		return REMEDY_NONE; /* its journal will say why */
	/* The engine may have been away all that time, and its first list be short. */
	if (is_overdue(s, now))
		return seen == SEEN_NO && misses < MISSES_LOST ? REMEDY_NONE : REMEDY_TIMEOUT;
	if (seen == SEEN_STARTING)
		return REMEDY_NONE;
	/* Not known: a first attempt never arrived, unless the journal says that
	 * it ran; then it is gone. */
	if (s->started_boot)
		return misses >= MISSES_LOST ? REMEDY_LOST : REMEDY_NONE;
	return REMEDY_START;
}

enum remedy reconcile(const struct session *s, enum seen seen, unsigned misses,
                      const struct now *now)
{
	switch (s->state) {
	case SESSION_QUEUED:
		return is_overdue(s, now) && !waits_in_line(s) ? REMEDY_GIVE_UP : REMEDY_START;
	case SESSION_STARTING:
		return starting(s, seen, misses, now);
	case SESSION_RUNNING:
		if (seen != SEEN_NO)
			return REMEDY_NONE;
		return misses >= MISSES_LOST ? REMEDY_LOST : REMEDY_NONE;
	case SESSION_STOPPING:
		if (seen != SEEN_NO)
			return REMEDY_STOP;
		if (!s->started_boot)
			return misses >= MISSES_LOST ? REMEDY_ENDED : REMEDY_STOP;
		return misses >= MISSES_LOST ? REMEDY_LOST : REMEDY_NONE;
	case SESSION_LOST:
		return seen == SEEN_RUNNING ? REMEDY_RUNNING
		       : seen != SEEN_NO    ? REMEDY_STOP
		                            : REMEDY_NONE;
	case SESSION_STOPPED:
	case SESSION_FAILED:
		return seen != SEEN_NO ? REMEDY_STOP : REMEDY_NONE;
	case SESSION_STATE_MAX_:
		break;
	}
	return REMEDY_NONE;
}

bool reconcile_is_orphan(const struct session *s_or_null, uint32_t epoch)
{
	return !s_or_null || s_or_null->epoch != epoch;
}
