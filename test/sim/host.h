/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host below core: an engine behind the real wire protocol (the ops of
 * src/engine/engine.h), and for each run of a session its shim, with the
 * shim's own rules (src/shim/deadline.c), its journal, and somebody at work in
 * it. Shims live on when engine and core die. What really happened is kept
 * beside what was reported: truth.c judges by that.
 */
#pragma once

#include "base/list.h"
#include "base/rand.h"
#include "engine/engine.h"
#include "proto/journal.h"
#include "shim/deadline.h"
#include "world.h"

#define DOINGS_MAX 6

/* The cases of product.md's idle truth table. */
struct doing {
	const char *name;
	bool counts;        /* is it activity? */
	sim_ns least, most; /* 0: a moment */
	unsigned weight;
	bool there; /* only while the user is there */
};
extern const struct doing doings[];
extern const size_t ndoings;

enum run_state { RUN_LAUNCHING, RUN_RUNNING, RUN_STOPPING, RUN_ENDED };
struct run {
	struct list node;
	char session[ID_MAX], volume[ID_MAX];
	uint64_t serial;
	uint32_t epoch, cpu_milli;
	uint64_t memory_bytes;
	enum run_state state;
	unsigned phase;
	bool ready, failed, omitted; /* omitted: from the last list */
	char reason[32];
	unsigned boots; /* of which boot it is */
	sim_ns booted;
	char boot_id[37];

	/* The shim: what it knows. */
	bool shim;
	sim_ns shim_since, shim_until; /* until: when it was killed last */
	struct deadline d;
	uint32_t max_seconds;
	sim_ns last_beat, told_at;
	struct journal_rec rec[2];
	unsigned nrec;
	bool acked;

	/* The truth. */
	sim_ns began, ended; /* of what is billed; 0: not (yet) */
	sim_ns last_active;  /* the end of the last thing that counts */
	sim_ns busy_since;   /* something has counted all the time since */
	const struct doing *at[DOINGS_MAX];
	sim_ns until[DOINGS_MAX];
	bool there;                   /* the user is */
	sim_ns idle_least, idle_most; /* what auto-stop may be held against it */
	boot_ns promised;             /* no idle stop before */
	sim_ns changed;               /* when auto-stop was changed last */
	sim_ns settles;               /* idle_least and _most become one */
	uint32_t idle_wanted;
	struct happen step, fire, tell, next, ends, watch;
};

struct host {
	struct engine base;
	bool up, events;
	sim_ns up_since;
	uint32_t cpu_milli;
	uint64_t memory_bytes;
	struct list runs, volumes;
	bool limits; /* what is given away must fit */
	unsigned fail_in_1000;
	/* Hours of work and how restless people are. */
	sim_ns gap, away, report;
	uint64_t starts, stops, session_ms;
	unsigned late_leases; /* over while no shim lived: nobody could end it */
	unsigned stopped_idle, stopped_max, stopped_other, estimated;
	/* Does core's store mean it to run? Did its owner ask to stop it? */
	bool (*is_meant)(const char *session, uint32_t epoch);
	bool (*was_asked)(const char *session);
};
extern struct host host;

void host_init(void);
struct run *host_find(struct str session, uint32_t epoch);
struct run *host_alive(const char *session);
/* The engine dies: answers under way are lost, shims live on. And is back. */
void host_engine_down(void);
void host_engine_up(void);
/* One shim is killed; the engine makes another one. */
void host_kill_shim(struct run *r);
/* Its first process ends by itself. */
void host_exit(struct run *r, const char *reason);
/* All is gone; to be followed by world_reboot() and host_engine_up(). */
void host_power_off(void);

/* --- between the files of the host --- */

extern const struct engine_ops host_ops;
void run_launch(struct run *r);
void run_stop(struct run *r, const char *reason);
void run_settings_changed(struct run *r);
void run_say_all(const struct run *r);
bool run_is_busy(const struct run *r);
bool run_says_busy(const struct run *r); /* the agent; what is so, but for planted bugs */
/* The shim hears of it now (if it lives). */
void run_report(struct run *r);
void emit(const struct wire_msg *m);
void emit_activity(struct run *r);
/* activity.c */
void work_begin(struct run *r);
void work_end(struct run *r);

/* truth.c: called as things happen */
void truth_began(struct run *r);
void truth_decided(struct run *r, const char *reason); /* the shim stops it */
void truth_ended(struct run *r);
/* Somebody asks for another auto-stop: from now on either may hold. Core has
 * answered: it is this (0: as before). No idle stop before this moment. */
void truth_idle_asked(const char *session, uint32_t idle_s);
void truth_idle_set(const char *session, uint32_t idle_s);
void truth_promised(const char *session, boot_ns until);
void truth_watch(struct run *r);
/* Core and engine speak with each other since; NEVER: they don't. */
extern sim_ns truth_healthy_since;
