/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's line to its shim (contracts section 4): says that it is ready,
 * what the user is doing, and hears when the session will end. The shim may be
 * replaced: the line is made anew every second until it holds.
 */
#pragma once

#include "agent/agent.h"

MUST_CHECK int shimlink_init(struct agent *a, const char *path, struct err *err);
void shimlink_fini(struct agent *a);
/* Evidence is sent within a second of this, and every 10 s anyway. */
void shimlink_changed(struct agent *a);
/* False: not now. Nothing is kept. */
struct wire_msg;
bool shimlink_send(struct agent *a, const struct wire_msg *m);
/* See agent_oom_query. */
void shimlink_oom_query(struct agent *a, oom_fn *fn, void *arg);
/* What the session used when the shim last looked; false: nobody said yet. */
struct shim_usage {
	uint64_t cpu_ns, memory_bytes, memory_limit_bytes;
	uint32_t cpu_milli;
	boot_ns at;
};
bool shimlink_usage(const struct agent *a, struct shim_usage *ret);
/* Members stop_at, stop_why, idle_seconds, max_at of an open object. */
void shimlink_status(const struct agent *a, struct jsonw *w);
