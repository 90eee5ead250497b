/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A long answer made piece by piece: the next piece is made when the browser
 * has taken the last, so that a directory of a million entries or a file of a
 * gigabyte never stands in memory. An answer that fits one piece is sent whole.
 *
 * Embed the struct first in your own, allocate it with malloc: the pump calls
 * fini once, when the request ends however it ends.
 */
#pragma once

#include "agent/call.h"

#define PUMP_PIECE ((size_t)64 << 10)

struct pump;
enum pump_step {
	PUMP_MORE,
	PUMP_DONE,
	PUMP_FAIL /* cut the connection: too late for a status */
};
/* Appends about PUMP_PIECE bytes to out, or fewer where they take long to make. */
typedef enum pump_step pump_step_fn(struct pump *p, struct buf *out);

struct pump {
	struct call *c;
	pump_step_fn *step;
	void (*fini)(struct pump *p);
	struct buf piece_;
	struct ev_timer
	    more_; /* the browser takes all: the next pieces are made in another turn */
	bool begun_, ended_;
	unsigned status_;
};

/* Headers (Content-Type too) must have been added. Takes over r->on_free. */
void pump_start(struct pump *p, struct call *c, unsigned status);
/* Sends a buffer that may be large, and frees it. Always takes it over. */
void pump_buf(struct call *c, unsigned status, struct buf *b);
