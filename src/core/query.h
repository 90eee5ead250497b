/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A search as somebody typed it, and where its words stand in a text. Any
 * input is a search; what is not understood is a word:
 *
 *   plot "two words" -draft in:thesis in:"my thesis" type:notebook fir
 *
 * The last word is a prefix as long as it is being typed. Pure: slices of the
 * query point into the input.
 */
#pragma once

#include "base/str.h"

#define QUERY_BYTES_MAX   512U /* of the input; what is longer is cut */
#define QUERY_TERMS_MAX   12U
#define QUERY_TOKENS_MAX  8U /* of one term that are compared for marks */
#define SNIPPET_BYTES_MAX 200U

struct query_term {
	struct str text;
	bool negative, prefix;
	uint32_t first; /* folded letter that its first word begins with; 0: no word in it */
};

struct query {
	struct query_term term[QUERY_TERMS_MAX];
	unsigned n;
	struct str in;   /* begins the workspace's name; STR_NONE: any */
	struct str type; /* "notebook", "file", "workspace" or a suffix; STR_NONE: any */
	/* How many words may still be compared, in all texts together: what somebody
	 * typed and wrote can be such that each place of a text looks like a match.
	 * Then nothing more is found. NULL: as many as there are. */
	unsigned *left;
};

void query_parse(struct str in, struct query *ret);
/* Words that must be there. */
unsigned query_wanted(const struct query *q);

/* One piece of a text; `match` pieces are what was looked for. */
typedef void query_piece_fn(void *arg, struct str text, bool match);
/* The whole of a short text in pieces. */
void query_mark(const struct query *q, struct str text, query_piece_fn *fn, void *arg);
/* The part of a long text around the first match, in pieces, at most about
 * SNIPPET_BYTES_MAX bytes and never within a character; nothing of an empty
 * text. `…` stands where it was cut. False: none of the words is there, or
 * was met while words may be compared, and it is the text's beginning. */
bool query_snippet(const struct query *q, struct str text, query_piece_fn *fn, void *arg);
/* The text's beginning, the same way; the rest of it is not looked at. */
void query_beginning(const struct query *q, struct str text, query_piece_fn *fn, void *arg);
/* Are all wanted words in this text, and no unwanted one? As the index has
 * it: whole words, the last one perhaps begun. False also when
 * nothing may be compared any more. */
bool query_matches(const struct query *q, struct str text);
