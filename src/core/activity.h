/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session did, for the people who pay for it: its last ten minutes, an
 * entry each, and why it still runs or why it was stopped, as a sentence. The
 * evidence is the agent's (doc/internals/contracts.md, section 4).
 */
#pragma once

#include "base/json.h"
#include "core/types.h"

#define ACTIVITY_MINUTES   10
#define ACTIVITY_WHY_MAX   64
#define ACTIVITY_JSON_MAX  4096
#define ACTIVITY_MINUTE_NS (60 * NS_PER_S)
#define ACTIVITY_MINUTE_US (60 * US_PER_S)
#define ACTIVITY_NOT_KNOWN (-1)

/* One minute, which ended at `at`. */
struct activity_minute {
	wall_us at;
	int active;        /* 0, 1 or ACTIVITY_NOT_KNOWN: nobody looked */
	int64_t cpu_milli; /* on average, or ACTIVITY_NOT_KNOWN */
	char why[ACTIVITY_WHY_MAX];
};

/* Oldest first. */
struct activity {
	size_t n;
	struct activity_minute minutes[ACTIVITY_MINUTES];
};

/* Minutes that are missing between the last one and m are put in as not known;
 * one that is not later than the last replaces it. */
void activity_push(struct activity *a, const struct activity_minute *m);
/* As a JSON array; and back: -EBADMSG if it is none. */
void activity_put(struct jsonw *w, const struct activity *a);
MUST_CHECK int activity_get(struct str json, struct activity *ret);

/* "a.ipynb busy", "make", "typed": what speaks for the session, or "idle". */
void activity_why(struct str evidence, bool active, char ret[ACTIVITY_WHY_MAX]);

/* Why the session still runs and when it stops, or why it has ended. Of a
 * running one, last_active 0: nothing was heard of it yet. */
void activity_verdict(const struct session *s, boot_ns last_active, const struct now *now,
                      struct buf *ret);
