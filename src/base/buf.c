/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unconsumed bytes are ptr_[off_..end_). Up to a quarter of the maximum
 * is allocated on top of it as slack, so that a buffer that is drained in
 * small steps while it is refilled moves its bytes once per quarter and not
 * once per step.
 */
#include "base/buf.h"

#include <errno.h>
#include <stdio.h>

#define FIRST_ALLOCATION 256U

void buf_init(struct buf *b, size_t max)
{
	*b = BUF(max);
}

void buf_fini(struct buf *b)
{
	free(b->ptr_);
	*b = BUF(b->max_);
}

void buf_clear(struct buf *b)
{
	b->off_ = b->end_ = 0;
	b->error_ = 0;
}

void buf_shrink(struct buf *b)
{
	if (b->off_ != b->end_)
		return;
	free(b->ptr_);
	b->ptr_ = NULL;
	b->off_ = b->end_ = b->cap_ = 0;
}

size_t buf_room(const struct buf *b)
{
	return b->error_ || buf_len(b) > b->max_ ? 0 : b->max_ - buf_len(b);
}

/* A NUL past the content must fit as well, hence the + 1. */
static size_t cap_limit(const struct buf *b)
{
	size_t limit;

	if (__builtin_add_overflow(b->max_, b->max_ / 4 + 1, &limit))
		return SIZE_MAX;
	return limit;
}

static int grow(struct buf *b, size_t need)
{
	size_t cap = b->cap_ > SIZE_MAX / 2 ? SIZE_MAX : b->cap_ * 2;
	bool moved = b->ptr_ && b->off_;
	char *p;

	if (cap < FIRST_ALLOCATION)
		cap = FIRST_ALLOCATION;
	if (cap > cap_limit(b))
		cap = cap_limit(b);
	if (cap < need)
		cap = need;
	p = moved ? malloc(cap) : realloc(b->ptr_, cap);
	if (!p)
		return b->error_ = -ENOMEM;
	if (moved) {
		memcpy(p, b->ptr_ + b->off_, buf_len(b));
		free(b->ptr_);
		b->end_ -= b->off_;
		b->off_ = 0;
	}
	b->ptr_ = p;
	b->cap_ = cap;
	return 0;
}

/* Makes n bytes writable at end_; the maximum is the caller's business. */
static int make_room(struct buf *b, size_t n)
{
	size_t len = buf_len(b), need;

	if (b->cap_ - b->end_ >= n && b->ptr_)
		return 0;
	if (__builtin_add_overflow(len, n, &need))
		return b->error_ = -E2BIG;
	if (!b->ptr_ || need > b->cap_ || (b->off_ < len / 4 && b->cap_ < cap_limit(b)))
		return grow(b, need);
	memmove(b->ptr_, b->ptr_ + b->off_, len);
	b->off_ = 0;
	b->end_ = len;
	return 0;
}

char *buf_reserve(struct buf *b, size_t n)
{
	if (b->error_)
		return NULL;
	if (n > buf_room(b)) {
		b->error_ = -E2BIG;
		return NULL;
	}
	return make_room(b, n) < 0 ? NULL : b->ptr_ + b->end_;
}

void buf_commit(struct buf *b, size_t n)
{
	CHECK(n <= b->cap_ - b->end_);
	b->end_ += n;
}

void buf_consume(struct buf *b, size_t n)
{
	CHECK(n <= buf_len(b));
	b->off_ += n;
	if (b->off_ == b->end_)
		b->off_ = b->end_ = 0;
}

void buf_unput(struct buf *b, size_t n)
{
	CHECK(n <= buf_len(b));
	b->end_ -= n;
	if (b->off_ == b->end_)
		b->off_ = b->end_ = 0;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	char *to;

	if (n == 0)
		return;
	to = buf_reserve(b, n);
	if (!to)
		return;
	memcpy(to, p, n);
	b->end_ += n;
}

void buf_put_str(struct buf *b, struct str s)
{
	buf_put(b, s.ptr, s.len);
}

void buf_put_c(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

void buf_put_z(struct buf *b, const char *z)
{
	buf_put(b, z, strlen(z));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 0))) void buf_vprintf(struct buf *b, const char *fmt,
                                                       va_list ap)
{
	va_list again;
	size_t have;
	int n;

	if (b->error_)
		return;
	va_copy(again, ap);
	have = b->cap_ - b->end_;
	n = vsnprintf(have ? b->ptr_ + b->end_ : NULL, have, fmt, ap);
	if (n < 0)
		b->error_ = -EINVAL;
	else if ((size_t)n > buf_room(b))
		b->error_ = -E2BIG;
	else if ((size_t)n >= have && make_room(b, (size_t)n + 1) == 0)
		(void)vsnprintf(b->ptr_ + b->end_, (size_t)n + 1, fmt, again);
	va_end(again);
	if (!b->error_)
		b->end_ += (size_t)n;
}

static void put_be(struct buf *b, uint64_t v, unsigned n)
{
	char t[8];

	for (unsigned i = 0; i < n; i++)
		t[i] = (char)(v >> (8 * (n - 1 - i)));
	buf_put(b, t, n);
}

static void put_le(struct buf *b, uint64_t v, unsigned n)
{
	char t[8];

	for (unsigned i = 0; i < n; i++)
		t[i] = (char)(v >> (8 * i));
	buf_put(b, t, n);
}

void buf_put_u16be(struct buf *b, uint16_t v)
{
	put_be(b, v, 2);
}

void buf_put_u32be(struct buf *b, uint32_t v)
{
	put_be(b, v, 4);
}

void buf_put_u64be(struct buf *b, uint64_t v)
{
	put_be(b, v, 8);
}

void buf_put_u16le(struct buf *b, uint16_t v)
{
	put_le(b, v, 2);
}

void buf_put_u32le(struct buf *b, uint32_t v)
{
	put_le(b, v, 4);
}

void buf_put_u64le(struct buf *b, uint64_t v)
{
	put_le(b, v, 8);
}

const char *buf_cstr(struct buf *b)
{
	if (b->error_ || make_room(b, 1) < 0)
		return "";
	b->ptr_[b->end_] = 0;
	return b->ptr_ + b->off_;
}
