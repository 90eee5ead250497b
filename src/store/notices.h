/* SPDX-License-Identifier: Apache-2.0 */
/* What people are told, kept until they have read it, and for a while after. */
#pragma once

#include "core/types.h"
#include "store/store.h"

#define NOTICE_KIND_MAX    32
#define NOTICES_KEEP       500 /* of one account; the oldest go */
#define NOTICES_DAYS       30
#define NOTICES_UNREAD_MAX 99 /* counting stops there */

struct notice {
	char id[ID_MAX];
	char account_id[ID_MAX];
	char kind[NOTICE_KIND_MAX]; /* stops-soon, runs-long, stopped-by-admin, … */
	char object_id[ID_MAX];     /* what it is about, or "" */
	struct str data;            /* a JSON object; valid in the callback */
	wall_us at, read;           /* read: 0 while it is not */
};
typedef void notice_fn(void *arg, const struct notice *n, int64_t seq);

/* Makes the notice and the event that shows it at once. data is a JSON object
 * with at least "text", the whole of it as a sentence. */
int notice_add(struct db *db, const char *account_id, const char *kind, const char *object_id,
               struct str data, wall_us now, struct err *err) MUST_CHECK;
/* Newest first. */
int notice_list(struct db *db, const struct list_of *of, bool unread, notice_fn *fn,
                void *arg) MUST_CHECK;
int notice_get(struct db *db, struct str account_id, struct str id, notice_fn *fn,
               void *arg) MUST_CHECK;
int notice_count_unread(struct db *db, struct str account_id, int64_t *ret) MUST_CHECK;
/* 1, or 0: it is not this account's. Read twice is read once. */
int notice_read(struct db *db, struct str account_id, struct str id, wall_us now,
                struct err *err) MUST_CHECK;
int notice_read_all(struct db *db, struct str account_id, wall_us now,
                    struct err *err) MUST_CHECK;
/* What is older than NOTICES_DAYS, of everybody. */
int notice_forget(struct db *db, wall_us now, struct err *err) MUST_CHECK;
