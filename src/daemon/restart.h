/* SPDX-License-Identifier: Apache-2.0 */
/* carreld restart: asks the parent, and waits until it is done. */
#pragma once

#include "daemon/client.h"

MUST_CHECK int client_restart(const struct config *c, const struct client_arg *arg,
                              struct err *err);
