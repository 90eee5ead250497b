/* SPDX-License-Identifier: Apache-2.0 */
/* What proc(5) says of a process. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/* When it started, in clock ticks since the boot: with its pid, the name of a process
 * that no later one has. 0: there is none. */
uint64_t proc_start_time(pid_t pid);
/* The same of an open /proc/PID. */
uint64_t proc_start_time_at(int proc);
