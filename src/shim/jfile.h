/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session's journal and beat on disk (doc/internals/journal.md). Only shims
 * write them. Space for the records is reserved when the file is made, so a
 * stop can be written on a full disk.
 */
#pragma once

#include <stdbool.h>

#include "proto/journal.h"

struct jfile {
	int fd, beat_fd;
	uint32_t records; /* valid ones so far */
	bool running;     /* the last one is a start */
	struct journal_rec last;
};

#define JFILE ((struct jfile){ .fd = -1, .beat_fd = -1 })

/*
 * Opens or makes `<dir>/<session>-<epoch>.journal` and reads what is valid. Of a
 * run that is acknowledged it opens the one in done/. Only a run that has not
 * ended has a beat.
 */
MUST_CHECK int jfile_open(struct jfile *j, const char *dir, const char *session, uint32_t epoch,
                          struct err *err);
void jfile_close(struct jfile *j);
static inline bool jfile_has_ended(const struct jfile *j)
{
	return j->records > 0 && !j->running;
}
/* Sets seq, writes, fdatasync. */
MUST_CHECK int jfile_append(struct jfile *j, struct journal_rec *r, struct err *err);
/* Rewrites the beat; no sync. */
MUST_CHECK int jfile_beat(struct jfile *j, struct journal_rec *r, struct err *err);
/* The last beat of this segment and boot; false if there is none. */
bool jfile_last_beat(const struct jfile *j, struct journal_rec *ret);
