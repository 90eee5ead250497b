/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the contents API share (contents*.c, checkpoints.c). */
#pragma once

#include "agent/call.h"
#include "agent/model.h"
#include "agent/place.h"

#define CONTENTS_BODY_MAX ((size_t)256 << 20)
#define CONTENTS_READ_MAX ((off_t)256 << 20)

/* The clean path of capture 0; answers by itself and returns false when there
 * is none or (with `hidden_status`) it is hidden. */
bool contents_path(struct call *c, unsigned hidden_status, struct str *ret);
void contents_not_found(struct call *c, struct str path);
/* An -errno about `path` becomes the answer. */
void contents_fail(struct call *c, int code, struct str path, const char *doing);
/* Answers with the model of `path` as it is now, Location and all. */
void contents_reply(struct call *c, unsigned status, struct str path, const char *message);
void contents_reply_entry(struct call *c, unsigned status, const struct entry *e,
                          const char *message);
/* After a guarded save: the same, with the hash of what was written. */
void contents_reply_hash(struct call *c, unsigned status, struct str path, const char *hex);
/* Is the notebook on disk known as trusted, or without anything that needs it? */
bool contents_is_trusted(struct agent *a, struct str path);
MUST_CHECK int contents_trust_file(struct agent *a, struct str path, struct err *err);
/* JupyterLab's contents event; source may be empty. */
void contents_event(struct call *c, const char *action, struct str path, struct str source);

/* A new file of a free name in `dir`; body may say type and ext. */
void contents_untitled(struct call *c, struct str dir, const struct json *body);

call_fn contents_get;
/* contents_part.c: some of its bytes, as a query with offset or length asks. */
void contents_get_part(struct call *c, struct str path);
/* One pass over a file: is it UTF-8, what is its SHA-256 (hex may be NULL). */
MUST_CHECK int contents_scan(int fd, bool *ret_utf8, char hex[65]);
/* Members hash and hash_algorithm; hex may be NULL. */
void contents_put_hash(struct jsonw *w, const char *hex);
/* contents_nb.c: answers with a notebook, and closes fd. */
void contents_get_notebook(struct call *c, const struct entry *e, int fd, bool hash);

/* checkpoints.c: one checkpoint per file, `.ipynb_checkpoints/x-checkpoint.y` */
MUST_CHECK int checkpoint_make(const struct agent *a, struct str path, struct err *err);
bool checkpoint_exists(const struct agent *a, struct str path);
void checkpoint_follow(const struct agent *a, struct str from, struct str to);
void checkpoint_drop(const struct agent *a, struct str path);
call_fn checkpoints_list, checkpoints_post, checkpoints_restore, checkpoints_delete;

/* -EEXIST if there is something of that name. */
MUST_CHECK int rename_noreplace(const struct place *from, const struct place *to);

/* contents_copy.c: into the folder `to`, or under that name if there is nothing
 * of it; done is called once, now or when all is copied. r: 0 and what was made,
 * or -errno, with a sentence in err or without. Takes c->ctx and r->on_free. */
typedef void contents_copied_fn(struct call *c, int r, struct str from, struct str made,
                                const struct err *err);
void contents_copy(struct call *c, struct str from, struct str to, contents_copied_fn *done);
/* trash.c: moves to the trash, or deletes for good. */
MUST_CHECK int contents_delete(const struct agent *a, struct str path, struct err *err);
/* contents.c: the cleaned path of a body; answers by itself when it is none. */
bool contents_body_path(struct call *c, struct str raw, struct str *ret);
/* contents_put.c */
call_fn contents_put;
/* upload.c: a PUT with a chunk number. */
MUST_CHECK int upload_chunk(struct agent *a, struct str path, int64_t chunk, struct str data,
                            bool *ret_existed, struct err *err);
/* The file so far, while its pieces come. */
bool upload_entry(struct agent *a, struct str path, struct entry *ret);
MUST_CHECK int uploads_init(struct agent *a);
void uploads_fini(struct agent *a);
