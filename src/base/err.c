/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"

/* A message that was cut must not end inside a character. */
static void trim_to_border(char *msg, size_t size, int wanted)
{
	if (wanted >= 0 && (size_t)wanted < size)
		return;
	msg[utf8_whole((struct str){ msg, strlen(msg) })] = 0;
}

int err_set(struct err *err, int code, const char *file, int line, const char *fmt, ...)
{
	int saved = errno, n;
	va_list ap;

	if (!err)
		return code;
	err->code = code;
	err->file = file;
	err->line = line;
	va_start(ap, fmt);
	n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	trim_to_border(err->msg, sizeof(err->msg), n);
	errno = saved;
	return code;
}

int err_wrap(struct err *err, int code, const char *fmt, ...)
{
	char inner[sizeof(err->msg)];
	int saved = errno, n, more;
	va_list ap;

	if (!err)
		return code;
	memcpy(inner, err->msg, sizeof(inner));
	va_start(ap, fmt);
	n = vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(err->msg)) {
		size_t left = sizeof(err->msg) - (size_t)n;

		more = snprintf(err->msg + n, left, inner[0] ? ": %s" : "%s", inner);
		n = more < 0 ? more : n + more;
	}
	trim_to_border(err->msg, sizeof(err->msg), n);
	err->code = code;
	errno = saved;
	return code;
}
