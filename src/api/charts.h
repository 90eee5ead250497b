/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session's machine does, over time (core/metric.h): each answer of its
 * shim becomes a point. A minute at a time goes to the store; the seconds of the
 * last ten minutes are kept in memory for sessions that somebody looks at.
 */
#pragma once

#include "api/state.h"
#include "core/metric.h"

#define CHARTS_LOOK_MS 60000U

struct live;
struct wire_session_stats_ok;

struct live_charts {
	bool has_last;
	struct metric_sample last;
	int64_t minute; /* Unix seconds of what is gathered; 0: nothing is */
	struct metric_point now[6];
	struct metric_ring *ring; /* NULL: nobody looked */
	mono_ms looked_ms;
	mono_ms told_ms; /* of the session's own event */
};

void charts_sample(struct live *l, const struct wire_session_stats_ok *m, boot_ns at);
bool charts_looked_at(const struct live *l);
/* What is gathered goes to the store: a minute is over, or the session is. */
void charts_flush(struct live *l);
void charts_drop(struct live *l);

/* {"session_id",…}: GET /sessions/{id}/metrics; from, to: Unix seconds. */
struct jsonw;
struct session;
int charts_show(struct jsonw *w, struct core *core, const struct session *s, int64_t from,
                int64_t to, unsigned step) MUST_CHECK;
