/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Message bodies (RFC 9112 6, 7): finds where one ends without copying it.
 * Chunk lines and trailers are strict and bounded; extensions (at most 256
 * bytes a line) and trailers (at most 8) are checked and dropped.
 */
#pragma once

#include "base/str.h"

enum http_body_kind { HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED, HTTP_BODY_CLOSE };

struct http_body {
	enum http_body_kind kind;
	uint64_t left_; /* of the body, or of the present chunk */
	unsigned state_;
	unsigned count_; /* digits, extension bytes, trailer bytes */
	unsigned trailers_;
};

enum http_body_step {
	HTTP_BODY_DATA, /* *ret_piece holds bytes of content */
	HTTP_BODY_MORE, /* *in is used up */
	HTTP_BODY_END,  /* the body is whole; *in holds what follows */
	HTTP_BODY_BAD,
};

/* length counts for HTTP_BODY_LENGTH only. */
void http_body_init(struct http_body *b, enum http_body_kind kind, uint64_t length);
/* Takes bytes off *in. After END or BAD it must not be called again. */
enum http_body_step http_body_next(struct http_body *b, struct str *in, struct str *ret_piece);
/* Nothing comes any more: true if that is a proper end. */
bool http_body_eof(const struct http_body *b);

/* "1f4\r\n" into ret; its length. The chunk's data and CR LF are to follow. */
#define HTTP_CHUNK_HEAD_MAX 20
size_t http_chunk_head(char ret[HTTP_CHUNK_HEAD_MAX], size_t n);
