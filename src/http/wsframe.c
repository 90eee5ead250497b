/* SPDX-License-Identifier: Apache-2.0 */
#include "http/wsframe.h"

void wsf_init(struct wsf_reader *r, bool client)
{
	*r = (struct wsf_reader){ .client = client };
}

/* Length of the head whose first two bytes are there. */
static unsigned head_len(const uint8_t *h)
{
	unsigned len7 = h[1] & 127;

	return 2U + (len7 == 126 ? 2U : len7 == 127 ? 8U : 0U) + (h[1] & 128 ? 4U : 0U);
}

/* What the first two bytes already tell is wrong (5.2, 5.4, 5.5). */
static bool first_two_ok(const struct wsf_reader *r, const uint8_t *h)
{
	unsigned op = h[0] & 15, len7 = h[1] & 127;
	bool fin = h[0] & 128;

	if (h[0] & 0x30)
		return false;
	/* RFC 7692 6.1: on the first frame of a data message only. */
	if ((h[0] & WSF_PACKED) && (!r->deflate || op >= 8 || op == WSF_CONT))
		return false;
	if (((h[1] & 128) != 0) == r->client)
		return false;
	if (op >= 8)
		return op <= WSF_PONG && fin && len7 <= 125;
	return op <= WSF_BINARY && (op == WSF_CONT) == r->in_message_;
}

static bool parse_head(struct wsf_reader *r)
{
	const uint8_t *h = r->head_;
	unsigned len7 = h[1] & 127, n = len7 == 126 ? 2 : len7 == 127 ? 8 : 0;

	r->fin = h[0] & 128;
	r->op = (enum wsf_op)(h[0] & 15);
	r->len = n ? 0 : len7;
	for (unsigned i = 0; i < n; i++)
		r->len = r->len << 8 | h[2 + i];
	/* The shortest form is obligatory, the top bit must be 0. */
	if ((n == 2 && r->len < 126) || (n == 8 && (r->len < 65536 || r->len >> 63)))
		return false;
	if (!r->client)
		memcpy(r->mask_, h + 2 + n, 4);
	r->left_ = r->len;
	r->in_frame_ = true;
	r->have_ = 0;
	if (r->op == WSF_TEXT || r->op == WSF_BINARY)
		r->packed = h[0] & WSF_PACKED;
	if (r->op < WSF_CLOSE)
		r->in_message_ = !r->fin;
	return true;
}

static enum wsf_step next_head(struct wsf_reader *r, struct str *in)
{
	while (in->len) {
		r->head_[r->have_++] = (uint8_t)in->ptr[0];
		*in = str_sub(*in, 1, in->len);
		if (r->have_ == 2 && !first_two_ok(r, r->head_))
			return WSF_BAD;
		if (r->have_ >= 2 && r->have_ == head_len(r->head_))
			return parse_head(r) ? WSF_HEAD : WSF_BAD;
	}
	return WSF_MORE;
}

enum wsf_step wsf_next(struct wsf_reader *r, struct str *in, struct str *ret_piece)
{
	size_t n;

	*ret_piece = STR_NONE;
	if (!r->in_frame_)
		return next_head(r, in);
	if (r->left_ == 0) {
		r->in_frame_ = false;
		return WSF_FRAME;
	}
	if (in->len == 0)
		return WSF_MORE;
	n = in->len < r->left_ ? in->len : (size_t)r->left_;
	*ret_piece = str_sub(*in, 0, n);
	*in = str_sub(*in, n, in->len);
	r->left_ -= n;
	return WSF_DATA;
}

/* to and from may be the same. Eight bytes at a time: payloads may be large. */
static void xor_bytes(char *to, const char *from, size_t n, const uint8_t mask[4], uint64_t at)
{
	uint8_t m[8];
	uint64_t k, v;
	size_t i = 0;

	for (size_t j = 0; j < 8; j++)
		m[j] = mask[(at + j) & 3];
	memcpy(&k, m, 8);
	for (; n - i >= 8; i += 8) {
		memcpy(&v, from + i, 8);
		v ^= k;
		memcpy(to + i, &v, 8);
	}
	for (; i < n; i++)
		to[i] = (char)((uint8_t)from[i] ^ m[i & 7]);
}

void wsf_unmask(const struct wsf_reader *r, struct str piece, char *to)
{
	if (piece.len == 0)
		return;
	if (r->client)
		memcpy(to, piece.ptr, piece.len);
	else
		xor_bytes(to, piece.ptr, piece.len, r->mask_, r->len - r->left_ - piece.len);
}

void wsf_mask(char *p, size_t n, const uint8_t mask[4], uint64_t at)
{
	xor_bytes(p, p, n, mask, at);
}

size_t wsf_head(char ret[WSF_HEAD_MAX], bool fin, enum wsf_op op, uint64_t len,
                const uint8_t *mask)
{
	unsigned n = len < 126 ? 0 : len < 65536 ? 2 : 8;
	uint8_t h[WSF_HEAD_MAX];

	h[0] = (uint8_t)((fin ? 128U : 0U) | (unsigned)op);
	h[1] = (uint8_t)((mask ? 128U : 0U) | (n == 0 ? (unsigned)len : n == 2 ? 126U : 127U));
	for (unsigned i = 0; i < n; i++)
		h[2 + i] = (uint8_t)(len >> (8 * (n - 1 - i)));
	if (mask)
		memcpy(h + 2 + n, mask, 4);
	memcpy(ret, h, sizeof(h));
	return 2 + n + (mask ? 4 : 0);
}

bool wsf_close_code_ok(unsigned code)
{
	if (code >= 3000 && code <= 4999)
		return true;
	return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}
