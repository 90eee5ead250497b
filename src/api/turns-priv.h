/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of turns: turns.c on the loop, turns-tx.c and turns-hold.c
 * on the store's thread. */
#pragma once

#include "api/admit.h"
#include "api/turns.h"
#include "store/store.h"

#define TURNS_A_JOB 64U /* then others get the store; the next job goes on */

/* One session that a job has changed, as committed. */
struct turned {
	struct turned *next;
	struct session s;
};

struct turns {
	struct store_job job;
	struct core *core;
	struct admit_world world;
	struct turned *changed, **end;
	unsigned n;
	boot_ns wake; /* when the next hold ends, 0: none */
};

/* The job's run function. */
int turns_tx(struct db *db, struct store_job *j, struct err *err) MUST_CHECK;
void turns_forget(struct turns *t);

/* The row as it is now, its event, and a note for the loop. verb NULL: nothing
 * for the audit. */
int turns_put(struct db *db, struct turns *t, const struct session *s, const char *verb,
              struct err *err) MUST_CHECK;
/* The same for one that has ended: its workspace too. */
int turns_put_ended(struct db *db, struct turns *t, struct session *s, const char *verb,
                    struct err *err) MUST_CHECK;
void turns_say(struct session *s, const char *reason, const char *message);

/* Keeps its turn; `again`: as before, and nobody is told. */
int turns_hold(struct db *db, struct turns *t, struct session *s, bool again,
               struct err *err) MUST_CHECK;
/* What people are told when it is their turn, as event and notice. */
int turns_tell(struct db *db, struct turns *t, const struct session *s, const char *text,
               struct err *err) MUST_CHECK;
/* Ends holds that were not taken. 1: the line is another one now. */
int turns_missed(struct db *db, struct turns *t, const struct admission *a,
                 struct err *err) MUST_CHECK;
/* When the next hold ends. */
void turns_next_wake(struct turns *t, const struct admission *a);
