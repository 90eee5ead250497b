/* SPDX-License-Identifier: Apache-2.0 */
/* The roles: each drops its rights, then hands over to its library. */
#pragma once

#include "daemon/config.h"
#include "daemon/syscalls.h"

#define ROLE_CONFIG_FD 3
#define ROLE_LISTEN_FD 4

/* The configuration that the parent left on descriptor 3, which is closed. */
MUST_CHECK int role_config(struct config *ret, struct err *err);

MUST_CHECK int role_edge(const struct config *c, int listen_fd, struct err *err);
MUST_CHECK int role_core(const struct config *c, int listen_fd, struct err *err);
MUST_CHECK int role_engine(const struct config *c, int listen_fd, struct err *err);
/* What a forbidden system call does, as configured. */
enum syscalls_mode role_syscalls(const struct config *c);
