/* SPDX-License-Identifier: Apache-2.0 */
#include "http/body.h"

#include "http/chars.h"

#define EXT_MAX      256U
#define TRAILERS_MAX 8U
#define TRAILER_MAX  8192U

/*
 *   SIZE -> (EXT) -> SIZE_LF -> DATA -> DATA_CR -> DATA_LF -> SIZE …
 *                       | size 0
 *                       v
 *   END <- END_LF <- LINE <-> NAME -> VALUE -> VALUE_LF
 */
enum { SIZE, EXT, SIZE_LF, DATA, DATA_CR, DATA_LF, LINE, NAME, VALUE, VALUE_LF, END_LF };

void http_body_init(struct http_body *b, enum http_body_kind kind, uint64_t length)
{
	*b = (struct http_body){ .kind = kind, .left_ = kind == HTTP_BODY_LENGTH ? length : 0 };
}

static enum http_body_step take(struct http_body *b, struct str *in, struct str *ret_piece)
{
	size_t n = in->len < b->left_ ? in->len : (size_t)b->left_;

	*ret_piece = str_sub(*in, 0, n);
	*in = str_sub(*in, n, in->len);
	b->left_ -= n;
	return HTTP_BODY_DATA;
}

static unsigned hex(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* chunk-size = 1*8HEXDIG, directly followed by CR or an extension. */
static bool on_size(struct http_body *b, char c)
{
	if (HC(c) & HC_HEX) {
		b->left_ = b->left_ << 4 | hex(c);
		return ++b->count_ <= 8;
	}
	if (b->count_ == 0 || (c != '\r' && c != ';'))
		return false;
	b->state_ = c == ';' ? EXT : SIZE_LF;
	b->count_ = 1; /* the ';' */
	return true;
}

static bool on_ext(struct http_body *b, char c)
{
	if (c == '\r')
		b->state_ = SIZE_LF;
	else if ((HC(c) & (HC_CTL | HC_OBS)) || ++b->count_ > EXT_MAX)
		return false;
	return true;
}

static bool on_trailer(struct http_body *b, char c)
{
	if (++b->count_ > TRAILER_MAX)
		return false;
	if (b->state_ == LINE) {
		if (c == '\r') {
			b->state_ = END_LF;
			return true;
		}
		b->state_ = NAME;
		return (HC(c) & HC_TOKEN) && ++b->trailers_ <= TRAILERS_MAX;
	}
	if (b->state_ == NAME) {
		if (c == ':')
			b->state_ = VALUE;
		return c == ':' || (HC(c) & HC_TOKEN);
	}
	if (c == '\r')
		b->state_ = VALUE_LF;
	return c == '\r' || !(HC(c) & HC_CTL);
}

/* The LF that ends a line: what comes next. */
static void next_line(struct http_body *b)
{
	if (b->state_ == SIZE_LF)
		b->state_ = b->left_ ? DATA : LINE;
	else
		b->state_ = b->state_ == DATA_LF ? SIZE : LINE;
	if (b->state_ == SIZE || b->state_ == DATA || b->trailers_ == 0)
		b->count_ = 0;
}

static bool step(struct http_body *b, char c)
{
	switch (b->state_) {
	case SIZE:
		return on_size(b, c);
	case EXT:
		return on_ext(b, c);
	case DATA_CR:
		b->state_ = DATA_LF;
		return c == '\r';
	case SIZE_LF:
	case DATA_LF:
	case VALUE_LF:
		next_line(b);
		return c == '\n';
	default:
		return on_trailer(b, c);
	}
}

static enum http_body_step chunked(struct http_body *b, struct str *in, struct str *ret_piece)
{
	while (in->len) {
		char c = in->ptr[0];

		if (b->state_ == DATA) {
			(void)take(b, in, ret_piece);
			if (b->left_ == 0)
				b->state_ = DATA_CR;
			return HTTP_BODY_DATA;
		}
		*in = str_sub(*in, 1, in->len);
		if (b->state_ == END_LF)
			return c == '\n' ? HTTP_BODY_END : HTTP_BODY_BAD;
		if (!step(b, c))
			return HTTP_BODY_BAD;
	}
	return HTTP_BODY_MORE;
}

enum http_body_step http_body_next(struct http_body *b, struct str *in, struct str *ret_piece)
{
	*ret_piece = STR_NONE;
	if (b->kind == HTTP_BODY_CHUNKED)
		return chunked(b, in, ret_piece);
	if (b->kind == HTTP_BODY_CLOSE)
		b->left_ = UINT64_MAX;
	if (b->left_ == 0)
		return HTTP_BODY_END;
	return in->len ? take(b, in, ret_piece) : HTTP_BODY_MORE;
}

bool http_body_eof(const struct http_body *b)
{
	return b->kind == HTTP_BODY_CLOSE || (b->kind == HTTP_BODY_LENGTH && b->left_ == 0);
}

size_t http_chunk_head(char ret[HTTP_CHUNK_HEAD_MAX], size_t n)
{
	char digits[2 * sizeof(n)];
	size_t k = sizeof(digits), len;

	do {
		digits[--k] = "0123456789abcdef"[n & 15];
		n >>= 4;
	} while (n);
	len = sizeof(digits) - k;
	memcpy(ret, digits + k, len);
	ret[len] = '\r';
	ret[len + 1] = '\n';
	return len + 2;
}
