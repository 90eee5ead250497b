/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks of growing size, handed out from the front. Blocks come from calloc,
 * so what is handed out is zeroed and big blocks cost no pages until used.
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#define ALIGN       _Alignof(max_align_t)
#define FIRST_BLOCK ((size_t)4096)
#define LAST_BLOCK  ((size_t)256 * 1024)

struct arena_block {
	struct arena_block *next;
	size_t used, cap;
	_Alignas(max_align_t) char data[];
};

void arena_init(struct arena *a, size_t max)
{
	*a = ARENA(max);
}

void arena_fini(struct arena *a)
{
	while (a->blocks_) {
		struct arena_block *next = a->blocks_->next;

		free(a->blocks_);
		a->blocks_ = next;
	}
	*a = ARENA(a->max_);
}

bool arena_failed(const struct arena *a)
{
	return a->failed_;
}

static struct arena_block *block_new(size_t cap)
{
	struct arena_block *b;
	size_t total;

	if (__builtin_add_overflow(sizeof(*b), cap, &total))
		return NULL;
	b = calloc(1, total);
	if (b)
		b->cap = cap;
	return b;
}

/* A block with room for n bytes at the head of the list. A large request gets
 * a block of its own behind the head, so that the head's rest is not lost. */
static struct arena_block *block_for(struct arena *a, size_t n)
{
	struct arena_block *head = a->blocks_, *b;
	size_t cap = head ? head->cap * 2 : FIRST_BLOCK;

	if (head && head->cap - head->used >= n)
		return head;
	if (cap > LAST_BLOCK)
		cap = LAST_BLOCK;
	b = block_new(n > cap / 2 ? n : cap);
	if (!b)
		return NULL;
	if (head && n > cap / 2) {
		b->next = head->next;
		head->next = b;
	} else {
		b->next = head;
		a->blocks_ = b;
	}
	return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct arena_block *b;
	size_t size;
	void *p;

	if (a->failed_ || __builtin_add_overflow(n ? n : 1, ALIGN - 1, &size))
		goto failed;
	size &= ~(ALIGN - 1);
	if (size > a->max_ || a->used_ > a->max_ - size)
		goto failed;
	b = block_for(a, size);
	if (!b)
		goto failed;
	p = b->data + b->used;
	b->used += size;
	a->used_ += size;
	return p;
failed:
	a->failed_ = true;
	return NULL;
}

void *arena_calloc(struct arena *a, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total)) {
		a->failed_ = true;
		return NULL;
	}
	return arena_alloc(a, total);
}

struct str arena_str(struct arena *a, struct str s)
{
	char *p;

	if (s.len == SIZE_MAX) {
		a->failed_ = true;
		return STR_NONE;
	}
	p = arena_alloc(a, s.len + 1);
	if (!p)
		return STR_NONE;
	if (s.len)
		memcpy(p, s.ptr, s.len);
	return (struct str){ p, s.len };
}

char *arena_strz(struct arena *a, struct str s)
{
	char *p;

	if (s.len && memchr(s.ptr, 0, s.len))
		return NULL;
	p = arena_alloc(a, s.len + 1);
	if (p && s.len)
		memcpy(p, s.ptr, s.len);
	return p;
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	struct str ret = STR_NONE;
	va_list ap, again;
	char *p;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	p = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
	if (p) {
		(void)vsnprintf(p, (size_t)n + 1, fmt, again);
		ret = (struct str){ p, (size_t)n };
	} else {
		a->failed_ = true;
	}
	va_end(again);
	va_end(ap);
	return ret;
}
