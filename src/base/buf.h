/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growable byte buffer whose maximum is given at birth. A failure (-E2BIG
 * past the maximum, -ENOMEM) is sticky: later puts do nothing, and one look
 * at buf_error() at the end is enough. Reading consumes from the front.
 */
#pragma once

#include <stdarg.h>

#include "base/str.h"

struct buf {
	char *ptr_;  /* allocation */
	size_t off_; /* consumed */
	size_t end_; /* filled */
	size_t cap_; /* allocated */
	size_t max_; /* never more than this unconsumed */
	int error_;  /* sticky, negative errno */
};

#define BUF(max) ((struct buf){ .max_ = (size_t)(max) })

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);  /* frees; the maximum is kept, usable again */
void buf_clear(struct buf *b); /* empties, clears the error, keeps memory */
/* Gives memory back when empty; for idle connections. */
void buf_shrink(struct buf *b);

static inline size_t buf_len(const struct buf *b)
{
	return b->end_ - b->off_;
}
static inline struct str buf_str(const struct buf *b)
{
	return (struct str){ b->ptr_ ? b->ptr_ + b->off_ : "", b->end_ - b->off_ };
}
static inline int buf_error(const struct buf *b)
{
	return b->error_;
}
size_t buf_room(const struct buf *b); /* bytes that may still be put */

void buf_put(struct buf *b, const void *p, size_t n);
void buf_put_str(struct buf *b, struct str s);
void buf_put_c(struct buf *b, char c);
void buf_put_z(struct buf *b, const char *z);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);
void buf_put_u16be(struct buf *b, uint16_t v);
void buf_put_u32be(struct buf *b, uint32_t v);
void buf_put_u64be(struct buf *b, uint64_t v);
void buf_put_u16le(struct buf *b, uint16_t v);
void buf_put_u32le(struct buf *b, uint32_t v);
void buf_put_u64le(struct buf *b, uint64_t v);

/* Space for n bytes at the end (NULL and sticky error if it can't be had);
 * then say how many of them were filled. */
char *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);
/* Drop n bytes (at most buf_len) from the front, or from the end. */
void buf_consume(struct buf *b, size_t n);
void buf_unput(struct buf *b, size_t n);
/* Appends a NUL that does not count as content; "" on failure. */
const char *buf_cstr(struct buf *b);
