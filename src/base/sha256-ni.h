/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256's blocks by the processor's own instructions, where it has them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool sha256_ni_here(void);
/* Only where sha256_ni_here(). n blocks of 64 bytes. */
void sha256_ni_blocks(uint32_t h[8], const uint8_t *p, size_t n, const uint32_t k[64]);
/* sha256.c: the portable form, for the test that compares them. */
void sha256_soft_blocks(uint32_t h[8], const uint8_t *p, size_t n);
