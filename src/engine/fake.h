/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine without containers, on a clock that the test moves. Same verbs,
 * same events, same journal records as the local one; a start takes 100 ms
 * of its time for each phase, a stop 200 ms.
 */
#pragma once

#include "base/time.h"
#include "engine/engine.h"

struct fake;

struct fake *fake_new(void);
void fake_free(struct fake *f);
struct engine *fake_engine(struct fake *f);

boot_ns fake_now(const struct fake *f);
/* Time goes by; what falls due happens in order. */
void fake_advance(struct fake *f, uint64_t ns);
/* Another host: it has so much, and "t4:2" or "" of GPUs. */
void fake_host(struct fake *f, uint32_t cpu_milli, uint64_t memory_bytes, const char *gpus);
/* The next start fails in this phase. */
void fake_fail_start(struct fake *f, const char *phase, const char *message);
/* What an agent would say. False: no such running session. */
bool fake_activity(struct fake *f, const char *session, bool busy, const char *evidence);
/* PID 1 ends by itself: "exit", "oom", "shim-lost" (estimated). */
bool fake_exit(struct fake *f, const char *session, const char *reason);
/* What was asked for, for assertions. */
size_t fake_sessions(const struct fake *f);
size_t fake_volumes(const struct fake *f);
