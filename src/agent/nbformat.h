/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notebooks (nbformat 4) as the browser sees them and as they stand on disk:
 * texts are one string there, lists of lines here. Pure: works on the tree of
 * the JSON reader, in its arena, and changes it in place. What it does not
 * know it leaves alone: the minor version is kept, numbers keep their source
 * text, unknown members pass through.
 */
#pragma once

#include "base/json.h"

#define NB_DEPTH_MAX 200U
#define NB_ARENA_MAX ((size_t)768 << 20)

struct nb {
	struct json *root;
	unsigned major, minor;
	char problem[160]; /* what a strict reader would complain about; "" if nothing */
};

/* -EINVAL: no notebook of a version that can be shown. The text must outlive
 * the tree. */
MUST_CHECK int nb_parse(struct arena *a, struct str text, struct nb *ret, struct err *err);
/* The same for notebooks of many megabytes, as a lean tree (base/json.h): for
 * passing on only. Empties the arena first if need be. */
MUST_CHECK int nb_parse_lean(struct arena *a, struct str text, struct nb *ret, struct err *err);
/* The same from a tree that has been read already (a request's "content"); a
 * lean one must be of format 4. */
MUST_CHECK int nb_of(struct arena *a, struct json *root, struct nb *ret, struct err *err);

/* Lists of lines → strings; missing or doubled cell ids repaired. */
MUST_CHECK int nb_for_browser(struct arena *a, struct nb *nb);
/* Strings → lists of lines; what only lives in memory taken out. */
MUST_CHECK int nb_for_disk(struct arena *a, struct nb *nb);
/* The same for one array of outputs. */
MUST_CHECK int nb_outputs_for_disk(struct arena *a, struct json *outs);

/* Sets metadata.trusted of every code cell. */
MUST_CHECK int nb_mark_trusted(struct arena *a, struct nb *nb, bool trusted);
/* True if each code cell is marked trusted or has no output that could run
 * something in a browser. */
bool nb_cells_trusted(const struct nb *nb);

/* Where printed text goes: called with pieces. */
typedef void nb_sink_fn(void *arg, struct str piece);
/* Compact, keys in source order; or piece by piece with json_out (jsonout.h). */
void nb_print_browser(const struct nb *nb, struct buf *b);
/* Indent 1, keys sorted, a final newline: what nbformat.write makes. The sink
 * gets it in pieces of about 64 KiB. */
MUST_CHECK int nb_print_disk(const struct nb *nb, nb_sink_fn *sink, void *arg);
