/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a file of the user so that it is the old one or the new one, never
 * half: a hidden temporary file beside it, fsync, rename, fsync of the folder.
 * The mode is kept; a save through a link changes the file it points to. Where
 * a rename is not possible (folder not writable, bind-mounted file, hard
 * links) the space is reserved first and the file is overwritten in place.
 *
 *   save_begin → save_write* → save_commit | save_fini
 */
#pragma once

#include "agent/place.h"

struct save {
	const struct agent *a;
	struct place at;
	char tmp[64]; /* name beside it, "" when `fd` is a memory file */
	int fd;
	bool existed, in_place;
	mode_t mode;
};
#define SAVE_NONE ((struct save){ .at = PLACE_NONE, .fd = -1 })

MUST_CHECK int save_begin(const struct agent *a, struct str path, struct save *ret,
                          struct err *err);
MUST_CHECK int save_write(struct save *s, struct str data, struct err *err);
MUST_CHECK int save_commit(struct save *s, struct err *err);
/* Without a commit: the temporary file goes, the old file stays. Idempotent. */
void save_fini(struct save *s);
