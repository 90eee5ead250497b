/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that a role may make: one table per role, each group with
 * its reason. Everything else kills the process, which the parent logs and
 * starts again.
 */
#pragma once

#include "base/err.h"

struct seccomp_group {
	const char *why;
	const char *calls; /* names, separated by spaces; "" ends a table */
};

extern const struct seccomp_group seccomp_edge[];
extern const struct seccomp_group seccomp_core[];

enum seccomp_mode {
	SECCOMP_ENFORCE,
	SECCOMP_LOG, /* to find what a table lacks: the kernel's log names the call */
};

/* For good, for all threads to come. Sets no_new_privs by itself. */
MUST_CHECK int seccomp_apply(const struct seccomp_group *table, enum seccomp_mode mode,
                             struct err *err);
