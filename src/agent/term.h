/* SPDX-License-Identifier: Apache-2.0 */
/* One terminal; the registry and the API are in terms.c. */
#pragma once

#include "agent/call.h"
#include "agent/terms.h"
#include "http/ws.h"

#define TERM_REPLAY_MAX  ((size_t)128 << 10)
#define TERM_INPUT_MAX   (1U << 20) /* above it no more is read from the browsers */
#define TERM_MESSAGE_MAX (2U << 20)
#define TERM_CLIENTS_MAX 64U

struct term {
	struct list node;
	struct terms *all;
	char name[TERM_NAME_MAX + 1];
	int pty;
	struct ev_fd fd;
	struct ev_child child;
	struct ev_timer timer; /* next step of the kill ladder, or a look at slow clients */
	struct ev_later gone;
	unsigned kill_step;
	pid_t job; /* process group last seen in the foreground of a terminal that ends, or 0 */
	bool closing, reaped, stalled;
	bool full; /* the program does not read what was typed: the browsers are paused */
	struct list clients;
	unsigned nclients;
	struct buf replay, input;
	char carry[4]; /* the start of a character whose rest has not come */
	unsigned ncarry;
	wall_us last_activity;
};

struct term_client {
	struct list node;
	struct term *t; /* NULL once the terminal has ended */
	struct agent *a;
	struct ws *ws;
	uint16_t rows, cols;
	char account[AGENT_ACCOUNT_MAX];
	struct ev_later gone;
};

struct terms {
	struct agent *a;
	struct list list;  /* open */
	struct list dying; /* closed to the user, their shell not reaped yet */
	unsigned n;
	struct ev_timer cull;
	wall_us last_activity;
	void (*done)(struct agent *a);
};

MUST_CHECK int term_open(struct terms *all, const char *name, const char *cwd,
                         struct term **ret, struct err *err);
/* term_shell.c: both sides of a new pty; the shell on the user's side. */
MUST_CHECK int term_open_pty(int *ret_pty, int *ret_tty, struct err *err);
MUST_CHECK int term_spawn(const struct agent *a, int tty, const char *cwd, pid_t *ret_pid,
                          struct err *err);
/* Without pty and shell, in no list. */
struct term *term_blank(struct terms *all);
/* Watches t->pty and the shell on it. */
MUST_CHECK int term_watch(struct term *t, pid_t shell, struct err *err);
void term_attach(struct term *t, struct call *c);
/* Takes it off the list, tells its browsers, ends its shell. */
void term_close(struct term *t);
/* Its memory, when neither shell nor list hold it any more. */
void terms_forget(struct term *t);
