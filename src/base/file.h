/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: whole reads with a maximum, durable writes (temp + fsync + rename +
 * fsync of the folder), walking beneath a folder with openat2.
 */
#pragma once

#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"

/* Appends the file's bytes; -EFBIG when it is larger than buf_room(b). */
MUST_CHECK int file_read(int dirfd, const char *path, struct buf *b, struct err *err);
MUST_CHECK int file_read_fd(int fd, struct buf *b, struct err *err);
/* Old or new, never half: written beside, fsynced, renamed, folder fsynced. */
MUST_CHECK int file_write_atomic(int dirfd, const char *path, struct str data, mode_t mode,
                                 struct err *err);
MUST_CHECK int file_write_all(int fd, struct str data, struct err *err);
/* openat2 with RESOLVE_BENEATH|RESOLVE_NO_MAGICLINKS (symlinks that stay
 * beneath are followed), O_CLOEXEC; retries EAGAIN. -errno. */
MUST_CHECK int file_open_beneath(int dirfd, const char *path, int flags, mode_t mode);
/* mkdir -p for `path` (absolute, or relative to the cwd). */
MUST_CHECK int file_mkdirs(const char *path, mode_t mode, struct err *err);
/* Deletes a tree by descriptor, never following a link. */
MUST_CHECK int file_remove_tree(int dirfd, const char *name, struct err *err);
