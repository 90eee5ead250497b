/* SPDX-License-Identifier: Apache-2.0 */
/* The few macros that every file uses. Nothing here jumps or returns. */
#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define MUST_CHECK                    __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a)             __attribute__((format(printf, f, a)))
#define UNUSED                        __attribute__((unused))
#define ARRAY_LEN(a)                  (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(p, type, member) ((type *)(void *)((char *)(p)-offsetof(type, member)))

/* A broken invariant of ours: says where and aborts, in release builds too.
 * Never used on input. */
_Noreturn void check_failed(const char *what, const char *file, int line);
#define CHECK(x)                                              \
	do {                                                  \
		if (!(x))                                     \
			check_failed(#x, __FILE__, __LINE__); \
	} while (0)

/* Scope cleanup. A hand-over is visible as STEAL(p) or steal_fd(&fd). */
static inline void autofree_(void *p)
{
	free(*(void **)p);
}
static inline void autoclose_(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}
#define autofree  __attribute__((cleanup(autofree_)))
#define autoclose __attribute__((cleanup(autoclose_)))
#define STEAL(p)                            \
	({                                  \
		__typeof__(p) steal_ = (p); \
		(p) = NULL;                 \
		steal_;                     \
	})
static inline int steal_fd(int *fd)
{
	int f = *fd;

	*fd = -1;
	return f;
}
/* Closes *fd if it is open and marks it closed; keeps errno. */
void own_close(int *fd);

/* Small fixed sizes only: these abort with a clear line when memory is out. */
void *xcalloc(size_t n, size_t size) MUST_CHECK;
char *xstrdup(const char *s) MUST_CHECK;
