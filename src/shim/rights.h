/* SPDX-License-Identifier: Apache-2.0 */
/* What a shim keeps of root's rights once its session runs, and what of the
 * hub's own standing a session doesn't inherit. */
#pragma once

#include "base/err.h"

/* Leaves KILL (end the session's processes) and DAC_OVERRIDE (remove the
 * folder that belongs to the session's root); no new privileges by exec. */
MUST_CHECK int rights_drop(struct err *err);
/* The hub may be spared by the kernel's out-of-memory killer (OOMScoreAdjust= of
 * its service): this process and what it starts are not, and can't be again.
 * Needs CAP_SYS_RESOURCE. crun leaves an `oomScoreAdj` of 0 alone. */
void rights_no_oom_favour(void);
