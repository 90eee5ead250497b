/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock: the part of the file system that a process may still open. */
#pragma once

#include "base/err.h"

/*
 * From now on this process opens, makes, renames and removes files only
 * beneath `folders`, reads besides only the files `readable`, and neither
 * binds nor connects a TCP port; both lists end in NULL and may be NULL.
 * -EOPNOTSUPP where the kernel has no Landlock. Needs no_new_privs.
 */
MUST_CHECK int landlock_restrict(const char *const *folders, const char *const *readable,
                                 struct err *err);
