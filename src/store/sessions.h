/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions, and the codes and tickets that let browsers into them. */
#pragma once

#include "core/types.h"
#include "store/store.h"

typedef void session_fn(void *arg, const struct session *s, int64_t seq);

/* -EEXIST: the workspace has one that is wanted already. */
int session_insert(struct db *db, const struct session *s, struct err *err) MUST_CHECK;
/* Everything but the ids and what was fixed at its start. */
int session_update(struct db *db, const struct session *s, struct err *err) MUST_CHECK;
/* A queued one takes another machine, with its price. */
int session_update_type(struct db *db, const struct session *s, struct err *err) MUST_CHECK;
/* What was seen in its last minutes, a JSON array; not part of the struct,
 * because one page alone reads it. account_id STR_NONE: anybody's. */
int session_set_activity(struct db *db, struct str id, struct str json,
                         struct err *err) MUST_CHECK;
int session_get_activity(struct db *db, struct str account_id, struct str id,
                         struct buf *b) MUST_CHECK;
int session_get(struct db *db, struct str account_id, struct str id,
                struct session *ret) MUST_CHECK;
/* For platform work that has no tenant: what the engine tells about. */
int session_by_id(struct db *db, struct str id, struct session *ret) MUST_CHECK;
/* Newest first; state, workspace_id: STR_NONE for all. */
int session_list(struct db *db, const struct list_of *of, struct str state,
                 struct str workspace_id, session_fn *fn, void *arg) MUST_CHECK;
/* Of all accounts, oldest first: what has not ended. */
int session_list_live(struct db *db, session_fn *fn, void *arg) MUST_CHECK;
/* The next of them after that number, so many at most. */
int session_list_live_after(struct db *db, int64_t after, unsigned limit, session_fn *fn,
                            void *arg) MUST_CHECK;
/* The budget's clock alone. */
int session_set_lease(struct db *db, struct str id, uint32_t epoch, boot_ns lease_until,
                      struct err *err) MUST_CHECK;
int session_count_live(struct db *db, int64_t ret[SESSION_STATE_MAX_]) MUST_CHECK;
/* Is there one in this workspace, other than `but`, that has not ended? */
int session_has_predecessor(struct db *db, struct str workspace_id, struct str but) MUST_CHECK;
/* Is there one in its workspace that was asked for later, and has not ended? */
int session_has_newer(struct db *db, const struct session *than) MUST_CHECK;

/* The workspace's runs are numbered from 1. 1, or -errno. */
int session_next_epoch(struct db *db, struct str workspace_id, uint32_t *ret) MUST_CHECK;
/* How many of the account's have not ended. 1, or -errno. */
int session_count_account(struct db *db, struct str account_id, unsigned *ret) MUST_CHECK;

/* Who may come in: either login_id or token_id is set. */
struct entry {
	char account_id[ID_MAX];
	char workspace_id[ID_MAX];
	char login_id[ID_MAX];
	char token_id[ID_MAX];
	struct expiry expiry;
};
int entry_code_insert(struct db *db, const struct entry *e, const uint8_t hash[HASH_LEN],
                      struct err *err) MUST_CHECK;
/* One use: gone, valid or not. */
int entry_code_take(struct db *db, const uint8_t hash[HASH_LEN], struct entry *ret) MUST_CHECK;
int ticket_insert(struct db *db, const struct entry *e, const uint8_t hash[HASH_LEN],
                  struct err *err) MUST_CHECK;
/* *ret_source: the expiry of the login or token that it came from. */
int ticket_get(struct db *db, const uint8_t hash[HASH_LEN], struct entry *ret,
               struct expiry *ret_source, struct account *ret_account) MUST_CHECK;
