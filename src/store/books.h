/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The books: journal records and segments; and the audit log. Append-only, the
 * audit log chained by hash. A record that comes twice changes nothing. What
 * segments cost is in store/charges.h.
 */
#pragma once

#include "core/meter.h"
#include "store/store.h"

typedef void segment_fn(void *arg, const struct segment *g, const char *workspace_name);

/* 1 new, 0 known already, -errno. */
int run_record_insert(struct db *db, const struct run_record *r, struct err *err) MUST_CHECK;
int run_record_get(struct db *db, struct str session_id, uint32_t epoch, uint32_t segment,
                   bool is_stop, struct run_record *ret) MUST_CHECK;
/* The row alone: see segment_post() of store/charges.h. -EEXIST: it is there. */
int segment_insert(struct db *db, const struct segment *g, struct err *err) MUST_CHECK;

/* Started in [from, to), newest first. */
int segment_list(struct db *db, const struct list_of *of, wall_us from, wall_us to,
                 segment_fn *fn, void *arg) MUST_CHECK;
struct usage_total {
	money_micro amount;
	uint64_t ns;
	int64_t lines;
};
int segment_total(struct db *db, struct str account_id, wall_us from, wall_us to,
                  struct usage_total *ret) MUST_CHECK;

struct audit_row {
	int64_t seq;
	wall_us at;
	boot_ns boot;
	const char *account_id; /* whose data it is about, "" = the platform's */
	const char *actor;      /* account, or "engine", "root", "core" */
	const char *verb, *object;
	const char *detail; /* JSON object or "" */
	const char *source; /* address */
	const char *request_id;
	const char
	    *actor_email; /* of a list, also of a token's owner; "" where there is none */
};
typedef void audit_fn(void *arg, const struct audit_row *a);
int audit_add(struct db *db, const struct audit_row *a, struct err *err) MUST_CHECK;
/* of->account_id "": everybody's. Whose verb, object, actor, address or detail contains
 * q (empty: all). Newest first. */
int audit_list(struct db *db, const struct list_of *of, struct str has, audit_fn *fn,
               void *arg) MUST_CHECK;
/* How many of those; `most` (found or not) where there are so many rows to look
 * through, or more: a log of years is not read to its end. */
int audit_count(struct db *db, struct str account_id, struct str has, unsigned most,
                int64_t *ret) MUST_CHECK;
