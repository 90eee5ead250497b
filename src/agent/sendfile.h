/* SPDX-License-Identifier: Apache-2.0 */
/* Answers with a file by sendfile: conditional, by range, precompressed. */
#pragma once

#include "agent/call.h"

struct send_opts {
	const char *mime;  /* NULL: application/octet-stream */
	bool twins;        /* `.br` and `.gz` beside it may be sent instead */
	const char *cache; /* Cache-Control */
	bool transfer;     /* counts as the user's download while it runs */
};

/* Takes fd (a regular file). dirfd and name find the twins; name may be NULL. */
void send_fd(struct call *c, int fd, int dirfd, const char *name, const struct send_opts *o);
