/* SPDX-License-Identifier: Apache-2.0 */
#include "base/encode.h"

#include <errno.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_std[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void hex_put(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		char two[2] = { hex_digits[c >> 4], hex_digits[c & 15] };

		buf_put(b, two, 2);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_get(struct str s, void *ret, size_t n)
{
	uint8_t *out = ret;

	if (s.len % 2 || s.len / 2 != n)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		if (hex_digit(s.ptr[i]) < 0)
			return -EINVAL;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(hex_digit(s.ptr[2 * i]) << 4 | hex_digit(s.ptr[2 * i + 1]));
	return 0;
}

/* The characters of 1 to 3 bytes: n + 1 of them, without padding. */
static void base64_group(const char *alphabet, const unsigned char *in, size_t n, char out[4])
{
	uint32_t v = (uint32_t)in[0] << 16 | (n > 1 ? (uint32_t)in[1] << 8 : 0) |
	             (n > 2 ? (uint32_t)in[2] : 0);

	for (size_t i = 0; i <= n; i++)
		out[i] = alphabet[v >> (18 - 6 * i) & 63];
}

void base64_put(struct buf *b, struct str s, size_t wrap)
{
	const unsigned char *in = (const unsigned char *)s.ptr;
	size_t column = 0;

	for (size_t i = 0; i < s.len; i += 3) {
		size_t n = s.len - i < 3 ? s.len - i : 3;
		char four[4] = { '=', '=', '=', '=' };

		base64_group(base64_std, in + i, n, four);
		for (size_t k = 0; wrap && k < 4; k++) {
			buf_put_c(b, four[k]);
			if (++column == wrap) {
				buf_put_c(b, '\n');
				column = 0;
			}
		}
		if (!wrap)
			buf_put(b, four, 4);
	}
	if (column)
		buf_put_c(b, '\n');
}

void base64url_put(struct buf *b, struct str s)
{
	const unsigned char *in = (const unsigned char *)s.ptr;

	for (size_t i = 0; i < s.len; i += 3) {
		size_t n = s.len - i < 3 ? s.len - i : 3;
		char four[4];

		base64_group(base64_url, in + i, n, four);
		buf_put(b, four, n + 1);
	}
}

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_white(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The end of the text: n digits (in v) and `pads` equal signs must make one
 * whole group; left-over bits are zero, or the text is not canonical. */
static int base64_tail(struct buf *b, uint32_t v, unsigned n, unsigned pads, bool lax)
{
	char out[2];

	if (n == 0)
		return pads ? -EINVAL : 0;
	if (n == 1 || n + pads != 4)
		return -EINVAL;
	v <<= 6 * (4 - n);
	if (!lax && (v & (n == 2 ? 0xffff : 0xff)))
		return -EINVAL;
	out[0] = (char)(v >> 16);
	out[1] = (char)(v >> 8);
	buf_put(b, out, n - 1);
	return 0;
}

int base64_get(struct buf *b, struct str s, bool lax)
{
	uint32_t v = 0;
	unsigned n = 0, pads = 0;
	int r;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		int d = base64_digit(c);

		if (lax && is_white(c))
			continue;
		if (c == '=' && pads < 2) {
			pads++;
			continue;
		}
		if (d < 0 || pads)
			return -EINVAL;
		v = v << 6 | (uint32_t)d;
		if (++n == 4) {
			char out[3] = { (char)(v >> 16), (char)(v >> 8), (char)v };

			buf_put(b, out, 3);
			v = n = 0;
		}
	}
	r = base64_tail(b, v, n, pads, lax);
	return r < 0 ? r : buf_error(b);
}

void base32_id(const uint8_t id[16], char ret[27])
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

	/* 26 digits hold 130 bits: two zero bits go in front, as in a ULID. */
	for (unsigned i = 0; i < 26; i++) {
		unsigned v = 0;

		for (unsigned bit = 0; bit < 5; bit++) {
			unsigned at = 5 * i + bit;

			v <<= 1;
			if (at >= 2)
				v |= id[(at - 2) / 8] >> (7 - (at - 2) % 8) & 1U;
		}
		ret[i] = digits[v];
	}
	ret[26] = 0;
}

static bool is_unreserved(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

void pct_put(struct buf *b, struct str s, const char *keep)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		char three[3] = { '%', (char)(hex_digits[c >> 4]), (char)(hex_digits[c & 15]) };

		if (is_unreserved(s.ptr[i]) || (keep && c && strchr(keep, c))) {
			buf_put_c(b, s.ptr[i]);
			continue;
		}
		/* RFC 3986 2.1: upper case is the normal form. */
		for (size_t k = 1; k < 3; k++) {
			if (three[k] >= 'a')
				three[k] = (char)(three[k] - 'a' + 'A');
		}
		buf_put(b, three, 3);
	}
}

int pct_get(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '%') {
			uint8_t byte;

			if (s.len - i < 3 || hex_get(str_sub(s, i + 1, i + 3), &byte, 1) < 0)
				return -EINVAL;
			c = (char)byte;
			i += 2;
		}
		buf_put_c(b, c);
	}
	return buf_error(b);
}
