/* SPDX-License-Identifier: Apache-2.0 */
/* Ends all sessions by way of the engine, as an operator's verb. */
#pragma once

#include "base/err.h"
#include "daemon/runtime.h"

/* Asks for each session's end and returns when none is left. */
MUST_CHECK int stop_all(const struct runtime *rt, unsigned grace_s, struct err *err);
