/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the server part of the agent needs of the kernels part (kernel specs,
 * kernels, sessions); routes are in kernels_routes and sessions_routes.
 */
#pragma once

#include "agent/agent.h"

/* Makes a->kernels. Must be quick: specs are read when first asked for. */
MUST_CHECK int kernels_init(struct agent *a, struct err *err);
void kernels_fini(struct agent *a);

size_t kernels_count(const struct agent *a);
size_t kernels_connections(const struct agent *a);    /* open kernel WebSockets */
wall_us kernels_last_activity(const struct agent *a); /* 0: none yet */

/* Evidence: writes one object per kernel that counts as busy (running a cell,
 * not waiting on input()) into an open array: {"kernel","name","path","since",
 * "msg_id"}; returns their number. */
size_t kernels_evidence(const struct agent *a, struct jsonw *w);

/* Ends all kernels: interrupt, shutdown_request, SIGTERM, then SIGKILL at
 * grace_ms; done is called once, when none is left (maybe at once). */
void kernels_stop_all(struct agent *a, unsigned grace_ms, void (*done)(struct agent *a));

/* Absolute path of a resource of a kernel spec (logo-64x64.png, kernel.js, …)
 * for GET /kernelspecs/<name>/<file>; -ENOENT. */
MUST_CHECK int kernelspec_file(struct agent *a, struct str spec, struct str file, char *ret,
                               size_t n);
