/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A preloaded library in which one allocation fails. The file named by
 * FAILALLOC is a page that a test maps too: int64 countdown (the allocation
 * that takes it to 0 fails; 0: none), int64 count, int64 failed. Programs that
 * are started from the one it is loaded into are left alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct page {
	int64_t countdown, count, failed;
};

static struct page *page;

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("FAILALLOC");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p =
	    fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd >= 0)
		(void)close(fd);
	unsetenv("LD_PRELOAD");
	if (p != MAP_FAILED)
		page = p;
}

static bool fails(void)
{
	if (!page)
		return false;
	__atomic_add_fetch(&page->count, 1, __ATOMIC_RELAXED);
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
