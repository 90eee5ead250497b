/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of tar (POSIX.1-2001 ustar, with pax records where it is too small). */
#pragma once

#include "agent/arcwrite.h"

void tar_header(const struct arc_meta *m, struct buf *out);
