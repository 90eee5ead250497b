/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hash chains over append-only rows: hash = SHA-256(previous hash, 32 bytes ·
 * for each field its length as u32be and its bytes). The first row follows 32
 * zero bytes. Numbers are fields in decimal text. tools/audit-ledger.py
 * recomputes the chain from this description.
 */
#pragma once

#include "base/sha256.h"
#include "core/types.h"

struct chain {
	struct sha256 sum_;
};

void chain_begin(struct chain *c, const uint8_t prev[HASH_LEN]);
void chain_str(struct chain *c, struct str field);
void chain_int(struct chain *c, int64_t field);
void chain_end(struct chain *c, uint8_t ret[HASH_LEN]);
