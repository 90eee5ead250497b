/* SPDX-License-Identifier: Apache-2.0 */
/*
 * permessage-deflate (RFC 7692) on zlib: messages packed and unpacked.
 *
 * Packing with the messages before as context is three times as good and twice
 * as fast as without, but costs 38 KiB for as long as the context lives. So a
 * server has a pool of a few packers, and a socket has one only while it sends:
 * it is taken by another when all are in use, and given back when the socket
 * has rested. That is nobody's business but ours, since a client only needs to
 * have seen what a packer refers to, and a fresh one refers to nothing.
 *
 * What comes in is unpacked without context (we ask for that in the handshake),
 * so it costs memory only while a packed message is on its way.
 *
 * doc/decisions/0006-deflate.md says when something is packed, and why.
 */
#pragma once

#include "base/buf.h"
#include "base/time.h"
#include "http/wsext.h"

#define WSD_MIN     256U       /* shorter messages are not worth it */
#define WSD_MAX     (8U << 20) /* longer ones would hold up the loop: 60 ms */
#define WSD_RATE    (4U << 20) /* bytes a second, then only what a slow line waits for */
#define WSD_PACKERS 8U
#define WSD_REST_MS 20000U

struct wsd_packer;
struct z_stream_s;

/* Of a server; zeroed before, lives longer than its sockets. */
struct wsd_pool {
	bool near; /* also for clients on this machine, which gain nothing by it */
	struct wsd_packer *packer_[WSD_PACKERS];
	struct buf scratch_;
	uint64_t spent_; /* of WSD_RATE in the second that began at since_ */
	mono_ms since_;
};
void wsd_pool_fini(struct wsd_pool *p);

/* Of a socket; zeroed: nothing was agreed on. */
struct wsd {
	struct wsd_pool *pool; /* NULL: messages go as they are */
	struct wsext how;
	struct wsd_packer *packer_;
	struct z_stream_s *in_; /* of the message that is being unpacked */
};

/* The answer to an offer. */
struct wsext wsd_agree(struct wsext offer);
void wsd_init(struct wsd *d, struct wsd_pool *pool, struct wsext agreed);
void wsd_fini(struct wsd *d);
/* Now and then: gives memory back if nothing was sent for WSD_REST_MS. */
void wsd_rest(struct wsd *d, mono_ms now);

/* Packs a message if that is worth it: *ret is in the pool's scratch memory,
 * until wsd_scratch_done. `behind`: the client takes less than it is sent. */
bool wsd_pack(struct wsd *d, const struct str *parts, size_t n, mono_ms now, bool behind,
              struct str *ret);

enum wsd_got {
	WSD_OK,
	WSD_BAD,   /* not what a packer makes: close with 1007 */
	WSD_LARGE, /* more than *out may hold: 1009 */
	WSD_MEMORY,
};
/* A piece of a packed message; what it says is appended to *out. */
enum wsd_got wsd_unpack(struct wsd *d, struct str piece, struct buf *out);
/* The message has ended. */
enum wsd_got wsd_unpack_end(struct wsd *d, struct buf *out);
/* n bytes to put a piece into for wsd_unpack; NULL: no memory. */
char *wsd_scratch(struct wsd *d, size_t n);
void wsd_scratch_done(struct wsd *d);
