/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet filter of an instance: one nft table, made whole in one step.
 * Sessions reach public addresses by NAT, the configured name servers on port
 * 53, and what the site allows; nothing else, and nobody reaches them.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct nft_rules {
	unsigned slot;
	struct str dns, allow; /* addresses and CIDRs, separated by spaces */
};

/* -EINVAL: an address that is none. */
MUST_CHECK int nft_text(const struct nft_rules *r, struct buf *b, struct err *err);
/* Loads it (blocks ~25 ms). */
MUST_CHECK int nft_load(const struct nft_rules *r, struct err *err);
/* Asks the kernel; one message to it and back. */
bool nft_is_loaded(unsigned slot);
/* -ENOENT is fine. */
MUST_CHECK int nft_remove(unsigned slot, struct err *err);
