/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes the API repeatable: the events that server-sent events replay,
 * and the answers kept for an Idempotency-Key.
 */
#pragma once

#include "core/types.h"
#include "store/store.h"

#define FEED_KEEP 20000 /* events that a client may resume over */

struct feed_event {
	int64_t seq;
	char kind[16]; /* session, workspace, warning */
	char object_id[ID_MAX];
	struct str data; /* "": the object as it is now; valid in the callback */
};
/* False: stop here. */
typedef bool feed_fn(void *arg, const struct feed_event *e);

int event_add(struct db *db, const char *account_id, const char *kind, const char *object_id,
              struct err *err) MUST_CHECK;
/* With what it shows, where that is not the object as it is. */
int event_add_data(struct db *db, const char *account_id, const char *kind,
                   const char *object_id, struct str data, struct err *err) MUST_CHECK;
int event_list(struct db *db, struct str account_id, int64_t after, unsigned limit, feed_fn *fn,
               void *arg) MUST_CHECK;
/* Numbers of the first kept and the last event; 0 when there is none. */
int event_range(struct db *db, int64_t *ret_first, int64_t *ret_last) MUST_CHECK;
int event_prune(struct db *db, struct err *err) MUST_CHECK;

#define IDEMPOTENCY_DAYS 30
/* 1 found: the answer goes into b. 0 none, -EEXIST: the key was used for
 * another request. */
int idempotency_get(struct db *db, struct str account_id, const uint8_t key[HASH_LEN],
                    const uint8_t request[HASH_LEN], struct buf *b) MUST_CHECK;
int idempotency_put(struct db *db, struct str account_id, const uint8_t key[HASH_LEN],
                    const uint8_t request[HASH_LEN], struct str answer,
                    struct err *err) MUST_CHECK;
int idempotency_prune(struct db *db, wall_us now, struct err *err) MUST_CHECK;
