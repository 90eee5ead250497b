/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent gives to the program that takes its place (agent/reexec.h): a
 * sealed file in memory, and the descriptors that stay open over exec.
 *
 *   "CRLSTATE" · u32 version · u64 when · u32 parts · root, token, runtime
 *   folder · u32 session · u32 n · n × u32 descriptor
 *   and for each part: 4 letters · u32 version · u64 length · its bytes
 *
 * Numbers are little-endian; a text is a u32 length and its bytes. A reader
 * takes all or nothing: an unknown version or part, a length that does not
 * fit, a descriptor that is used twice or not at all make the state a bad one.
 *
 * Each part of the agent that has something to hand over is a row of the table
 * in handover.c. Its load function is also the check: without an agent it reads
 * everything and keeps nothing.
 */
#pragma once

#include "agent/agent.h"
#include "base/cur.h"

#define HAND_TEXT_MAX (1U << 20)

struct hand_out {
	struct buf b;
	struct buf fds; /* int each: what must stay open */
};

struct hand_in {
	struct agent *a; /* NULL: only check */
	struct cur c;
	uint32_t version; /* of the part */
	int *fds;         /* of the state; -1: has its owner */
	uint32_t nfds;
};

struct hand_part {
	char tag[5];
	uint32_t version; /* the one it writes; it reads this one and older */
	/* Nothing is under way that can't be handed over. NULL: never anything. */
	bool (*settled)(const struct agent *a);
	/* Browsers are sent away (they come back to the new program), and how many
	 * are still there, or have a request in progress. */
	void (*leave)(struct agent *a);
	size_t (*busy)(const struct agent *a);
	/* Those that are still there are cut. */
	void (*cut)(struct agent *a);
	void (*save)(struct agent *a, struct hand_out *out);
	/* -EPROTO with a sentence for what can't be; what only can't be done (a
	 * process has ended) is no error, and logged. */
	int (*load)(struct hand_in *in, struct err *err);
};

/* Writing. A descriptor of -1 is none. */
void hand_put_str(struct hand_out *out, struct str s);
void hand_put_fd(struct hand_out *out, int fd);

/* Reading; failures stick in in->c. */
struct str hand_str(struct hand_in *in, size_t max);
/* A copy that ends with NUL, for a field of n bytes. */
void hand_text(struct hand_in *in, char *ret, size_t n);
/* Bytes for a buffer with a maximum of its own. */
void hand_buf(struct hand_in *in, struct buf *b);
/* The same descriptor in this process (close-on-exec again), owned by the
 * caller unless it only checks; -1: none. */
int hand_fd(struct hand_in *in);
/* One of 0 to max. */
uint32_t hand_u32(struct hand_in *in, uint32_t max);
bool hand_bool(struct hand_in *in);

/* ---- the old program ---- */

bool handover_settled(const struct agent *a);
void handover_leave(struct agent *a);
size_t handover_busy(const struct agent *a);
void handover_cut(struct agent *a);
/* *ret_fd: the state in a sealed memory file. Its descriptors are in out->fds,
 * and close on exec until handover_keep. */
MUST_CHECK int handover_save(struct agent *a, struct hand_out *out, int *ret_fd,
                             struct err *err);
void handover_keep(const struct hand_out *out, bool keep);
void hand_out_fini(struct hand_out *out);

/* ---- the new program ---- */

struct handover;
/* Reads the state from its file (closed). What is needed to make an agent: */
MUST_CHECK int handover_open(int fd, struct handover **ret, struct err *err);
/* From bytes, for tests; fds are not looked at. */
MUST_CHECK int handover_parse(struct str text, struct handover **ret, struct err *err);
const char *handover_root(const struct handover *h);
const char *handover_token(const struct handover *h);
const char *handover_runtime_dir(const struct handover *h);
bool handover_of_session(const struct handover *h);
/* Into a started agent; NULL: only checks. */
MUST_CHECK int handover_load(struct handover *h, struct agent *a, struct err *err);
/* Closes what nobody took. */
void handover_free(struct handover *h);

/* The parts, in their files. */
extern const struct hand_part hand_agent, hand_http, hand_kernels, hand_sessions, hand_terms,
    hand_uploads, hand_events, hand_runs;
