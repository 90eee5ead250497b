/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An error that a person will read: raised where it happens, with context put
 * in front on the way up. Fixed size, no allocation; NULL is allowed wherever
 * a `struct err *` is taken.
 */
#pragma once

#include "base/macros.h"

struct err {
	int code;         /* negative errno, 0 while unset */
	const char *file; /* where it was first raised */
	int line;
	char msg[232]; /* "outer: inner", truncated at the end */
};

#define ERR_NONE ((struct err){ 0 })

/* Raise: `return ERR(err, -ENOENT, "no kernel spec %s", name);` `%m` works. */
#define ERR(err, code, ...) err_set((err), (code), __FILE__, __LINE__, __VA_ARGS__)

int err_set(struct err *err, int code, const char *file, int line, const char *fmt, ...)
    PRINTF_LIKE(5, 6);

/* Put context in front of a message that a callee raised; returns its code. */
int err_wrap(struct err *err, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
