/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One ZeroMQ connection to a kernel's socket. It is made again and again until
 * the kernel has bound the socket, and again when it breaks, until it is
 * stopped. Reading never stops: a PUB socket drops what is not read.
 *
 * The owner embeds it; its memory must live until the end of the turn in which
 * kconn_fini was called.
 */
#pragma once

#include "ev/ev.h"
#include "net/stream.h"
#include "proto/zmtp.h"

#define KCONN_ADDR_MAX    128
#define KCONN_IN_MAX      ((size_t)64 << 10)
#define KCONN_OUT_MAX     ((size_t)72 << 20)  /* one large widget message fits */
#define KCONN_MESSAGE_MAX ((size_t)128 << 20) /* what is larger comes cut and marked */

struct kconn;
/* part and dropped are valid during the call. The connection may be stopped
 * from within. */
typedef void kconn_message_fn(struct kconn *c, const struct str *part, const uint64_t *dropped,
                              size_t n);
typedef void kconn_fn(struct kconn *c);

struct kconn {
	struct ev *ev;
	char addr[KCONN_ADDR_MAX]; /* as for addr_parse */
	int channel;               /* the owner's: which of its connections */
	kconn_message_fn *on_message;
	kconn_fn *on_ready; /* each time the handshake is done */
	kconn_fn *on_drain; /* all that was queued is sent; may be NULL */
	bool ready;         /* messages may be sent */
	mono_ms heard_ms;   /* when bytes came last: of a large message long before its end */
	struct stream s_;
	struct zmtp z_;
	struct ev_timer retry_;
	unsigned tries_;
	bool on_, open_;
};

/* Set addr, channel and the callbacks too. identity is borrowed. */
void kconn_init(struct kconn *c, struct ev *ev, enum zmtp_type type, struct str identity);
void kconn_start(struct kconn *c);
void kconn_stop(struct kconn *c);
/* Delivers what has arrived: the kernel has ended, and its last words may lie
 * in the socket. */
void kconn_hear_out(struct kconn *c);
void kconn_fini(struct kconn *c);
/* -ENOTCONN while not ready, -ENOBUFS when too much is queued. */
MUST_CHECK int kconn_send(struct kconn *c, const struct str *part, size_t n);
size_t kconn_pending(const struct kconn *c);

/* Over an exec (agent/handover.h): the connection goes on at the byte where it
 * was, and what was not sent yet is sent. One that was not ready begins anew.
 * Loading takes the place of kconn_start; it starts nothing if it only checks. */
struct hand_out;
struct hand_in;
void kconn_save(const struct kconn *c, struct hand_out *out);
MUST_CHECK int kconn_load(struct kconn *c, struct hand_in *in, struct err *err);
