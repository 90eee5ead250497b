/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacked images: <dir>/<id>/{image.json,rootfs/}, immutable. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

#define IMAGE_PATH_MAX 512

struct image {
	char rootfs[IMAGE_PATH_MAX];
	char path[1024]; /* its PATH */
};

/* A JSON array of {"id","name","digest","size_bytes","ready"}. A folder that
 * is no image is left out. -errno: they can't be read just now. */
MUST_CHECK int rootfs_list(const char *dir, struct jsonw *w, struct err *err);
/* By id, or by name (the newest of that name). -ENOENT: there is none; another:
 * who knows. */
MUST_CHECK int rootfs_find(const char *dir, struct str id, struct image *ret, struct err *err);
