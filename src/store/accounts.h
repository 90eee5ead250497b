/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accounts and what signs them in: browser logins, one-time codes, tokens.
 * Look-ups give 1 found, 0 not found, -errno. Functions that write are for
 * jobs on the writer's thread.
 */
#pragma once

#include "core/types.h"
#include "store/store.h"

/* Rows of a list go to fn; `seq` is the cursor that continues after it. */
typedef void account_fn(void *arg, const struct account *a, int64_t seq);
typedef void token_fn(void *arg, const struct token *t, int64_t seq);

int account_by_id(struct db *db, struct str id, struct account *ret) MUST_CHECK;
int account_by_email(struct db *db, struct str email, struct account *ret) MUST_CHECK;
int account_count(struct db *db, int64_t *ret) MUST_CHECK;
int account_insert(struct db *db, const struct account *a, struct err *err) MUST_CHECK;
/* Name, theme and password of a. */
int account_update(struct db *db, const struct account *a, struct err *err) MUST_CHECK;

/* "" for the default plan. 1 it was there, 0 there is no such account. */
int account_set_plan(struct db *db, struct str id, struct str plan_id,
                     struct err *err) MUST_CHECK;
/* Everybody whose address or name contains q (empty: all), newest first;
 * of->account_id is not looked at. */
int account_list(struct db *db, const struct list_of *of, struct str has, account_fn *fn,
                 void *arg) MUST_CHECK;
int account_count_of(struct db *db, struct str has, int64_t *ret) MUST_CHECK;

int login_insert(struct db *db, const struct login *l, const uint8_t hash[HASH_LEN],
                 struct err *err) MUST_CHECK;
int login_by_hash(struct db *db, const uint8_t hash[HASH_LEN], struct login *ret,
                  struct account *ret_account) MUST_CHECK;
/* Expiry of a login or (login_id "") of a token; 0: it was revoked. */
int credential_expiry(struct db *db, struct str login_id, struct str token_id,
                      struct expiry *ret) MUST_CHECK;
/* With all that came from it (tickets); 1 there was one, 0 none. */
int login_delete(struct db *db, struct str account_id, struct str id) MUST_CHECK;
/* All of the account's but `keep` ("" = none). */
int login_delete_others(struct db *db, struct str account_id, struct str keep,
                        struct err *err) MUST_CHECK;

int code_insert(struct db *db, struct str account_id, const uint8_t hash[HASH_LEN],
                const struct expiry *e, struct err *err) MUST_CHECK;
/* Takes the code out: it has one use, valid or not. */
int code_take(struct db *db, const uint8_t hash[HASH_LEN], struct account *ret,
              struct expiry *ret_expiry) MUST_CHECK;

int token_insert(struct db *db, const struct token *t, struct str lookup,
                 const uint8_t hash[HASH_LEN], struct err *err) MUST_CHECK;
int token_by_lookup(struct db *db, struct str lookup, struct token *ret,
                    uint8_t ret_hash[HASH_LEN], struct account *ret_account) MUST_CHECK;
int token_list(struct db *db, const struct list_of *of, token_fn *fn, void *arg) MUST_CHECK;
int token_count(struct db *db, struct str account_id, int64_t *ret) MUST_CHECK;
int token_delete(struct db *db, struct str account_id, struct str id) MUST_CHECK;
int token_touch(struct db *db, struct str id, wall_us at, struct err *err) MUST_CHECK;

/* Rows that can't be valid any more by the wall, with a day's grace for a
 * clock that is wrong. */
int accounts_sweep(struct db *db, wall_us now, struct err *err) MUST_CHECK;
