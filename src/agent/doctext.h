/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a document, for search: sources of cells and Markdown, headings
 * apart; no outputs, no attachments. Takes a file of any size in pieces, keeps a
 * bounded amount, and takes broken JSON for the end. Pure.
 */
#pragma once

#include "base/buf.h"

#define DOCTEXT_CELL_MAX (128U << 10) /* of one cell that is looked at */

/* Text with each run of blanks as one, and its headings. */
struct doctext {
	struct buf text, heads;
	char title[201];
};
void doctext_init(struct doctext *t);
void doctext_fini(struct doctext *t);
/* A whole cell, or a whole file of text. */
void doctext_add(struct doctext *t, struct str s, bool markdown);

enum nbtext_token { NBTEXT_SPACE, NBTEXT_STRING, NBTEXT_WORD };
/* A notebook (nbformat 4), as it is read. */
struct nbtext {
	struct doctext *out;
	enum nbtext_token token;
	unsigned depth;
	uint64_t objects; /* a bit a level: an object, not an array */
	bool key_next, is_key, broken, done;
	bool cells;             /* within the list of cells */
	bool source;            /* within the source of one */
	char key[16], type[16]; /* the last key of the level that counts; of the cell */
	size_t nkey, ntype;
	bool take; /* this string's text is wanted: in `cell` */
	struct buf cell;
	char escape[12]; /* \uXXXX, perhaps two of them */
	size_t nescape;
};
void nbtext_init(struct nbtext *n, struct doctext *out);
void nbtext_fini(struct nbtext *n);
void nbtext_feed(struct nbtext *n, struct str piece);

/* Is a file of this name worth its text? *ret_most: of so many bytes. */
enum doc_kind { DOC_NONE, DOC_NOTEBOOK, DOC_MARKDOWN, DOC_PLAIN, DOC_TABLE };
enum doc_kind doc_kind_of(struct str path);
