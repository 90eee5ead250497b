/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of the user's processes compute: more than 5 % of one core since the
 * last look. In a container all processes are the user's; elsewhere they are
 * not ours to judge, and there are none.
 */
#pragma once

#include "agent/evidence.h"

#define CPU_JOBS_MAX 8U

struct cpu_job {
	pid_t pid;
	unsigned percent; /* of one core */
	char command[JOB_MAX + 1];
};

/* Looks, if the last look is some seconds ago; *ret is what was found then,
 * the hungriest of them, valid until the next call. Returns their number. */
size_t cpu_look(struct agent *a, const struct cpu_job **ret);
