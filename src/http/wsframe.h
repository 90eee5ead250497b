/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket frames (RFC 6455 section 5) as a pure codec, both directions: the
 * reader of a server demands masked frames, that of a client refuses them.
 * It holds no payload: pieces are unmasked into the caller's buffer as they
 * come.
 */
#pragma once

#include "base/str.h"

enum wsf_op {
	WSF_CONT = 0,
	WSF_TEXT = 1,
	WSF_BINARY = 2,
	WSF_CLOSE = 8,
	WSF_PING = 9,
	WSF_PONG = 10,
};

struct wsf_reader {
	bool client;      /* we are the client: frames come unmasked */
	bool deflate;     /* permessage-deflate was agreed on: packed may be set */
	bool in_message_; /* a data message has begun and not ended */
	bool in_frame_;
	bool packed;    /* RSV1 on the first frame of the present message */
	bool fin;       /* of the present frame */
	enum wsf_op op; /* of the present frame */
	uint64_t len;   /* of the present frame */
	uint64_t left_;
	uint8_t mask_[4];
	uint8_t head_[14];
	unsigned have_;
};

enum wsf_step {
	WSF_HEAD,  /* a frame begins: fin, op, len are set */
	WSF_DATA,  /* *ret_piece: masked bytes, for wsf_unmask */
	WSF_FRAME, /* the frame is complete */
	WSF_MORE,
	WSF_BAD, /* a protocol error: close with 1002 */
};

void wsf_init(struct wsf_reader *r, bool client);
/* Takes bytes off *in. After BAD it must not be called again. */
enum wsf_step wsf_next(struct wsf_reader *r, struct str *in, struct str *ret_piece);
/* The piece just returned, unmasked, into `to` (piece.len bytes). */
void wsf_unmask(const struct wsf_reader *r, struct str piece, char *to);
/* At a border between frames? */
static inline bool wsf_at_border(const struct wsf_reader *r)
{
	return !r->in_frame_ && r->have_ == 0;
}

/* Or'ed to the first byte of a head: the message is compressed (RFC 7692 6). */
#define WSF_PACKED 0x40

/* A frame's head into ret; its length. mask: 4 bytes, or NULL for none. */
#define WSF_HEAD_MAX 14
size_t wsf_head(char ret[WSF_HEAD_MAX], bool fin, enum wsf_op op, uint64_t len,
                const uint8_t *mask);
/* XOR with the mask, of which `at` bytes were used before. */
void wsf_mask(char *p, size_t n, const uint8_t mask[4], uint64_t at);

/* May this close code stand in a frame (RFC 6455 7.4)? */
bool wsf_close_code_ok(unsigned code);
