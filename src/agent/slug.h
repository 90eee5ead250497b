/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "base/buf.h"

/* A workspace's file name without its ending: lower-case letters, digits, '_',
 * '-', at most 128 with the ending, then '-' and four hex digits of SHA-256 of
 * the name. As jupyterlab_server's slugify, but that letters outside ASCII are
 * left out, not decomposed (the digest keeps names apart). */
void workspace_slug(struct str name, struct buf *ret);
