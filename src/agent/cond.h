/* SPDX-License-Identifier: Apache-2.0 */
/* Conditional requests and byte ranges of one file (RFC 9110, 13 and 14). Pure. */
#pragma once

#include "base/time.h"
#include "http/head.h"

#define COND_TAG_MAX 64

enum cond { COND_SEND, COND_SAME /* 304 */, COND_FAILED /* 412 */ };

/* What the file is now: a strong tag, in quotes, and when it was written. */
struct cond_file {
	struct str tag;
	wall_us mtime;
};

enum cond cond_check(const struct http_head *h, const struct cond_file *f);
/* True if a Range field counts: there is no If-Range, or it names this file. */
bool cond_if_range(const struct http_head *h, const struct cond_file *f);
/* One byte range: 0 fine, -EINVAL ignore the field (several ranges too: the
 * whole file is a right answer to them), -ERANGE 416. */
MUST_CHECK int range_parse(struct str field, uint64_t size, uint64_t *off, uint64_t *len);
