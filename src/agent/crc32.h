/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32 as zip and gzip use it (reflected 0xEDB88320), four bytes a step. */
#pragma once

#include "base/str.h"

struct crc32_table {
	uint32_t t[4][256];
};

void crc32_init(struct crc32_table *t);
/* Goes on from `crc`, which is 0 at the start. */
uint32_t crc32_add(const struct crc32_table *t, uint32_t crc, struct str s);
