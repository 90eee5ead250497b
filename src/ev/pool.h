/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small pool of threads for slow work (argon2, compression, getaddrinfo) on
 * values that the job owns. `work` runs on a thread, `done` on the loop. Hub
 * only: the agent has no threads.
 */
#pragma once

#include "ev/ev.h"

struct pool;
struct pool_job;
typedef void pool_fn(struct pool_job *j);

struct pool_job {
	pool_fn *work, *done;
	struct pool_job *next_;
};

/* At most `threads` at a time, at most `queue` waiting. */
MUST_CHECK int pool_new(struct ev *ev, unsigned threads, unsigned queue, struct pool **ret,
                        struct err *err);
void pool_free(struct pool *p); /* waits for running jobs; their done is not called */
MUST_CHECK int pool_submit(struct pool *p, struct pool_job *j); /* -EAGAIN: queue full */
