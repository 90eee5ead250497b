/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs: the cells that a kernel was asked to run, and what came of them. A run
 * is an execute_request whose metadata name a cell (JupyterLab's do). Its
 * messages are kept in a log on disk, so that its outputs can be made again:
 * for the notebook file while no page watches, and for a page that opens the
 * notebook while the cell still runs.
 *
 *   QUEUED --> RUNNING --> DONE      (a kernel that ends makes all DONE)
 *
 * Watchers of a run are the browser session that sent it and those that
 * follow it (runs_follow). While one of them has its WebSocket open, the page
 * saves; when none has, runs_write.c does. A DONE run is kept until what came
 * of it is in the file, and for a while longer: outputs may still change
 * (update_display_data, threads). runs.c holds the registry and what the
 * kernel says, runs_build.c makes outputs of it, runs_api.c the page's view.
 */
#pragma once

#include "agent/kernel.h"
#include "agent/outputs.h"
#include "agent/runlog.h"
#include "agent/runsave.h"

#define RUNS_MAX      1000U /* per kernel */
#define RUNS_KEPT     200U  /* of those that are in the file */
#define RUNS_WATCHERS 8U

enum run_state { RUN_QUEUED, RUN_RUNNING, RUN_DONE };

struct kclient;

struct run {
	struct list node; /* in runs.all, oldest first */
	uint64_t hash;    /* of msg_id */
	char *msg_id, *cell_id, *last_id;
	uint8_t code[SHA256_LEN];
	char *watcher[RUNS_WATCHERS]; /* sessions; the first sent it */
	enum run_state state;
	bool has_count;
	uint64_t count;
	wall_us started_at;
	mono_ms ended_ms;

	struct runlog_part log;
	uint64_t nrecords;
	uint64_t seq;        /* of its last message, in runs.seq */
	uint64_t text_bytes; /* stream text in the log */
	uint64_t compact_at; /* bytes of log at which it may be worth while */
	bool shrinks;        /* something in the log undoes something before it */
	bool cut, cut_all;   /* a limit was reached: no more text, no more at all */
	uint64_t lost;       /* messages that the disk had no room for */
	uint64_t *ids;       /* hashes of display_ids it shows */
	size_t nids;

	uint64_t rev, saved_rev;  /* changes, and those that the file has */
	uint64_t saved_records;   /* of the log, when it was saved */
	bool saved;               /* the file had it after it had ended, as it was then */
	struct runsave_file away; /* in this version of the file the cell is not */
};

struct runs {
	struct kernel *k;
	struct list all;
	size_t n;
	struct runlog log;
	uint64_t seq;
	struct run *last; /* the one that a message was of */
	struct ev_timer timer;
	size_t at;               /* of its notebooks the one whose turn it is */
	mono_ms next_ms;         /* nothing is written before */
	mono_ms hold_ms;         /* a page is opening the notebook */
	bool disk_full, failing; /* said so in the log */

	char *wrote_path; /* what the agent wrote last */
	struct runsave_done wrote;
	char wrote_base[65]; /* SHA-256 of what somebody else had written before */
};

/* ---- what happens to a kernel; all of them do nothing where there is nothing ---- */

void runs_on_request(struct kernel *k, const struct kclient *c, const struct jmsg *m);
void runs_on_iopub(struct kernel *k, const struct jmsg *m);
void runs_on_reply(struct kernel *k, const struct jmsg *m);
void runs_on_left(struct kernel *k, const struct kclient *c, unsigned code);
void runs_on_restart(struct kernel *k); /* nothing that it ran will go on */
void runs_end(struct kernel *k);        /* it is gone: writes, frees */
bool runs_has(const struct kernel *k, struct str msg_id);
/* The oldest that has not ended; ret borrows. */
bool runs_first(const struct kernel *k, struct jmsg_ids *ret);
/* To those that follow the run and have their WebSocket open. */
void runs_to_followers(struct kernel *k, struct arena *a, const struct jmsg *m);
/* Counts messages; what a client gets from now on has higher numbers. */
uint64_t runs_seq(const struct kernel *k);

/* ---- what happens to notebooks ---- */

struct nb;
/* A page saved it; nb: what, on its way to disk, NULL if nobody knows. */
void runs_on_save(struct agent *a, struct str path, const struct nb *nb);
/* A page is about to read it: what is not in it yet goes in. */
void runs_before_read(struct agent *a, struct str path);
/* What no page watches is written now: the kernel loses its notebook, or the
 * agent is ending. */
void runs_flush(struct kernel *k);
void runs_flush_all(struct agent *a);

/* ---- between the files of this part ---- */

/* The kernel's, made if there are none yet; NULL: no memory. */
struct runs *runs_of(struct kernel *k);
void run_free(struct run *r); /* one in no list, without a log */
static inline bool run_is_dirty(const struct run *r)
{
	return r->rev != r->saved_rev;
}
/* The client of that session, its WebSocket open or not; NULL. */
const struct kclient *runs_client(const struct kernel *k, struct str session);
bool runs_is_open(const struct runs *rs, const char *session); /* NULL: no */
bool run_is_watched(const struct runs *rs, const struct run *r);
/* Its watchers have taken all that there was for them. */
bool run_is_delivered(const struct runs *rs, const struct run *r);
void run_saved(struct run *r);
/* Writes until nothing is left to write; with watched_too also what a page
 * would save, if it still could. */
void runs_write_all(struct runs *rs, bool watched_too);
void runs_drop(struct runs *rs, struct run *r);
struct run *runs_by_id(struct runs *rs, struct str msg_id);
/* A message for its log, bounded; see runs_build.c. */
void run_log(struct runs *rs, struct run *r, enum outputs_msg type, const struct jmsg *m);
/* Its outputs in the arena; at most nrecords of its log. NULL: they can't be made. */
struct json *run_outputs(const struct runs *rs, const struct run *r, uint64_t nrecords,
                         struct arena *a);
/* Appends them as JSON, with what makes a page go on as the first one would
 * have: see outputs_snapshot. */
MUST_CHECK int run_snapshot(const struct runs *rs, const struct run *r, struct buf *ret);
/* Something is to be written, at the latest in so many ms. */
void runs_write_in(struct runs *rs, unsigned ms);
