/* SPDX-License-Identifier: Apache-2.0 */
/* Names of things that sessions have on the host, and their removal: what a
 * crash left behind is found by these. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

typedef bool stale_fn(const char *name, void *arg); /* is it wanted? */

/* Interfaces of this slot whose session is not wanted. The name given is the
 * interface's. */
void stale_links(unsigned slot, stale_fn *wanted, void *arg);
/* Folders in `dir` that are not wanted, with everything in them. Dot files
 * are left alone. */
void stale_folders(const char *dir, stale_fn *wanted, void *arg);
/* Files in `dir` with this suffix that nobody wrote to for so many days. */
void stale_files(const char *dir, const char *suffix, unsigned days);
