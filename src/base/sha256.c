/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sha256.h"

#include "base/sha256-ni.h"

#define BLOCK ((size_t)64)

static const uint32_t k256[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t ror(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static uint32_t load_be(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store_be(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static void block256(uint32_t h[8], const uint8_t *p)
{
	uint32_t w[64], a = h[0], b = h[1], c = h[2], d = h[3];
	uint32_t e = h[4], f = h[5], g = h[6], i = h[7];

	for (size_t t = 0; t < 16; t++)
		w[t] = load_be(p + 4 * t);
	for (size_t t = 16; t < 64; t++) {
		uint32_t s0 = ror(w[t - 15], 7) ^ ror(w[t - 15], 18) ^ w[t - 15] >> 3;
		uint32_t s1 = ror(w[t - 2], 17) ^ ror(w[t - 2], 19) ^ w[t - 2] >> 10;

		w[t] = w[t - 16] + s0 + w[t - 7] + s1;
	}
	for (size_t t = 0; t < 64; t++) {
		uint32_t t1 = i + (ror(e, 6) ^ ror(e, 11) ^ ror(e, 25)) + ((e & f) ^ (~e & g)) +
		              k256[t] + w[t];
		uint32_t t2 =
		    (ror(a, 2) ^ ror(a, 13) ^ ror(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));

		i = g;
		g = f;
		f = e;
		e = d + t1;
		d = c;
		c = b;
		b = a;
		a = t1 + t2;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
	h[5] += f;
	h[6] += g;
	h[7] += i;
}

/* Asked once, before main: in a virtual machine the question itself is slow. */
static bool has_ni;

__attribute__((constructor)) static void look_for_ni(void)
{
	has_ni = sha256_ni_here();
}

void sha256_soft_blocks(uint32_t h[8], const uint8_t *p, size_t n)
{
	for (; n > 0; n--, p += BLOCK)
		block256(h, p);
}

static void blocks256(uint32_t h[8], const uint8_t *p, size_t n)
{
	if (has_ni)
		sha256_ni_blocks(h, p, n, k256);
	else
		sha256_soft_blocks(h, p, n);
}

void sha256_init(struct sha256 *s)
{
	*s = (struct sha256){ .h_ = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } };
}

void sha256_add(struct sha256 *s, struct str data)
{
	const uint8_t *p = (const uint8_t *)data.ptr;
	size_t n = data.len, have = s->total_ % BLOCK;

	if (n == 0)
		return;
	s->total_ += n;
	if (have) {
		size_t take = BLOCK - have < n ? BLOCK - have : n;

		memcpy(s->block_ + have, p, take);
		p += take;
		n -= take;
		if (have + take < BLOCK)
			return;
		blocks256(s->h_, s->block_, 1);
	}
	blocks256(s->h_, p, n / BLOCK);
	p += n - n % BLOCK;
	n %= BLOCK;
	if (n)
		memcpy(s->block_, p, n);
}

/* The last one or two blocks: a 1 bit, zeros, the length in bits. */
static size_t pad(const uint8_t *rest, uint64_t total, uint8_t out[2 * BLOCK])
{
	size_t have = total % BLOCK, len = have < BLOCK - 8 ? BLOCK : 2 * BLOCK;

	memset(out, 0, 2 * BLOCK);
	memcpy(out, rest, have);
	out[have] = 0x80;
	store_be(out + len - 8, (uint32_t)(total >> 29));
	store_be(out + len - 4, (uint32_t)(total << 3));
	return len;
}

void sha256_end(struct sha256 *s, uint8_t ret[SHA256_LEN])
{
	uint8_t last[2 * BLOCK];
	size_t len = pad(s->block_, s->total_, last);

	for (size_t i = 0; i < len; i += BLOCK)
		blocks256(s->h_, last + i, 1);
	for (size_t i = 0; i < 8; i++)
		store_be(ret + 4 * i, s->h_[i]);
	explicit_bzero(s, sizeof(*s));
	explicit_bzero(last, sizeof(last));
}

void sha256(struct str data, uint8_t ret[SHA256_LEN])
{
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, data);
	sha256_end(&s, ret);
}

void hmac256_init(struct hmac256 *h, struct str key)
{
	uint8_t pad_in[BLOCK] = { 0 }, pad_out[BLOCK];

	if (key.len > BLOCK)
		sha256(key, pad_in);
	else if (key.len)
		memcpy(pad_in, key.ptr, key.len);
	for (size_t i = 0; i < BLOCK; i++) {
		pad_out[i] = pad_in[i] ^ 0x5c;
		pad_in[i] ^= 0x36;
	}
	sha256_init(&h->in_);
	sha256_add(&h->in_, (struct str){ (const char *)pad_in, BLOCK });
	sha256_init(&h->out_);
	sha256_add(&h->out_, (struct str){ (const char *)pad_out, BLOCK });
	explicit_bzero(pad_in, sizeof(pad_in));
	explicit_bzero(pad_out, sizeof(pad_out));
}

void hmac256_add(struct hmac256 *h, struct str data)
{
	sha256_add(&h->in_, data);
}

void hmac256_end(struct hmac256 *h, uint8_t ret[SHA256_LEN])
{
	uint8_t inner[SHA256_LEN];

	sha256_end(&h->in_, inner);
	sha256_add(&h->out_, (struct str){ (const char *)inner, sizeof(inner) });
	sha256_end(&h->out_, ret);
}

static uint32_t rol(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static void block1(uint32_t h[5], const uint8_t *p)
{
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

	for (size_t t = 0; t < 16; t++)
		w[t] = load_be(p + 4 * t);
	for (size_t t = 16; t < 80; t++)
		w[t] = rol(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
	for (size_t t = 0; t < 80; t++) {
		uint32_t f, k, next;

		if (t < 20) {
			f = (b & c) | (~b & d);
			k = 0x5a827999;
		} else if (t < 40) {
			f = b ^ c ^ d;
			k = 0x6ed9eba1;
		} else if (t < 60) {
			f = (b & c) | (b & d) | (c & d);
			k = 0x8f1bbcdc;
		} else {
			f = b ^ c ^ d;
			k = 0xca62c1d6;
		}
		next = rol(a, 5) + f + e + k + w[t];
		e = d;
		d = c;
		c = rol(b, 30);
		b = a;
		a = next;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void sha1(struct str data, uint8_t ret[SHA1_LEN])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	const uint8_t *p = (const uint8_t *)data.ptr;
	uint8_t last[2 * BLOCK];
	size_t whole = data.len - data.len % BLOCK, len;

	for (size_t i = 0; i < whole; i += BLOCK)
		block1(h, p + i);
	len = pad(whole < data.len ? p + whole : last, data.len, last);
	for (size_t i = 0; i < len; i += BLOCK)
		block1(h, last + i);
	for (size_t i = 0; i < 5; i++)
		store_be(ret + 4 * i, h[i]);
}
