/* SPDX-License-Identifier: Apache-2.0 */
/* Uploads that survive their agent; resume_api.c has the requests. */
#pragma once

#include "agent/agent.h"
#include "base/rand.h"

struct resume {
	char id[ID_MAX];
	struct str path;
	struct str source; /* the client's own word for what it sends; "" if it said none */
	uint64_t size, offset;
	bool replace, done;
	wall_us created;
};

/* The folder of all uploads; the caller closes it. -ENOENT: there is none. */
MUST_CHECK int resume_folder(const struct agent *a, bool make);
/* path and source live in the arena. -ENOENT. */
MUST_CHECK int resume_load(struct arena *m, int dir, struct str id, struct resume *ret);
void resume_put(struct jsonw *w, const struct resume *u);
/* Calls fn (or NULL) for each that has not come to its end, takes old ones away;
 * gives their number. */
typedef void resume_fn(const struct resume *u, void *arg);
unsigned resume_each(int dir, resume_fn *fn, void *arg);
/* path, size and replace are the caller's; id and created are set. */
MUST_CHECK int resume_begin(struct agent *a, struct resume *u, struct err *err);
/* Its bytes, locked: -EBUSY while another request has them. */
MUST_CHECK int resume_open(int dir, const struct resume *u);
/* Begins to write back what a long upload has brought. */
void resume_wrote(int fd, uint64_t from, uint64_t to);
void resume_drop(int dir, const struct resume *u);
/* Into its place. -EILSEQ: not all of it is here; -EEXIST, -EISDIR. */
MUST_CHECK int resume_finish(struct agent *a, int dir, struct resume *u, struct err *err);
