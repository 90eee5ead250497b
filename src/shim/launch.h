/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The launcher: a short-lived child of the shim that prepares everything the
 * container stands on in a mount namespace of its own, and runs the OCI
 * runtime there. When it has gone only the container holds the mounts, so
 * they end with it.
 *
 *   private mounts → image → volume → scratch, overlay (meanwhile: cgroups)
 *   → runtime create → [CREATED, waits for one byte] → network → runtime start
 *
 * It reports by fixed-size messages on a pipe; the last is STARTED or FAILED,
 * or nothing when it was killed. It dies with the shim.
 */
#pragma once

#include <sys/types.h>

#include "base/err.h"
#include "proto/shimconf.h"

enum launch_kind { LAUNCH_PHASE = 1, LAUNCH_CREATED, LAUNCH_STARTED, LAUNCH_FAILED };

struct launch_report {
	uint32_t kind;
	int32_t code;   /* FAILED: negative errno */
	int32_t pid;    /* CREATED: the container's PID 1 */
	char text[244]; /* PHASE: its name; FAILED: a sentence */
};

struct launcher {
	pid_t pid;
	int report_fd; /* read struct launch_report, non-blocking */
	int go_fd;     /* write one byte after CREATED */
};

/* log_fd: where the runtime and the container's PID 1 write to; what they set on it
 * holds for whoever shares it. */
MUST_CHECK int launch_start(const struct shim_conf *c, int log_fd, struct launcher *ret,
                            struct err *err);
