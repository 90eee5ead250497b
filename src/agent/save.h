/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a file of the user so that it is the old one or the new one, never
 * half: a hidden temporary file beside it, fsync, rename, fsync of the folder.
 * The mode is kept, and the owner where the user may; a save through a link changes the file it points to.
 *
 * Where a rename is not possible (folder not writable, bind-mounted file, hard
 * links), or a full disk has no room beside a file that does not grow, the new
 * content is gathered in memory, the space is reserved, and the file is
 * overwritten by one write.
 *
 * A process that is killed leaves its temporary file behind. It is locked while
 * somebody writes it, so the next save in that folder knows it is dead and
 * takes it away.
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
	bool no_room;           /* in_place because the disk is full: must not grow */
	uint64_t len, old_size; /* written so far; of the file that was there */
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* A file that can't be replaced by a rename may be so large at most. */
#define SAVE_MEMORY_MAX ((uint64_t)256 << 20)
#define SAVE_NONE       ((struct save){ .at = PLACE_NONE, .fd = -1 })

MUST_CHECK int save_begin(const struct agent *a, struct str path, struct save *ret,
                          struct err *err);
MUST_CHECK int save_write(struct save *s, struct str data, struct err *err);
MUST_CHECK int save_commit(struct save *s, struct err *err);
/* Without a commit: the temporary file goes, the old file stays. Idempotent. */
void save_fini(struct save *s);

/* Over an exec, between two writes (agent/handover.h). */
struct hand_out;
struct hand_in;
void save_save(const struct save *s, struct hand_out *out);
MUST_CHECK int save_load(struct save *ret, struct hand_in *in, struct err *err);
