/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of workspaces, for search: what the agents of sessions tell. Bounded
 * by document, by workspace, and by how much one job does. A workspace's rows
 * are its account's and nobody else's.
 */
#pragma once

#include "core/types.h"
#include "store/store.h"

#define DOCUMENTS_MAX      12000U /* of one workspace */
#define DOCUMENT_TEXTS_MAX (64LL << 20)
/* So many are removed or moved, and of that much text (and one more): nobody
 * else's job runs meanwhile. */
#define DOCUMENTS_A_JOB      200U
#define DOCUMENT_TEXTS_A_JOB (1LL << 20)

struct document {
	struct str path; /* relative, without "." and ".." */
	bool notebook;
	struct str title, heads, text;
	wall_us changed; /* of the file */
	uint64_t size;
};

/* As it is now. 1, or 0: the workspace is full, nothing was written. */
int document_put(struct db *db, const char *account_id, const char *workspace_id,
                 const struct document *d, wall_us now, struct err *err) MUST_CHECK;
/* The file or folder is gone. 0, or 1: there is more of it, ask again. */
int document_gone(struct db *db, const char *workspace_id, struct str path,
                  struct err *err) MUST_CHECK;
/* It has another name now; as above. What was at the new place is replaced. */
int document_move(struct db *db, const char *account_id, const char *workspace_id,
                  struct str from, struct str to, wall_us now, struct err *err) MUST_CHECK;

/* What an agent found on disk, sorted by path: everything after `after` up to
 * `upto` ("": to the end). Rows of what is not there go; want[i] is set for
 * what is new or has changed. 0, or 1: more rows are to go, ask the same again. */
struct document_seen {
	struct str path;
	wall_us changed;
	uint64_t size;
};
int document_compare(struct db *db, const char *workspace_id, struct str after, struct str upto,
                     const struct document_seen *seen, size_t n, bool *want,
                     struct err *err) MUST_CHECK;

/* Of workspaces that were deleted. 0, or 1: there is more, ask again. */
int document_purge(struct db *db, wall_us now, struct err *err) MUST_CHECK;

/* The word that stands for an account ('a') or a workspace ('w') in the index. */
void document_owner_word(struct buf *b, char letter, struct str id);

/* --- finding --- */

struct query;
struct found {
	int64_t id;
	char workspace_id[ID_MAX], workspace_name[NAME_BYTES_MAX + 1], label[LABEL_LEN + 1];
	char session_id[ID_MAX]; /* one that has not ended, or "" */
	struct str path, title;  /* valid in the callback */
	bool notebook;
	wall_us changed;
	int where; /* 0 name, 1 heading, 2 text */
};
#define FIND_MAX        50U
#define FIND_SPACES_MAX 16U  /* are a part of the question; of more each answer is looked at */
#define FIND_MS         500U /* of the loop */
struct find_of {
	struct str account_id;
	const struct query *q;
	const char (*workspaces)[ID_MAX]; /* only in these, sorted */
	unsigned nworkspaces;             /* 0: in all */
	unsigned limit;
};
/* False stops. Name over heading over text, newest first among equals. 0, or 1:
 * it took too long, there may be more. */
typedef bool found_fn(void *arg, const struct found *f);
int document_find(struct db *db, const struct find_of *of, found_fn *fn, void *arg) MUST_CHECK;
/* 1, 0 or -errno. */
int document_body(struct db *db, int64_t id, struct buf *heads, struct buf *text) MUST_CHECK;
/* Of all workspaces of the account. */
int document_count(struct db *db, struct str account_id, int64_t *ret) MUST_CHECK;

/* Name and label of each workspace of the account, newest first. */
struct space {
	char id[ID_MAX], label[LABEL_LEN + 1], session_id[ID_MAX];
	struct str name; /* valid in the callback */
	wall_us updated;
};
typedef void space_fn(void *arg, const struct space *s);
int space_list(struct db *db, struct str account_id, space_fn *fn, void *arg) MUST_CHECK;
