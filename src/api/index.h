/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents that the agents of sessions tell (doc/internals/search.md): one at
 * a time, put together from its parts, written, acknowledged. Credit for the
 * next one goes with the acknowledgement, so nobody sends faster than the store
 * takes it. Whatever is lost on the way comes again.
 */
#pragma once

#include "api/state.h"
#include "proto/wire.h"

struct live;

/* Of a running session; zeroed at first. */
struct live_docs {
	bool known; /* its shim passes documents on */
	bool busy;  /* one is being written */
	bool listed;
	uint32_t left; /* of those that were asked for */
	struct buf body;
	uint64_t gen; /* of the one that comes */
	uint32_t next, parts;
	uint64_t acked;
	char want[1024 / 4];
	mono_ms granted_ms;
	struct ev_timer grant;
	/* The documents whose kernels run, as the agent last said. */
	struct live_kernel {
		char *path;
		bool busy;
	} * kernels;
	size_t nkernels;
};

/* What the shim says of it; WIRE_DOCS_*. */
void index_state(struct live *l, uint64_t docs);
void index_take(struct core *core, const struct wire_ev_doc *m);
void index_drop(struct live *l);
/* Once in a while: what deleted workspaces left. */
void index_tick(struct core *core);

/* "busy", "idle" or "none". */
const char *index_kernel(const struct core *core, struct str session_id, struct str path);
/* Is a running session of the account still to send some? */
bool index_catches_up(const struct core *core, const char *account_id);
