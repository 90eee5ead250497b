/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts about the session's Python, from the file system alone: starting it to
 * ask would cost more than the kernel it is asked for.
 */
#pragma once

#include "agent/agent.h"

/* A variable of the user's environment, or NULL. */
const char *python_env(const struct agent *a, const char *name);
/* The interpreter's absolute path as configured or found in PATH, not
 * resolved: a virtual environment's link is its identity. NULL: none. */
const char *python_path(const struct agent *a, struct arena *m);
/* sys.prefix: the folder above the interpreter's bin/. NULL: none. */
const char *python_prefix(const struct agent *a, struct arena *m);
/* An executable of that name in the user's PATH, or NULL. */
const char *python_program(const struct agent *a, struct arena *m, const char *name);
/* Folder of an installed package: the user's, the prefix's, the system's. */
const char *python_package(const struct agent *a, struct arena *m, const char *name);
/* Every site-packages folder: the user's, the prefix's, the system's. True from
 * fn ends the walk. */
typedef bool python_site_fn(const char *site, void *arg);
void python_each_site(const struct agent *a, struct arena *m, python_site_fn *fn, void *arg);
