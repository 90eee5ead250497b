/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The session journal: what is billed is what stands here. One file per
 * session run, `<state>/journal/<session>-<epoch>.journal`, written by the shim
 * (and, when the shim died, closed by the engine). Records of 512 bytes,
 * little-endian, each fdatasynced before what it says becomes visible.
 * `<session>-<epoch>.beat` holds one record of kind BEAT, rewritten in place
 * every 5 s without fsync: it bounds the length of a run whose host crashed.
 *
 * Layout: doc/internals/journal.md, and the table in journal.c. The last 8
 * bytes are the first 8 of SHA-256 over the 504 before them.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#define JOURNAL_RECORD 512

enum journal_kind { JOURNAL_START = 1, JOURNAL_STOP = 2, JOURNAL_BEAT = 3 };

struct journal_rec {
	char session[40]; /* "s_…", NUL-padded */
	uint32_t epoch;
	uint32_t segment; /* from 0; one per uninterrupted run */
	uint32_t seq;     /* from 0, in this file */
	uint32_t kind;    /* enum journal_kind */
	char boot_id[37];
	uint64_t boottime_ns;
	int64_t wall_us;
	char reason[32]; /* stop: "idle", "max", "user", "oom", "exit", "shim-lost", … */
	uint64_t cpu_ns, mem_peak_bytes;
	uint32_t oom_kills;
	int32_t exit_status; /* wait status of PID 1, -1 unknown */
	uint32_t estimated;  /* 1: the end is the last beat, not an observed stop */
	char evidence[256];  /* JSON, cut at a whole value, NUL-padded */
};

void journal_encode(const struct journal_rec *r, uint8_t ret[JOURNAL_RECORD]);
/* -EBADMSG: checksum or a field out of range. */
MUST_CHECK int journal_decode(const uint8_t in[JOURNAL_RECORD], struct journal_rec *ret);
