/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/secret.h"

#include <errno.h>
#include <sodium.h>

#include "base/encode.h"
#include "base/sha256.h"

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const char base32[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford */

void auth_init(void)
{
	CHECK(sodium_init() >= 0);
}

void secret_make(char ret[SECRET_LEN + 1], uint8_t ret_hash[HASH_LEN])
{
	uint8_t random[32];

	randombytes_buf(random, sizeof(random));
	CHECK(sodium_bin2base64(ret, SECRET_LEN + 1, random, sizeof(random),
	                        sodium_base64_VARIANT_URLSAFE_NO_PADDING));
	sodium_memzero(random, sizeof(random));
	sha256((struct str){ ret, SECRET_LEN }, ret_hash);
}

static bool is_base62(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

int secret_hash(struct str s, uint8_t ret[HASH_LEN])
{
	if (s.len != SECRET_LEN)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++)
		if (!is_base62(s.ptr[i]) && s.ptr[i] != '-' && s.ptr[i] != '_')
			return -EINVAL;
	sha256(s, ret);
	return 0;
}

/* The domain in front keeps a code's sum from being another secret's. */
static void code_sum(const char digits[8], uint8_t ret[HASH_LEN])
{
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, STR("carrel sign-in code:"));
	sha256_add(&s, (struct str){ digits, 8 });
	sha256_end(&s, ret);
}

void code_make(char ret[CODE_LEN + 1], uint8_t ret_hash[HASH_LEN])
{
	char digits[8];

	for (int i = 0; i < 8; i++)
		digits[i] = base32[randombytes_uniform(32)];
	memcpy(ret, digits, 4);
	ret[4] = '-';
	memcpy(ret + 5, digits + 4, 4);
	ret[CODE_LEN] = '\0';
	code_sum(digits, ret_hash);
	sodium_memzero(digits, sizeof(digits));
}

int code_hash(struct str s, uint8_t ret[HASH_LEN])
{
	char digits[8];
	size_t n = 0;

	if (s.len > 32)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '-' || c == ' ')
			continue;
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (c == 'O')
			c = '0';
		else if (c == 'I' || c == 'L')
			c = '1';
		if (n == sizeof(digits) || c == '\0' || !strchr(base32, c))
			return -EINVAL;
		digits[n++] = c;
	}
	if (n != sizeof(digits))
		return -EINVAL;
	code_sum(digits, ret);
	return 0;
}

/* CRC-32 (IEEE), bitwise: it runs once per request at most. */
static uint32_t crc32_of(struct str s)
{
	uint32_t crc = ~0U;

	for (size_t i = 0; i < s.len; i++) {
		crc ^= (unsigned char)s.ptr[i];
		for (int k = 0; k < 8; k++)
			crc = (crc >> 1) ^ (0xedb88320U & (0U - (crc & 1)));
	}
	return ~crc;
}

static void crc_text(struct str s, char ret[6])
{
	uint32_t crc = crc32_of(s);

	for (int i = 5; i >= 0; i--) {
		ret[i] = base62[crc % 62];
		crc /= 62;
	}
}

#define PREFIX    STR("carrel_pat_")
#define AT_SECRET (PREFIX.len + TOKEN_LOOKUP_LEN + 1)
#define AT_CRC    (AT_SECRET + 43 + 1)

void token_make(struct token_text *ret)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->text, PREFIX.ptr, PREFIX.len);
	for (size_t i = PREFIX.len; i < AT_CRC; i++)
		ret->text[i] = base62[randombytes_uniform(62)];
	ret->text[AT_SECRET - 1] = ret->text[AT_CRC - 1] = '_';
	crc_text((struct str){ ret->text, AT_CRC - 1 }, ret->text + AT_CRC);
	memcpy(ret->lookup, ret->text + PREFIX.len, TOKEN_LOOKUP_LEN);
	sha256((struct str){ ret->text, TOKEN_TEXT_LEN }, ret->hash);
}

int token_parse(struct str s, struct token_text *ret)
{
	struct token_text t = { 0 };
	char crc[6];

	if (s.len != TOKEN_TEXT_LEN || !str_starts(s, PREFIX) || s.ptr[AT_SECRET - 1] != '_' ||
	    s.ptr[AT_CRC - 1] != '_')
		return -EINVAL;
	for (size_t i = PREFIX.len; i < s.len; i++)
		if (!is_base62(s.ptr[i]) && i != AT_SECRET - 1 && i != AT_CRC - 1)
			return -EINVAL;
	crc_text(str_sub(s, 0, AT_CRC - 1), crc);
	if (memcmp(crc, s.ptr + AT_CRC, sizeof(crc)) != 0)
		return -EINVAL;
	memcpy(t.lookup, s.ptr + PREFIX.len, TOKEN_LOOKUP_LEN);
	sha256(s, t.hash);
	*ret = t;
	return 0;
}

bool hash_equal(const uint8_t a[HASH_LEN], const uint8_t b[HASH_LEN])
{
	return sodium_memcmp(a, b, HASH_LEN) == 0;
}
