/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changing a JSON tree in place, and printing one that was changed: the reader
 * gives trees to look at, these few give them back. All nodes come from one
 * arena. An array whose `text` is set stands for the joined string of its
 * members (all strings): no copy is made until it is printed.
 *
 * Trees of a lean reading (base/json.h) may be given too. There a list of
 * strings is a node without members; one whose `raw` is a string stands for
 * the lines of that string (jt_split).
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
/* A list without members: its source is in `raw`. */
static inline bool jt_is_lean(const struct json *v)
{
	return v->type == JSON_ARRAY && !v->first && v->raw.len &&
	       (v->n || v->raw.ptr[0] == '"');
}
/* A string with its source becomes the list of its lines. */
void jt_split(struct json *str);
/* Length of the first line of s, its end included, by Python's str.splitlines;
 * `escaped`: s is what stands between the quotes of a JSON string. */
size_t jt_line_len(struct str s, bool escaped);
/* Takes the next string off what stands between the brackets of a list: what
 * is between its quotes. */
bool jt_next_string(struct str *list, struct str *ret);

void jt_print(const struct json *v, struct buf *b);
/* Python's json.dumps(indent=1, sort_keys=True, ensure_ascii=False); of
 * doubled keys the last. flush is called when b holds much. */
typedef int jt_flush_fn(struct buf *b, void *arg);
MUST_CHECK int jt_print_pretty(const struct json *v, struct buf *b, jt_flush_fn *flush,
                               void *arg);
