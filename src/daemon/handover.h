/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent goes on as another program: the one installed now, with its old
 * arguments, so with the configuration as it is now. It keeps its pid, its
 * children, its slot and its listeners; what it knows of them goes along on a
 * descriptor.
 */
#pragma once

#include "daemon/listen.h"
#include "daemon/roles.h"
#include "daemon/runtime.h"

struct handover {
	bool taken; /* we come after another program */
	char state[1024], address[256];
	unsigned slot;
	int lock_fd, net_fd;
	struct listeners listeners;
	struct {
		char name[16];
		pid_t pid;
		bool leaving;
	} child[2 * ROLES_MAX];
	size_t nchildren;
};

/* At the start: what the program before us left, if there was one. Closes every
 * other descriptor but 0, 1 and 2. */
MUST_CHECK int handover_take(struct handover *ret, struct err *err);
/* "ADDRESS PORT" of the listener, to know whether it is still the one wanted. */
void handover_address(const struct config *c, char ret[256]);
/* Runs `PROGRAM check` with the arguments that we have, then executes PROGRAM.
 * Comes back only with an error, and then nothing has changed. */
MUST_CHECK int handover_exec(const struct handover *h, struct err *err);
