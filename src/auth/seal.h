/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers kept for an Idempotency-Key may hold a secret that is shown once.
 * They are sealed with a key derived from the client's Idempotency-Key, which
 * the store does not keep: only who repeats the request can read the answer.
 */
#pragma once

#include "base/buf.h"
#include "core/types.h"

struct idem {
	uint8_t key_hash[HASH_LEN]; /* names the row */
	uint8_t request[HASH_LEN];  /* MAC over method, path and body, with the key */
	uint8_t seal[HASH_LEN];     /* opens the answer */
};

void idem_init(struct idem *i, struct str key, struct str method, struct str target,
               struct str body);
void idem_seal(const struct idem *i, struct str plain, struct buf *ret);
/* -EBADMSG: changed or another key's. */
MUST_CHECK int idem_open(const struct idem *i, struct str sealed, struct buf *ret);
