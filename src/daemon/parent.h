/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent: takes the slot, opens the listeners, keeps the roles running,
 * writes the status file, and reads nothing from any network.
 */
#pragma once

#include "daemon/config.h"

/* Until SIGTERM or SIGINT. Returns 0, or -errno with a sentence. */
MUST_CHECK int parent_run(const struct config *c, struct err *err);
/* The same with the engine alone and no TCP port: to end what a parent that
 * was killed has left. */
MUST_CHECK int parent_run_engine(const struct config *c, struct err *err);
