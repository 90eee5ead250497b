/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) and HMAC-SHA256 (RFC 2104); own because the agent and
 * the shim link nothing. Also SHA-1 for the WebSocket handshake (RFC 6455). */
#pragma once

#include "base/str.h"

#define SHA256_LEN 32
#define SHA1_LEN   20

struct sha256 {
	uint32_t h_[8];
	uint64_t total_;
	uint8_t block_[64];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, struct str data);
void sha256_end(struct sha256 *s, uint8_t ret[SHA256_LEN]);
void sha256(struct str data, uint8_t ret[SHA256_LEN]);

struct hmac256 {
	struct sha256 in_, out_;
};
void hmac256_init(struct hmac256 *h, struct str key);
void hmac256_add(struct hmac256 *h, struct str data);
void hmac256_end(struct hmac256 *h, uint8_t ret[SHA256_LEN]);

void sha1(struct str data, uint8_t ret[SHA1_LEN]);
