/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A proxied WebSocket after both handshakes: bytes go both ways unread, but
 * for the borders of the frames that the server sends, so that a close frame
 * of ours can be put between two of them. All pipes of a loop share one read
 * buffer; a pipe holds bytes of its own only while one side does not take
 * them, and then does not read the other.
 */
#pragma once

#include "base/buf.h"
#include "ev/ev.h"
#include "http/wsframe.h"

#define PIPE_READ 65536U

struct pipe_side {
	struct ev_fd fd;
	struct buf out; /* stuck on the way to this side */
	bool blocked, eof;
	bool deaf; /* takes nothing more; what it said last is still read */
};

struct pipe;
typedef void pipe_fn(struct pipe *p);

struct pipe {
	struct ev *ev;
	char *shared; /* PIPE_READ bytes, of the owner */
	struct pipe_side client, server;
	struct wsf_reader frames; /* from the server */
	bool lost_count, closed, saying;
	struct ev_timer timer;
	pipe_fn *on_close; /* once, from the loop or from pipe_say_close */
};

/* What stands at the start: `head` (ours) and from_server go to the client
 * first, from_client to the server. */
struct pipe_start {
	int client, server; /* taken, also on failure */
	struct str head, from_server, from_client;
	bool deflate; /* permessage-deflate was agreed on */
};

/* The memory, zeroed before, must live until the end of the turn in which
 * on_close was called. `shared`: PIPE_READ bytes. */
MUST_CHECK int pipe_open(struct pipe *p, struct ev *ev, char *shared,
                         const struct pipe_start *start, struct err *err);
/* Now; on_close is not called. */
void pipe_close(struct pipe *p);
/* A close frame to the client if the server is between two frames, then the
 * end. on_close is called within two seconds. */
void pipe_say_close(struct pipe *p, unsigned code, struct str reason);
