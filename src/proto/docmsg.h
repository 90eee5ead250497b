/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent tells of its workspace's files, for search and recents: one
 * JSON object, cut into the parts of AGENT_DOC. The agent is its user's: the
 * decoder takes nothing on trust, and what it gives is bounded and clean.
 *
 *   {"op":"put","path","notebook":bool,"changed":us,"size":n,"title","heads","text"}
 *   {"op":"gone","path"}                    a file, or a folder with all in it
 *   {"op":"move","path","to"}
 *   {"op":"seen","path","what":"opened|saved|run","at":us}
 *   {"op":"list","after","upto","items":[["path",us,n],…]}   sorted; what is on disk
 *   {"op":"kernels","items":[["path",0|1,0],…]}               all that run; 1: busy
 */
#pragma once

#include "base/json.h"

#define DOC_BODY_MAX   (96U << 10) /* the whole object */
#define DOC_PART_MAX   3400U       /* bytes of one AGENT_DOC */
#define DOC_CREDIT     (128U << 10)
#define DOC_TEXT_MAX   (64U << 10)
#define DOC_HEADS_MAX  4096U
#define DOC_TITLE_MAX  200U
#define DOC_PATH_MAX   1024U
#define DOC_ITEMS_MAX  1000U
#define DOC_ARENA_MAX  (1U << 20)
#define DOC_WANT_BYTES (DOC_ITEMS_MAX / 4 + 2) /* hex digits and a NUL */

enum doc_op { DOC_PUT, DOC_GONE, DOC_MOVE, DOC_SEEN, DOC_LIST, DOC_KERNELS };
enum doc_what { DOC_OPENED, DOC_SAVED, DOC_RUN };

struct doc_item {
	struct str path;
	int64_t changed;
	uint64_t size;
};

struct docmsg {
	enum doc_op op;
	struct str path, to;
	bool notebook;
	int64_t changed; /* microseconds */
	uint64_t size;
	struct str title, heads, text;
	enum doc_what what;
	int64_t at;
	struct str after, upto; /* "": from the first, to the last */
	struct doc_item *items;
	size_t nitems;
};

/* -E2BIG: shorten the text, or send fewer items. */
MUST_CHECK int docmsg_put(struct buf *b, const struct docmsg *m);
MUST_CHECK int docmsg_get(struct arena *a, struct str in, struct docmsg *ret, struct err *err);
/* Relative, at most DOC_PATH_MAX bytes of UTF-8 without control characters, no
 * part empty, "." or "..". */
bool doc_path_ok(struct str path);

/* Which items of a list are wanted, as hex digits, four a digit. */
void doc_want_put(const bool *want, size_t n, char ret[DOC_WANT_BYTES]);
bool doc_want_get(struct str want, size_t i);
