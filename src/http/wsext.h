/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handshake of permessage-deflate (RFC 7692 section 7), pure: what clients
 * offer and servers answer in Sec-WebSocket-Extensions, read and written. For
 * the server's side of a WebSocket (http/ws.h), and for edge, which passes an
 * offer on and looks at the answer. Other extensions are skipped. An offer
 * with a parameter that the RFC doesn't know or doesn't allow is none; a field
 * that isn't of the grammar is as if it were not there.
 */
#pragma once

#include "base/buf.h"
#include "http/head.h"

#define WSEXT_BITS_MAX 15U
#define WSEXT_BITS_ANY 1U /* client_max_window_bits without a value */

struct wsext {
	bool deflate;                     /* false: nothing was said, the rest is zero */
	bool server_fresh;                /* server_no_context_takeover */
	bool client_fresh;                /* client_no_context_takeover */
	uint8_t server_bits, client_bits; /* …_max_window_bits: 8 to 15, 0: not said */
};

/* The first offer that can be taken. */
struct wsext wsext_offer(const struct http_head *h);
/* May `offer` be answered with what stands in this answer's fields? Then it is
 * *ret, which may be no extension at all. */
bool wsext_answer(const struct http_head *h, struct wsext offer, struct wsext *ret);
/* The field's value; nothing if no extension. */
void wsext_put(struct buf *b, struct wsext x);
