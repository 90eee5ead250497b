/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sessions' seccomp filter, from one table in two forms: compiled once,
 * for crun's annotation (a start is 15 ms faster), and as the OCI bundle's
 * JSON for any other runtime.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"

/* Appends the compiled program (struct sock_filter[]). */
MUST_CHECK int filter_compile(struct buf *b, struct err *err);
/* The narrower one of a process that serves files and nothing else. */
MUST_CHECK int filter_compile_files(struct buf *b, struct err *err);
/* The value of linux.seccomp. */
void filter_json(struct jsonw *w);
