/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* From getrandom(2); aborts if the kernel can't give any. */
void rand_bytes(void *ret, size_t n);
uint64_t rand_u64(void);
/* A random UUID (version 4), 36 characters and a NUL. */
void rand_uuid(char ret[37]);
/* "ws_" + 26 Crockford base-32 characters (128 bits), NUL-terminated;
 * `prefix` of at most 4 characters, without the _. */
#define ID_MAX 40
void rand_id(const char *prefix, char ret[ID_MAX]);
