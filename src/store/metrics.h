/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sessions' machines did, kept (core/metric.h): a row of 10 s points a
 * minute; what is older than an hour is folded to 60 s, older than a day to
 * 600 s, and goes after METRIC_KEEP_DAYS. About 60 KB a session at most.
 */
#pragma once

#include "core/metric.h"
#include "store/store.h"

/* Points of 10 s from from_s (a whole minute) on; the same minute again adds. */
int metric_save(struct db *db, const char *session_id, int64_t from_s,
                const struct metric_point *points, unsigned n, struct err *err) MUST_CHECK;
/* Folds what is old enough. */
int metric_age(struct db *db, const char *session_id, int64_t now_s,
               struct err *err) MUST_CHECK;
/* Of all sessions: what nobody wants any more goes, and what an ended one left
 * becomes as coarse as it would have. 0, or 1: there is more, ask again. */
int metric_forget(struct db *db, int64_t now_s, struct err *err) MUST_CHECK;

/* Rows of all steps that reach into [from, to), the coarsest step first. */
typedef void metric_row_fn(void *arg, unsigned step, int64_t from_s, struct str points);
int metric_list(struct db *db, struct str session_id, int64_t from_s, int64_t to_s,
                metric_row_fn *fn, void *arg) MUST_CHECK;
