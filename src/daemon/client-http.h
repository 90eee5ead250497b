/* SPDX-License-Identifier: Apache-2.0 */
/* One small HTTP request with a blocking socket, for the sub-commands only. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* `addr` as net/sock.h takes it. The answer's status comes back, its body in
 * *ret_body; -errno when there was no whole answer within timeout_s. */
MUST_CHECK int client_http(const char *addr, const char *method, const char *target,
                           const char *host, unsigned timeout_s, struct buf *ret_body,
                           struct err *err);
/* A connected, blocking socket with that time-out for each call. */
MUST_CHECK int client_connect(const char *addr, unsigned timeout_s, int *ret_fd,
                              struct err *err);
