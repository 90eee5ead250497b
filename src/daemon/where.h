/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where Carrel's own files are: beside the program in a build tree
 * (BUILD/src/daemon/carreld and BUILD/lib), else as installed
 * (PREFIX/sbin/carreld and PREFIX/lib/carrel).
 */
#pragma once

#include <stddef.h>

#include "base/macros.h"

/* The lib directory of this program into ret; -errno. */
MUST_CHECK int where_lib(char *ret, size_t size);
