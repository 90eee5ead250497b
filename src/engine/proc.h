/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a host program to its end. Blocks: for threads of the pool and for
 * start-up, never on the loop. */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* argv[0] is found on PATH. `input` goes to its stdin. A status other than 0
 * is -EIO, with the last line that it printed in the message. */
MUST_CHECK int proc_run(const char *const *argv, struct str input, struct err *err);
/* With `in` as its stdin, which so stays open (and locked) as long as it lives,
 * even if we don't. A status up to `most` is success. */
MUST_CHECK int proc_run_on(const char *const *argv, int in, int most, struct err *err);
/* What it prints goes into *ret, as far as there is room. */
MUST_CHECK int proc_read(const char *const *argv, struct buf *ret, struct err *err);
