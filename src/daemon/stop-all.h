/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator asks of all sessions, by way of the engine. */
#pragma once

#include "base/err.h"
#include "daemon/runtime.h"

/* Asks for each session's end and returns when none is left. */
MUST_CHECK int stop_all(const struct runtime *rt, unsigned grace_s, struct err *err);
/* Tells each session's agent that its program was replaced on disk. */
MUST_CHECK int upgrade_all(const struct runtime *rt, struct err *err);
