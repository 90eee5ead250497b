/* SPDX-License-Identifier: Apache-2.0 */
/* Which process listens on a TCP port: for the message when ours is taken. */
#pragma once

#include <sys/types.h>

#include "base/str.h"

struct port_owner {
	pid_t pid;
	char command[16]; /* as in /proc/PID/comm */
	char line[200];   /* its argv, joined by spaces */
};

/* False if nobody listens there, or it can't be seen who. */
bool port_owner_find(uint16_t port, struct port_owner *ret);
