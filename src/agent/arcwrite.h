/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes zip, tar and tar.gz as a stream: entries go in one after the other,
 * bytes come out at the end of a buffer which the caller drains. Nothing is
 * compressed (the data in a zip and a .gz are "stored" blocks of deflate, which
 * every reader follows without seeking), nothing is kept but the directory of a
 * zip. Zip entries above 4 GiB, many entries and long archives are zip64; tar
 * names that are long or not ASCII stand in pax records. Pure.
 *
 *   arc_new → (arc_entry → arc_data* → arc_entry_end)* → arc_end until 0 → arc_free
 *
 * Failures of memory are the buffer's sticky error; arc_error tells a full
 * directory.
 */
#pragma once

#include "base/buf.h"
#include "base/time.h"

enum arc_format { ARC_ZIP, ARC_TAR, ARC_TGZ };

/* At most this much is given to arc_data at once. */
#define ARC_PIECE_MAX ((size_t)32 << 10)

struct arc;

struct arc_meta {
	struct str name; /* UTF-8, parts joined by '/', no slash at the ends */
	bool dir;
	unsigned mode; /* permission bits */
	uint64_t size; /* 0 for a folder; what follows is cut or filled up to it in a tar */
	wall_us mtime;
};

struct arc *arc_new(enum arc_format format);
void arc_free(struct arc *w); /* NULL is fine */
void arc_entry(struct arc *w, const struct arc_meta *m, struct buf *out);
/* Bytes past the size that was announced are dropped. */
void arc_data(struct arc *w, struct str data, struct buf *out);
void arc_entry_end(struct arc *w, struct buf *out);
/* Bytes of the announced size that have not come yet. */
uint64_t arc_missing(const struct arc *w);
/* What follows the last entry, in pieces: 1 call again, 0 that was all. */
int arc_end(struct arc *w, struct buf *out);
/* -E2BIG: more entries than the directory of a zip may hold here. */
int arc_error(const struct arc *w);
