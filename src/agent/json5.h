/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON5 (json5.org) → JSON: comments, trailing commas, single quotes, bare
 * keys, hexadecimal numbers, escaped line ends. Settings files are written in
 * it. The result is compact and strict; Infinity and NaN become null.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define JSON5_DEPTH_MAX 64U

/* -EINVAL with line and column in the message. */
MUST_CHECK int json5_to_json(struct str in, struct buf *out, struct err *err);
