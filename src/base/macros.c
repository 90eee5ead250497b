/* SPDX-License-Identifier: Apache-2.0 */
#include "base/macros.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Straight to the descriptor: the heap and stdio may be what is broken. */
_Noreturn void check_failed(const char *what, const char *file, int line)
{
	char text[512];
	int n =
	    snprintf(text, sizeof(text),
	             "level=error event=check_failed what=\"%s\" at=%s:%d\n", what, file, line);

	if (n > 0) {
		size_t len = (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
		ssize_t r = write(STDERR_FILENO, text, len);

		(void)r;
	}
	abort();
}

void own_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		check_failed("out of memory", __FILE__, __LINE__);
	return p;
}

char *xstrdup(const char *s)
{
	size_t len = strlen(s);
	char *p = xcalloc(1, len + 1);

	memcpy(p, s, len);
	return p;
}
