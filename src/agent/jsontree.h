/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing a JSON tree in place, and printing one that was changed: the reader
 * gives trees to look at, these few give them back. All nodes come from one
 * arena. An array whose `text` is set stands for the joined string of its
 * members (all strings): no copy is made until it is printed.
 */
#pragma once

#include "base/json.h"

struct json *jt_get(struct json *o, const char *key);
void jt_remove(struct json *o, const char *key);
/* Adds or replaces a member. */
void jt_set(struct json *o, struct str key, struct json *v);
void jt_push(struct json *arr, struct json *v);
struct json *jt_new(struct arena *a, enum json_type type); /* NULL: no memory */
struct json *jt_str(struct arena *a, struct str text);
struct json *jt_bool(struct arena *a, bool b);
/* A string's text replaced: the printer encodes it anew. */
void jt_set_text(struct json *v, struct str text);

/* Of doubled keys only the last stays, at every depth. */
MUST_CHECK int jt_dedup(struct json *v);

static inline bool jt_is_joined(const struct json *v)
{
	return v->type == JSON_ARRAY && v->text.ptr;
}
void jt_join(struct json *arr);

void jt_print(const struct json *v, struct buf *b);
/* Python's json.dumps(indent=1, sort_keys=True, ensure_ascii=False); of
 * doubled keys the last. flush is called when b holds much. */
typedef int jt_flush_fn(struct buf *b, void *arg);
MUST_CHECK int jt_print_pretty(const struct json *v, struct buf *b, jt_flush_fn *flush,
                               void *arg);
