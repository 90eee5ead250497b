/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON (RFC 8259): a strict reader into a small tree in an arena, and a
 * streaming writer. Every value remembers its exact source text, so numbers
 * of any size and the order of keys pass through unchanged; the input must
 * outlive the tree. Not recursive on input depth. Duplicate keys, bad UTF-8,
 * lone surrogates (unless lax), depth and count limits are errors with a
 * byte offset in the message.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum json_type {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

struct json {
	enum json_type type;
	struct str raw;            /* the value's exact source text */
	struct str text;           /* string: decoded; number: source text */
	struct str key;            /* decoded, when a member of an object */
	struct json *first, *next; /* children; siblings, in source order */
	size_t n;                  /* number of children */
};

struct json_limits {
	unsigned depth;      /* 0: 32 */
	size_t values;       /* 0: 100,000 */
	bool lax_dup;        /* the last of duplicate keys wins (both stay listed) */
	bool lax_surrogates; /* lone \uD8xx become U+FFFD */
	bool nan;            /* NaN, Infinity, -Infinity count as numbers (Python) */
	/* For documents of many megabytes that are passed on: values that are long
	 * strings with escapes are checked but not decoded (`text` is STR_NONE), and
	 * a list of nothing but strings is one node: `n` is right, `first` NULL. Both
	 * have their source in `raw`. Keys are decoded as ever. */
	bool lean;
};

/* lim may be NULL for the defaults. -EINVAL, -E2BIG, -ENOMEM. */
MUST_CHECK int json_parse(struct arena *a, struct str in, const struct json_limits *lim,
                          struct json **ret, struct err *err);
/* Member by key (of an object, else NULL); index of an array. NULL-tolerant. */
const struct json *json_get(const struct json *o, const char *key);
const struct json *json_at(const struct json *a, size_t i);
/* Typed look-ups; 0 if present and of the type, -ENOENT absent (or null),
 * -EINVAL other type or out of range. */
MUST_CHECK int json_get_str(const struct json *o, const char *key, struct str *ret);
MUST_CHECK int json_get_u64(const struct json *o, const char *key, uint64_t max, uint64_t *ret);
MUST_CHECK int json_get_bool(const struct json *o, const char *key, bool *ret);
/* The text of a string, decoded into the arena if it was kept (lean). */
MUST_CHECK int json_text(struct arena *a, const struct json *v, struct str *ret);
struct str json_str_or(const struct json *o, const char *key, struct str fallback);
#define json_for_each(it, parent) \
	for (const struct json *it = (parent) ? (parent)->first : NULL; it; it = it->next)

/* Writer: commas and colons are its business. Depth at most 64, CHECKed. */
struct jsonw {
	struct buf *b;
	unsigned depth_;
	uint64_t comma_; /* one bit per depth */
	bool key_;
};
#define JSONW(buf) ((struct jsonw){ .b = (buf) })

void jw_obj(struct jsonw *w);
void jw_obj_end(struct jsonw *w);
void jw_arr(struct jsonw *w);
void jw_arr_end(struct jsonw *w);
void jw_key(struct jsonw *w, const char *key);
void jw_key_str(struct jsonw *w, struct str key);
void jw_str(struct jsonw *w, struct str s); /* bytes that are not UTF-8 become U+FFFD */
void jw_z(struct jsonw *w, const char *z);  /* NULL writes null */
void jw_i64(struct jsonw *w, int64_t v);
void jw_u64(struct jsonw *w, uint64_t v);
void jw_bool(struct jsonw *w, bool v);
void jw_null(struct jsonw *w);
void jw_raw(struct jsonw *w, struct str json); /* already JSON */
/* Key and value in one. */
void jw_kv_str(struct jsonw *w, const char *key, struct str s);
void jw_kv_z(struct jsonw *w, const char *key, const char *z);
void jw_kv_i64(struct jsonw *w, const char *key, int64_t v);
void jw_kv_u64(struct jsonw *w, const char *key, uint64_t v);
void jw_kv_bool(struct jsonw *w, const char *key, bool v);
void jw_kv_null(struct jsonw *w, const char *key);
void jw_kv_raw(struct jsonw *w, const char *key, struct str json);
void jw_kv_time(struct jsonw *w, const char *key, int64_t wall_us); /* RFC 3339 */
