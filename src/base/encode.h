/* SPDX-License-Identifier: Apache-2.0 */
/* Hex, base64 (RFC 4648), Crockford base 32, percent-encoding, UTF-8. */
#pragma once

#include "base/buf.h"

void hex_put(struct buf *b, struct str s);                 /* lower case */
MUST_CHECK int hex_get(struct str s, void *ret, size_t n); /* exactly 2n digits */
/* wrap: 0, or insert '\n' after that many characters and at the end. */
void base64_put(struct buf *b, struct str s, size_t wrap);
void base64url_put(struct buf *b, struct str s); /* no padding */
/* Strict padding; white space is skipped only if `lax`. -EINVAL. */
MUST_CHECK int base64_get(struct buf *b, struct str s, bool lax);
/* Lower-case Crockford base 32 of 128 bits: 26 characters and a NUL. */
void base32_id(const uint8_t id[16], char ret[27]);

/* Percent-encodes all but unreserved characters and those in `keep`. */
void pct_put(struct buf *b, struct str s, const char *keep);
/* Decodes once; -EINVAL on a broken escape. */
MUST_CHECK int pct_get(struct buf *b, struct str s);

/* Whole-string check (RFC 3629: no surrogates, no overlong forms). */
bool utf8_valid(struct str s);
/* Incremental: *state 0 at start; false as soon as it can't become valid.
 * state 0 afterwards = ends on a character border. */
bool utf8_feed(uint32_t *state, struct str s);
/* Length of the longest prefix of s that ends on a character border. */
size_t utf8_whole(struct str s);
/* Bytes that belong to no character become '?', in place. */
void utf8_mend(char *p, size_t n);
void utf8_put(struct buf *b, uint32_t codepoint);
