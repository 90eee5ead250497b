/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jupyter messages as slices: from a ZeroMQ message, from a browser's frame,
 * and into both again. The four JSON parts keep their exact bytes on every
 * way; only header and parent header are read, for the fields below, and
 * nothing is ever re-serialised.
 *
 * Slices point into what they were parsed from, or into the arena given.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "base/time.h"

#define JMSG_BUFFERS_MAX 1000U
#define JMSG_HEADER_MAX  65536U /* header and parent header, each */
#define JMSG_PROTOCOL    "5.3"
#define JMSG_WS_V1       "v1.kernel.websocket.jupyter.org"

enum jmsg_channel { JMSG_SHELL, JMSG_CONTROL, JMSG_STDIN, JMSG_IOPUB, JMSG_CHANNEL_MAX_ };

struct jmsg_ids { /* empty where absent */
	struct str type, id, session;
};

struct jmsg {
	enum jmsg_channel channel;
	struct str header, parent, metadata, content; /* JSON objects */
	const struct str *buffers;
	size_t nbuffers;
	struct jmsg_ids head, up; /* what header and parent header say */
	uint64_t dropped;         /* bytes missing at the ends of the parts: too many */
};

/* Slices to send one after the other; made in an arena. */
struct jmsg_frame {
	struct str *part;
	size_t n;
	bool text; /* a WebSocket text frame */
};

const char *jmsg_channel_name(enum jmsg_channel c);

/* Parts of a ZeroMQ message: identities, <IDS|MSG>, signature, … The signature
 * is checked (key empty: none is asked for). dropped[i] (dropped may be NULL):
 * bytes missing at the end of a part; then the signature can't be checked, the
 * content is no JSON, and there are no buffers. -EBADMSG with a sentence. */
struct jmsg_parts {
	const struct str *part;
	const uint64_t *dropped;
	size_t n;
};
MUST_CHECK int jmsg_from_zmq(struct arena *a, enum jmsg_channel c, const struct jmsg_parts *p,
                             struct str key, struct jmsg *ret, struct err *err);
/* A browser's frame in the v1 subprotocol (always binary). */
MUST_CHECK int jmsg_from_ws_v1(struct arena *a, struct str frame, struct jmsg *ret,
                               struct err *err);
/* The same without a subprotocol: JSON text, or binary when it has buffers. */
MUST_CHECK int jmsg_from_ws_legacy(struct arena *a, struct str frame, bool binary,
                                   struct jmsg *ret, struct err *err);

/* -ENOMEM: the arena is full. */
MUST_CHECK int jmsg_to_zmq(struct arena *a, const struct jmsg *m, struct str key,
                           struct jmsg_frame *ret);
MUST_CHECK int jmsg_to_ws_v1(struct arena *a, const struct jmsg *m, struct jmsg_frame *ret);
MUST_CHECK int jmsg_to_ws_legacy(struct arena *a, const struct jmsg *m, struct jmsg_frame *ret);

/* A message of our own. */
struct jmsg_new {
	enum jmsg_channel channel;
	const char *type;
	struct str session;
	wall_us now;
	struct str parent;  /* the header of what it answers, or empty */
	struct str content; /* JSON, or empty for {} */
};
MUST_CHECK int jmsg_make(struct arena *a, const struct jmsg_new *n, struct jmsg *ret);
/* A string member of the content; empty if there is none. Only for messages
 * of a few fields: content over 64 KiB is not looked at. */
struct str jmsg_content_str(struct arena *a, const struct jmsg *m, const char *key);

/* A `stream` message with at most max bytes of its text (as JSON escapes it)
 * and the notice, which is the inside of a JSON string. Mends one whose end is
 * missing. -ENOMEM. */
MUST_CHECK int jmsg_cut_stream(struct arena *a, const struct jmsg *m, size_t max,
                               struct str notice, struct jmsg *ret);

/* Between jmsg.c and jmsg-ws.c. */
MUST_CHECK int jmsg_channel_of(struct str name, enum jmsg_channel *ret);
/* Fills head and up of a message whose parts are in place. */
MUST_CHECK int jmsg_read_headers(struct arena *a, struct jmsg *m, struct err *err);
struct str *jmsg_frame_new(struct arena *a, size_t n, struct jmsg_frame *f);
