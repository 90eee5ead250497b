/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "agent/call.h"

/* GET /api/resolvePath: where a path that a kernel printed leads to. */
call_fn resolve_get;
/* `path` seen from the folder `base` (absolute), without "." and ".."; always
 * absolute. NULL: no memory, or it holds a NUL. */
char *resolve_path(struct arena *m, const char *base, struct str path);
