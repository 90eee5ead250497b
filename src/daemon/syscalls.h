/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that a role may make: one table per role, each group with
 * its reason. Everything else kills the process, which the parent logs and
 * starts again.
 */
#pragma once

#include "base/err.h"

struct syscalls_group {
	const char *why;
	const char *calls; /* names, separated by spaces; "" ends a table */
};

extern const struct syscalls_group syscalls_edge[];
extern const struct syscalls_group syscalls_core[];

enum syscalls_mode {
	SYSCALLS_ENFORCE,
	SYSCALLS_LOG, /* to find what a table lacks: the kernel's log names the call */
};

/* For good, for all threads to come. Sets no_new_privs by itself. */
MUST_CHECK int syscalls_apply(const struct syscalls_group *table, enum syscalls_mode mode,
                              struct err *err);
