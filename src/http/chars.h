/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of bytes in HTTP heads: one table for all parsers of this folder. */
#pragma once

#include "http/head.h"

enum http_char {
	HC_CTL = 1,    /* C0 but HTAB, and DEL */
	HC_SPACE = 2,  /* SP, HTAB */
	HC_TOKEN = 4,  /* tchar (RFC 9110 5.6.2) */
	HC_TARGET = 8, /* in an origin-form target, '#' and '"' are not */
	HC_HOST = 16,  /* in Host */
	HC_DIGIT = 32,
	HC_HEX = 64,
	HC_OBS = 128, /* 0x80 to 0xff */
};

extern const uint8_t http_chars[256];
#define HC(c) http_chars[(uint8_t)(c)]

/* Finds the end of a head: see head.c. */
enum http_parse http_scan(struct http_parser *p, struct str in, size_t *ret_end,
                          unsigned *ret_status);
