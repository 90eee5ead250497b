/* SPDX-License-Identifier: Apache-2.0 */
/* Names that the server chooses: new files and copies. Pure. */
#pragma once

#include "base/arena.h"

/* "Untitled1.ipynb", "untitled2.txt", "Untitled Folder 1"; n = 0 is the first
 * try, without a number. insert is "" or " ". */
struct str name_numbered(struct arena *a, struct str stem, const char *insert, unsigned n,
                         struct str ext);
/* Cuts "data.tar.gz" into "data" and ".tar.gz", but "a.b.ipynb" into "a.b" and
 * ".ipynb". A leading dot begins no extension. */
void name_cut(struct str name, struct str *stem, struct str *ext);
/* "x-Copy3" → "x" */
struct str name_strip_copy(struct str stem);
/* A name to hide from listings: *.pyc, *~, __pycache__, … (dots are extra). */
bool name_is_clutter(struct str name);
