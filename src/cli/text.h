/* SPDX-License-Identifier: Apache-2.0 */
/* Durations, sizes and tables as people write and read them. Pure. */
#pragma once

#include "base/buf.h"
#include "base/err.h"

/* "2h", "1h30m", "45s", "7d": whole numbers with units d h m s, largest first.
 * Up to ten years. */
MUST_CHECK int duration_parse(struct str s, uint64_t *ret_seconds, struct err *err);
#define DURATION_TEXT_MAX 32
/* The two largest units: "1 h 5 min", "45 s". */
void duration_text(uint64_t seconds, char ret[DURATION_TEXT_MAX]);

/* "5GiB", "512M", "10 G": K M G T are powers of 1024 with or without iB, of
 * 1000 with B alone. */
MUST_CHECK int size_parse(struct str s, uint64_t *ret_bytes, struct err *err);
#define SIZE_TEXT_MAX 24
void size_text(uint64_t bytes, char ret[SIZE_TEXT_MAX]);

/* s without control characters (they become '?'), and with bytes that are not
 * UTF-8 as U+FFFD: safe for a terminal. Line feeds become spaces. */
void text_clean(struct buf *b, struct str s);
/* Columns that s takes in a terminal. */
size_t text_width(struct str s);

/* A table: columns as wide as their widest cell, two spaces between. */
#define TABLE_COLUMNS 10
struct table {
	size_t columns, cells; /* cells filled so far */
	bool right[TABLE_COLUMNS];
	struct buf text; /* cells, each ended by a NUL */
	size_t width[TABLE_COLUMNS];
};
/* Titles end with NULL; one that begins with '>' makes a column of numbers. */
void table_init(struct table *t, const char *const *titles);
void table_cell(struct table *t, const char *text);
/* Appends the lines to b, and frees the table. */
void table_end(struct table *t, struct buf *b);
