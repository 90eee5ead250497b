/* SPDX-License-Identifier: Apache-2.0 */
#include "core/chain.h"

#include <stdio.h>

void chain_begin(struct chain *c, const uint8_t prev[HASH_LEN])
{
	sha256_init(&c->sum_);
	sha256_add(&c->sum_, (struct str){ (const char *)prev, HASH_LEN });
}

void chain_str(struct chain *c, struct str field)
{
	char len[4] = { (char)(field.len >> 24), (char)(field.len >> 16),
		        (char)(field.len >> 8), (char)field.len };

	sha256_add(&c->sum_, (struct str){ len, sizeof(len) });
	sha256_add(&c->sum_, field);
}

void chain_int(struct chain *c, int64_t field)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%lld", (long long)field);

	chain_str(c, (struct str){ text, (size_t)n });
}

void chain_end(struct chain *c, uint8_t ret[HASH_LEN])
{
	sha256_end(&c->sum_, ret);
}
