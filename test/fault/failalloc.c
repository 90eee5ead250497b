/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A preloaded library in which one allocation fails. The file named by
 * FAILALLOC is mapped by a test too: int64 countdown (the allocation that takes
 * it to 0 fails; 0: none), int64 count, int64 failed, int64 watching; and while
 * that is not 0, uint64 places[]: for each allocation a hash of the calls that
 * led to it, so that the test can tell a thousand turns of one loop from a
 * thousand places. Programs that are started from the one it is loaded into
 * are left alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PLACES 131072
#define DEPTH  48 /* calls; a deeper stack differs above */

struct page {
	int64_t countdown, count, failed, watching;
	uint64_t places[PLACES];
};

static struct page *page;
static __thread bool looking; /* backtrace() may allocate */

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("FAILALLOC");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p = fd < 0 ? MAP_FAILED
	                 : mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	void *calls[2];

	(void)backtrace(calls, 2); /* loads its library, which a role can't do later */
	if (fd >= 0)
		(void)close(fd);
	unsetenv("LD_PRELOAD");
	if (p != MAP_FAILED)
		page = p;
}

static void look(int64_t nth)
{
	void *calls[DEPTH];
	uint64_t h = 14695981039346656037U; /* FNV-1a over words */

	looking = true;
	for (int i = 0, n = backtrace(calls, DEPTH); i < n; i++)
		h = (h ^ (uint64_t)(uintptr_t)calls[i]) * 1099511628211U;
	looking = false;
	page->places[nth] = h;
}

static bool fails(void)
{
	int64_t nth;

	if (!page || looking)
		return false;
	nth = __atomic_fetch_add(&page->count, 1, __ATOMIC_RELAXED);
	if (nth < PLACES && __atomic_load_n(&page->watching, __ATOMIC_RELAXED))
		look(nth);
	if (__atomic_load_n(&page->countdown, __ATOMIC_RELAXED) <= 0 ||
	    __atomic_sub_fetch(&page->countdown, 1, __ATOMIC_RELAXED) != 0)
		return false;
	__atomic_add_fetch(&page->failed, 1, __ATOMIC_RELAXED);
	errno = ENOMEM;
	return true;
}

void *malloc(size_t n)
{
	return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}
