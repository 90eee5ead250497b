/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPU, memory and disk that the session has used, and what it may use. In a
 * session the shim says it, because a container does not see its own limits;
 * elsewhere the cgroup of this container, else the host as a whole.
 */
#pragma once

#include "agent/agent.h"

/* Whatever is 0 is not known. */
struct resources {
	uint64_t cpu_ns, cpu_milli; /* used since some beginning; at most */
	boot_ns at;                 /* when cpu_ns was that */
	uint64_t memory_bytes, memory_limit_bytes;
	uint64_t disk_used_bytes, disk_size_bytes;
};

void resources_look(const struct agent *a, struct resources *ret);
/* The same, from the files beneath a folder that stands for `/`. */
void resources_read(int rootfd, struct resources *ret);
/* Members of an open object: cpu_ns, cpu_milli, measured_ns, memory_bytes, … */
void resources_put(const struct resources *r, struct jsonw *w);
