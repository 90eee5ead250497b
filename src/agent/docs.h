/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the platform's search and recents know of this session's files
 * (doc/internals/search.md): the agent says what was opened, saved, run, moved
 * and deleted, and sends the text of what changed, one message at a time, each
 * until it was acknowledged. At the start, and now and then, it lists what is
 * there and sends what core asks for. Nothing is sent before the shim says that
 * somebody wants it.
 */
#pragma once

#include "agent/agent.h"

struct wire_shim_index;
struct kernel;

/* Session mode only; without it all of the rest does nothing. */
void docs_init(struct agent *a);
void docs_fini(struct agent *a);

/* "save", "upload", "create", "copy", "rename" (from source), "delete". */
void docs_event(struct agent *a, const char *action, struct str path, struct str source);
void docs_opened(struct agent *a, struct str path);
void docs_written(struct agent *a, struct str path); /* by the agent itself */
void docs_ran(struct agent *a, const struct kernel *k);
/* Kernels come, go, begin and end their work. */
void docs_kernels_changed(struct agent *a);
void docs_on_index(struct agent *a, const struct wire_shim_index *m);
