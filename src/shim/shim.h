/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session's shim: what its parts share.
 *
 *   LAUNCHING ──started──> RUNNING ──asked, deadline──> STOPPING
 *       │                     │                            │
 *       └──failed, asked──────┴──────PID 1 ended, grace────┤
 *                                                          v
 *                     exit <──all gone── CLEANING <──── ENDING
 *
 * ENDING kills what is left and waits until nothing of it lives; its end is
 * the stop record. CLEANING removes cgroups, interface and folders. No state
 * waits for another process of the platform.
 *
 * start.c launches or adopts, shim.c stops and ends, clean.c removes; link.c
 * talks to agent and engine; record.c writes journal and state file; logpipe.c
 * keeps the log.
 */
#pragma once

#include "base/buf.h"
#include "ev/ev.h"
#include "proto/shimconf.h"
#include "proto/wire.h"
#include "shim/deadline.h"
#include "shim/jfile.h"
#include "shim/launch.h"

#define EVIDENCE_MAX 1024
#define PACKET_MAX   4096 /* the largest message has 1 KiB of evidence */

enum shim_phase { SHIM_LAUNCHING, SHIM_RUNNING, SHIM_STOPPING, SHIM_ENDING, SHIM_CLEANING };

/* A listening socket and the one connection that counts: the newest. */
struct link {
	int listen_fd, fd;
	struct ev_fd listen_ev, ev;
};

struct logpipe {
	int fd, file; /* the FIFO, and where it goes */
	struct ev_fd ev;
	char last[200]; /* the last line, for messages */
	size_t last_len;
	uint64_t size;
};

struct shim {
	struct ev *ev;
	struct shim_conf conf;
	struct shim_state state;
	enum shim_phase phase;
	char boot_id[37];
	int lock_fd;

	struct launcher launcher;
	struct ev_child launcher_child;
	struct ev_fd report_ev;

	bool init_is_child, init_gone;
	struct ev_child init_child; /* ours */
	struct ev_fd init_ev;       /* adopted: only its pidfd */
	int init_pidfd;
	int exit_status; /* as from wait(), -1 unknown */
	/* When nothing of it lived any more, however late that is written down. */
	boot_ns ended_boot_ns;
	wall_us ended_wall_us;
	int volume_fd; /* O_PATH of the home folder, for statvfs */

	struct jfile journal;
	struct deadline deadline;
	int deadline_fd;
	struct ev_fd deadline_ev;

	struct link agent, engine;
	bool engine_listens; /* it sent EVENTS */
	struct logpipe log;

	char step[32]; /* phase of the start, as events call it */
	boot_ns step_at;
	bool ready, failed, busy;
	bool estimate;     /* nobody saw the end: use the last beat */
	char reason[32];   /* why it stops, "" while it need not */
	char message[244]; /* why the start failed */
	unsigned grace_seconds;
	char evidence[EVIDENCE_MAX + 1];
	boot_ns told_stop_at; /* what the agent knows */

	/* What its agent may tell of documents; see docs.c. */
	struct {
		bool known, waits;
		uint32_t credit; /* bytes */
	} docs;

	struct ev_timer beat, ready_timer, term, force, tick, activity;
	bool activity_pending;
	mono_ms ending_since;
	unsigned ticks;
};

/* shim.c */
void shim_stop(struct shim *s, const char *reason, unsigned grace_seconds);
MUST_CHECK int shim_open_deadline(struct shim *s, struct err *err);
void shim_set_deadline(struct shim *s); /* after a change of s->deadline */
void shim_step(struct shim *s, const char *step);
void shim_reason(struct shim *s, const char *reason); /* the first one holds */
void shim_end(struct shim *s);                        /* kill what is left, record, clean */

/* clean.c */
void shim_clean(struct shim *s);

/* link.c */
MUST_CHECK int shim_open_agent(struct shim *s, struct err *err);
MUST_CHECK int shim_open_engine(struct shim *s, struct err *err);
void shim_links_close(struct shim *s);
void link_send(struct shim *s, struct link *l, const struct wire_msg *m);
void link_phase(struct shim *s);
void link_ready(struct shim *s);
void link_failed(struct shim *s);
void link_activity(struct shim *s);
void link_status(struct shim *s);
void link_stopping(struct shim *s);

/* False: it can't be sent now, and is lost. */
bool link_try(struct link *l, const struct wire_msg *m);

/* docs.c */
void docs_credit(struct shim *s, const struct wire_session_index *m);
/* The agent is here (again). */
void docs_greet(struct shim *s);
void docs_engine_came(struct shim *s);
void docs_take(struct shim *s, const struct wire_agent_doc *d);
uint64_t docs_state(const struct shim *s); /* WIRE_DOCS_* */

/* record.c */
MUST_CHECK int record_state(struct shim *s, struct err *err);
MUST_CHECK int record_start(struct shim *s, struct err *err);
MUST_CHECK int record_stop(struct shim *s, struct err *err);
void record_beat(struct shim *s);
/* At most n-1 bytes of JSON: the whole evidence or the part that fits. */
void record_evidence(const char *evidence, char *ret, size_t n);

/* logpipe.c */
MUST_CHECK int logpipe_open(struct shim *s, struct err *err);
/* A descriptor for those who write to it, and for nobody else. */
MUST_CHECK int logpipe_writer(struct shim *s, struct err *err);
void logpipe_drain(struct shim *s);
void logpipe_close(struct shim *s);

/* start.c */
MUST_CHECK int shim_launch(struct shim *s, struct err *err);
MUST_CHECK int shim_adopt(struct shim *s, struct err *err);
