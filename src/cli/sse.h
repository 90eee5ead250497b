/* SPDX-License-Identifier: Apache-2.0 */
/* A reader of server-sent events (the HTML standard, 9.2.6), fed in pieces of
 * any size. Pure. */
#pragma once

#include "base/buf.h"

#define SSE_LINE_MAX ((size_t)1 << 20)
#define SSE_DATA_MAX ((size_t)1 << 20)
#define SSE_NAME_MAX 64

/* False ends the reading. Events without data are not told. */
typedef bool sse_fn(void *arg, struct str event, struct str data, struct str id);

struct sse {
	sse_fn *fn;
	void *arg;
	struct buf line_, data_;
	char event_[SSE_NAME_MAX], id_[SSE_NAME_MAX];
	bool cr_, some_;
};

void sse_init(struct sse *s, sse_fn *fn, void *arg);
void sse_fini(struct sse *s);
/* -ECANCELED when fn said so, -E2BIG for a line or an event that is too long. */
MUST_CHECK int sse_feed(struct sse *s, struct str bytes);
