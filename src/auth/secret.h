/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets that we mint: cookies, tickets, entry codes, one-time sign-in codes,
 * personal tokens. Each is shown once; the store keeps only its SHA-256, which
 * is enough for values of 128 random bits and more (a sign-in code has 40, and
 * lives for minutes behind a rate limit).
 */
#pragma once

#include "core/types.h"

/* libsodium, once per process, before anything else of auth. */
void auth_init(void);

#define SECRET_LEN 43
/* 256 random bits as base64url. */
void secret_make(char ret[SECRET_LEN + 1], uint8_t ret_hash[HASH_LEN]);
/* Hash of a secret that somebody presents; -EINVAL if it can't be one. */
MUST_CHECK int secret_hash(struct str s, uint8_t ret[HASH_LEN]);

#define CODE_LEN 9 /* XXXX-XXXX */
void code_make(char ret[CODE_LEN + 1], uint8_t ret_hash[HASH_LEN]);
/* Forgives case, blanks, a missing hyphen, and O for 0, I and L for 1. */
MUST_CHECK int code_hash(struct str s, uint8_t ret[HASH_LEN]);

/* carrel_pat_<22 id>_<43 secret>_<6 crc>: letters and digits only, so that a
 * scanner finds it and can tell a real one from a typo without asking us. */
#define TOKEN_LOOKUP_LEN 22
#define TOKEN_TEXT_LEN   (11 + TOKEN_LOOKUP_LEN + 1 + 43 + 1 + 6)
struct token_text {
	char text[TOKEN_TEXT_LEN + 1];
	char lookup[TOKEN_LOOKUP_LEN + 1];
	uint8_t hash[HASH_LEN];
};
void token_make(struct token_text *ret);
/* Form and checksum; fills lookup and hash. -EINVAL. */
MUST_CHECK int token_parse(struct str s, struct token_text *ret);
/* In constant time. */
bool hash_equal(const uint8_t a[HASH_LEN], const uint8_t b[HASH_LEN]);
