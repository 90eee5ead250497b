/* SPDX-License-Identifier: Apache-2.0 */
/* Workspaces, their volumes, and the images that the engine has. */
#pragma once

#include "core/types.h"
#include "store/store.h"

typedef void workspace_fn(void *arg, const struct workspace_view *v, int64_t seq);
typedef void image_fn(void *arg, const struct image *i);
typedef void volume_fn(void *arg, struct str id);

/* -EEXIST: the account has one of that name. Makes the volume's row too. */
int workspace_insert(struct db *db, const struct workspace *w, struct err *err) MUST_CHECK;
int workspace_get(struct db *db, struct str account_id, struct str id,
                  struct workspace_view *ret) MUST_CHECK;
/* For platform work that has no tenant: by the session's own row. */
int workspace_by_id(struct db *db, struct str id, struct workspace *ret) MUST_CHECK;
/* Who owns this origin? Deleted ones have none. */
int workspace_by_label(struct db *db, struct str label, struct workspace *ret) MUST_CHECK;
/* label: STR_NONE, or only the one with that label. */
int workspace_list(struct db *db, const struct list_of *of, struct str label, workspace_fn *fn,
                   void *arg) MUST_CHECK;
int workspace_count(struct db *db, struct str account_id, int64_t *ret) MUST_CHECK;
/* What PATCH changes; raises the version, in *w too. -EEXIST as above. */
int workspace_update(struct db *db, struct workspace *w, struct err *err) MUST_CHECK;
/* The two session ids; not a change of the user's, so no new version. */
int workspace_set_sessions(struct db *db, const struct workspace *w,
                           struct err *err) MUST_CHECK;
int workspace_delete(struct db *db, struct str account_id, struct str id, wall_us at,
                     struct err *err) MUST_CHECK;

/*
 * A deleted one can be brought back while its volume is kept: until
 * `kept_until`, which is WORKSPACE_KEPT_MARGIN before the volume may go, so
 * that neither a slow transaction nor a stepped clock brings back what is on
 * its way out. `now` decides what is kept.
 */
#define WORKSPACE_KEPT_MARGIN (60 * US_PER_S)

/* By when they were made, the newest first. */
int workspace_list_deleted(struct db *db, const struct list_of *of, wall_us now,
                           workspace_fn *fn, void *arg) MUST_CHECK;
int workspace_get_deleted(struct db *db, struct str account_id, struct str id, wall_us now,
                          struct workspace_view *ret) MUST_CHECK;
/* Under w->name; raises the version, in *w too. -EEXIST: the name is taken. */
int workspace_restore(struct db *db, struct workspace *w, wall_us at,
                      struct err *err) MUST_CHECK;
/* How much is kept of an account, in bytes of volumes. */
int workspaces_kept(struct db *db, struct str account_id, wall_us now,
                    uint64_t *ret_bytes) MUST_CHECK;
/* The one whose time is up first is no longer kept. */
int workspace_let_go(struct db *db, struct str account_id, wall_us now,
                     struct err *err) MUST_CHECK;

/* 1, 0 or -errno. */
int workspace_name_taken(struct db *db, const char *account_id, const char *name) MUST_CHECK;
/* Its session runs: the examples are there, and are not put there again. */
int workspace_example_came(struct db *db, const char *id, struct err *err) MUST_CHECK;

/* The volume is to be deleted at that time, or as soon after as nothing uses it;
 * never later than was said before. */
int volume_doom(struct db *db, struct str id, wall_us at, struct err *err) MUST_CHECK;
/* Those whose time has come and whose workspace has no live session. */
int volume_doomed(struct db *db, wall_us now, unsigned limit, volume_fn *fn,
                  void *arg) MUST_CHECK;
/* Of all owners' kept volumes the oldest go, until what is on its way out has
 * `bytes`. Returns how many that are. */
int volumes_let_go(struct db *db, wall_us now, uint64_t bytes, struct err *err) MUST_CHECK;
/* The same, so that `more` bytes fit below `limit` beside all that is in use. 0,
 * and nothing goes, if they would not fit even without all that is kept. */
int volumes_make_fit(struct db *db, wall_us now, uint64_t more, uint64_t limit,
                     struct err *err) MUST_CHECK;
int volume_gone(struct db *db, struct str id, struct err *err) MUST_CHECK;
/* The size that the engine has made; 0 = none yet. */
int volume_made(struct db *db, struct str id, uint64_t *ret_bytes) MUST_CHECK;
/* One whose file was deleted meanwhile is to be deleted once more. */
int volume_set_made(struct db *db, struct str id, uint64_t bytes, wall_us now,
                    struct err *err) MUST_CHECK;

/* The engine's list, whole: what is not in it is no longer present. */
int images_replace(struct db *db, const struct image *images, size_t n, wall_us now,
                   struct err *err) MUST_CHECK;
int image_list(struct db *db, image_fn *fn, void *arg) MUST_CHECK;
/* By id, or the newest present and ready one of that name. */
int image_find(struct db *db, struct str name_or_id, struct image *ret) MUST_CHECK;
