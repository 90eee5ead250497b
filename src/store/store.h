/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: one SQLite file. Every write is a job that runs on the one
 * writer thread, inside a transaction that it shares with whatever else was
 * waiting (group commit: one fsync for all). A job is acknowledged (`done`, on
 * the loop) only when its transaction is on disk. Reads go to a read-only
 * connection on the loop's thread: they are microseconds on indexed rows.
 *
 * The writer's connection is also the only one that checkpoints, which is what
 * makes SQLite 3.40.1 safe (doc/internals/core.md). A lock file keeps a second
 * core out. An fsync error, or a broken file, ends the process: going on would
 * acknowledge what is not on disk.
 *
 * Disk full: the reserve file is given up, so that stop, delete and metering
 * (`essential` jobs) still work; other writes are refused with -ENOSPC until
 * there is room again, then the reserve comes back.
 */
#pragma once

#include "ev/ev.h"

struct store;
struct db;
struct store_job;

/* On the writer's thread, inside a savepoint: a negative result rolls back
 * what it did, and only that. It owns what it touches: the request that asked
 * may be gone by now. */
typedef int store_run_fn(struct db *db, struct store_job *j, struct err *err);
typedef void store_done_fn(struct store_job *j); /* on the loop, exactly once */

struct store_job {
	store_run_fn *run;
	store_done_fn *done;
	bool essential;
	int result; /* 0 or -errno; set before done */
	struct err err;
	struct store_job *next_;
};

/* Folder of carrel.db; made 0700 if it does not exist. Migrates. */
MUST_CHECK int store_open(struct ev *ev, const char *dir, struct store **ret, struct err *err);
/* Finishes what was submitted (their done is not called), checkpoints. */
void store_close(struct store *st);
/* -EAGAIN: too much is waiting; answer 503. Ownership stays with the caller,
 * who gets the job back in done. */
MUST_CHECK int store_submit(struct store *st, struct store_job *j);
/* Jobs whose done was not called yet. */
unsigned store_pending(struct store *st);
/* A copy of the store as it is at some moment after the call, made beside the
 * writes. Ownership as with a job; -EBUSY: one is being made. */
struct store_backup {
	const char *path; /* where to; lives until done */
	void (*done)(struct store_backup *b);
	int result;
	struct err err;
};
MUST_CHECK int store_backup(struct store *st, struct store_backup *b);
/* The read-only connection; only on the loop's thread. */
struct db *store_reader(struct store *st);

/* Whose rows, from which on, how many: every list is read in pages. */
struct list_of {
	struct str account_id;
	int64_t before; /* INT64_MAX: from the newest on */
	unsigned limit;
};

struct store_stats {
	uint64_t jobs, commits, commit_ns, checkpoints, refused;
	unsigned waiting;
	bool full; /* the disk is */
};
struct store_stats store_stats(struct store *st);
