/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZMTP 3.1 (RFC 37) with the NULL mechanism, the side that connects, as a
 * codec without I/O: bytes of the peer go in, messages come out, and what must
 * be answered (READY, PONG, subscriptions) is appended to a buffer. It works
 * with every 3.x peer.
 *
 * A message is copied together as its bytes come, so the caller's read buffer
 * may be small. A frame that would make the message larger than message_max
 * does not end the connection: the part comes out cut and marked, because a PUB
 * socket that is closed loses what follows.
 */
#pragma once

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

#define ZMTP_PARTS_MAX   1024U
#define ZMTP_COMMAND_MAX 4096U
#define ZMTP_HEAD_MAX    9U

enum zmtp_type { ZMTP_DEALER, ZMTP_SUB };

enum zmtp_result {
	ZMTP_MORE,    /* all input is used up */
	ZMTP_READY,   /* the handshake is done: messages may be sent */
	ZMTP_MESSAGE, /* a whole message: zmtp_part() until the next feed */
};

struct zmtp {
	enum zmtp_type type;
	size_t message_max;
	struct str identity; /* borrowed */
	unsigned state_, peer_minor_;
	struct buf small_; /* greeting, frame head, command */
	struct buf msg_;   /* parts of the message so far, joined */
	struct buf parts_; /* struct zmtp_part each */
	size_t nparts_;
	uint64_t left_; /* bytes of the frame still to come */
	uint64_t size_; /* the frame's size */
	size_t keep_;   /* of them, to be stored */
	uint8_t flags_;
	bool ready_, whole_;
};

/* identity at most 255 bytes; may be empty. */
void zmtp_init(struct zmtp *z, enum zmtp_type type, struct str identity, size_t message_max);
void zmtp_fini(struct zmtp *z);
/* The greeting; first thing on a new connection, also to begin again. */
void zmtp_start(struct zmtp *z, struct buf *out);
/* Takes bytes off *in. A negative errno (-EPROTO with a sentence): close. */
MUST_CHECK int zmtp_feed(struct zmtp *z, struct str *in, struct buf *out, struct err *err);

/* The message after ZMTP_MESSAGE. */
size_t zmtp_parts(const struct zmtp *z);
/* *ret_dropped (may be NULL): bytes missing at its end, because they were too many. */
struct str zmtp_part(const struct zmtp *z, size_t i, uint64_t *ret_dropped);

/* Head of one frame of a message; its bytes follow. Returns the head's length. */
size_t zmtp_head(uint8_t ret[ZMTP_HEAD_MAX], size_t len, bool more);
/* A whole message. */
void zmtp_send(struct buf *out, const struct str *parts, size_t n);
/* For a program that takes the connection over in the middle of whatever comes:
 * the decoder's state as bytes, after ZMTP_READY and outside of zmtp_part's
 * time; and back, into one that was zmtp_init'ed alike. -EPROTO: these bytes
 * are no such state. */
void zmtp_save(const struct zmtp *z, struct buf *out);
MUST_CHECK int zmtp_load(struct zmtp *z, struct cur *c, struct err *err);
/* SUB, after ZMTP_READY. */
void zmtp_subscribe(const struct zmtp *z, struct buf *out, struct str prefix);
