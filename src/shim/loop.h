/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image files as block devices. The image's flock is taken on the very file
 * description that the loop device keeps, so the lock lives exactly as long
 * as the device: whoever made it may die. Autoclear: the device goes with its
 * last mount.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* Attaches and mounts the ext4 image at `where`, waiting up to wait_ms for a
 * former user of the image to let go. -EBUSY: still in use. */
MUST_CHECK int loop_mount(const char *image, const char *where, unsigned wait_ms,
                          struct err *err);
/* A private copy of an empty image (holes stay holes), nameless from birth,
 * mounted at `where`; `name` is used for an instant, beside `where`'s parent. */
MUST_CHECK int loop_mount_copy(const char *image, const char *name, const char *where,
                               struct err *err);
/* Does some process or loop device hold the image? */
bool loop_image_is_busy(const char *image);
