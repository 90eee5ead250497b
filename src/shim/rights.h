/* SPDX-License-Identifier: Apache-2.0 */
/* What a shim keeps of root's rights once its session runs. */
#pragma once

#include "base/err.h"

/* Leaves KILL (end the session's processes) and DAC_OVERRIDE (remove the
 * folder that belongs to the session's root); no new privileges by exec. */
MUST_CHECK int rights_drop(struct err *err);
