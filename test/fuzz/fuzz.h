/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzz target: one function over hostile bytes, which asserts a property
 * (reads back the same, agrees with a second way), not just "no crash". The
 * same file runs under libFuzzer (clang, tools/fuzz) and, with fuzz-main.c, as
 * an ordinary test which replays the committed corpus and mutates it a little.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Input is an exact-size allocation, so ASan sees a read one byte past it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline struct str fuzz_str(const uint8_t *data, size_t size)
{
	return (struct str){ (const char *)data, size };
}
