/* SPDX-License-Identifier: Apache-2.0 */
/* The contents model of one file or folder, less its content. */
#pragma once

#include <sys/stat.h>

#include "agent/agent.h"

enum entry_type { ENTRY_DIR, ENTRY_FILE, ENTRY_NOTEBOOK };

struct entry {
	struct str path; /* clean */
	enum entry_type type;
	struct stat st;
	bool writable;
};

/* Follows links beneath the root. -ENOENT; -EOPNOTSUPP for what is neither
 * file nor folder. */
MUST_CHECK int entry_load(const struct agent *a, struct str path, struct entry *ret);
MUST_CHECK int entry_of_fd(int fd, struct str path, struct entry *ret);
/* Members name … writable; mime may be NULL. The object is the caller's. */
void entry_put(struct jsonw *w, const struct entry *e, const char *mime);
/* A whole model without content; message may be NULL. */
void entry_put_bare(struct jsonw *w, const struct entry *e, const char *message);
wall_us stat_mtime(const struct stat *st);
