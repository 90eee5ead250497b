/* SPDX-License-Identifier: Apache-2.0 */
/*
 * carreld backup, restore, downgrade-store.
 *
 * A backup is a directory that appears whole: carrel.db (of one moment, also
 * while core writes), then the journals (which may know more than it, never
 * less), then MANIFEST with the SHA-256 of each file. Volumes, the files of
 * people, are not in it.
 */
#pragma once

#include "daemon/client.h"

MUST_CHECK int client_backup(const struct config *c, const struct client_arg *arg,
                             struct err *err);
MUST_CHECK int client_restore(const struct config *c, const struct client_arg *arg,
                              struct err *err);
MUST_CHECK int client_downgrade_store(const struct config *c, const struct client_arg *arg,
                                      struct err *err);
