/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One browser session at one kernel, with its WebSocket or waiting for it to
 * come back. What can't be sent now is kept: 64 KiB in the socket's queue,
 * 64 KiB in memory, then in an unlinked file, then the oldest output goes and
 * a notice takes its place. A session that comes back gets what it missed, in
 * order, once: after a line that broke that begins with the messages which
 * the kernel had not taken all of (those it had taken are beyond our sight).
 *
 * Freed when it is away for too long or its kernel ends, but never before the
 * WebSocket's on_close was called.
 */
#pragma once

#include "agent/kernel.h"
#include "agent/kspool.h"
#include "http/ws.h"

#define KCLIENT_SESSION_MAX 128
#define KCLIENT_SENT        64U

struct kclient {
	struct list node; /* in kernel.clients */
	struct kernel *k; /* NULL: the kernel is gone, only on_close is awaited */
	struct agent *a;
	struct ws *ws;      /* NULL: away */
	struct ws *leaving; /* was sent away: is still heard, and told nothing */
	bool v1, paused;
	bool clean;        /* was closed on purpose */
	bool made_up;      /* it named no session: it can't come back */
	bool browser;      /* a page, not a program: there is a limit to what it can show */
	uint64_t run_hash; /* of the request whose stream output is counted */
	size_t run_bytes;
	char session[KCLIENT_SESSION_MAX]; /* of the URL */
	char account[AGENT_ACCOUNT_MAX];   /* as edge says it; or "" */
	char said[KCLIENT_SESSION_MAX];    /* of its messages' headers */
	uint64_t sent[KCLIENT_SENT];       /* hashes of the msg_ids it sent last */
	unsigned nsent;
	uint64_t since; /* messages of the kernel that were before it (runs_seq) */
	mono_ms away_ms;
	struct kspool spool;
	struct kspool way;    /* given to the socket, and maybe not taken by the kernel */
	uint64_t way_end;     /* of the last of them, in ws_queued */
	struct ev_timer more; /* goes on sending what is kept */
	struct ev_later gone;
};

/* A message on its way to several clients, framed once per form. */
struct kclient_msg {
	const struct jmsg *m;
	struct arena *arena;
	struct jmsg_frame v1, legacy; /* n is 0 until made */
};

void kclient_send(struct kclient *c, struct kclient_msg *m);
/* The socket's queue is empty: more of what is kept. */
void kclient_drained(struct kclient *c);
/* The one that a reply is for; NULL if none of them sent the request. */
struct kclient *kclient_for(struct kernel *k, const struct jmsg_ids *up);
void kclient_note_sent(struct kclient *c, const struct jmsg_ids *head);
/* The session's client, attached to this socket from now on. */
struct kclient *kclient_attach(struct kernel *k, struct str session, bool v1, bool browser);
void kclient_opened(struct kclient *c, struct ws *w);
void kclient_closed(struct kclient *c, struct ws *w, unsigned code);
/* The kernel can take messages again, or can't. */
void kclients_pause(struct kernel *k, bool pause);
/* All are sent away; what comes for them is kept until they are back. */
void kclients_leave(struct kernel *k);
size_t kclients_leaving(const struct kernel *k);
/* Those that have not gone are cut; they get what was queued for them. */
void kclients_cut(struct kernel *k);
/* One that is away, without anything kept yet; NULL: no memory. */
struct kclient *kclient_new(struct kernel *k, struct str session);
/* Clients that are away are let go in time. */
void kclients_sweep(struct kernel *k);
/* The kernel ended: all are closed. JupyterLab comes back after another code
 * than 1000 and 1001, and asks what has become of the kernel. */
void kclients_end(struct kernel *k, unsigned code, struct str why);
