/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The local engine: sessions as containers of this host. It keeps nothing in
 * memory that it can't read again: a session is its runtime folder with its
 * shim behind ctl.sock, its past is its journal. So a start after a crash is
 * an ordinary start.
 *
 * local.c: start-up and timers. local-ops.c: the verbs. session.c: one
 * session's line to its shim. make.c: what a session stands on. freeze.c: the
 * disk's second watermark.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "core/capacity.h"
#include "engine/cghost.h"
#include "engine/engine.h"
#include "engine/slot.h"
#include "engine/volume.h"
#include "ev/pool.h"

#define KEY_MAX_   56 /* "<session>-<epoch>" */
#define FROZEN_MAX 2  /* file systems of a session: its volume, its scratch image */

enum session_state { SESSION_STARTING_, SESSION_RUNNING_, SESSION_STOPPING_ };

struct local {
	struct engine base; /* first */
	struct ev *ev;
	struct pool *pool;
	struct list volume_jobs; /* struct volume_job on the pool */
	const struct engine_cfg *cfg;
	struct map sessions; /* key → struct session */
	bool used[SLOT_SESSIONS];
	unsigned next_index;
	bool started; /* all the way: it knows of every session */

	uint32_t network;
	struct cghost cgroups, files_cgroups;
	char runtime[512], scratch[VOLUME_PATH_MAX], ca_file[256];
	char volumes[VOLUME_PATH_MAX], journals[512], note[64];
	struct buf dns, bpf;
	struct gpu gpu[GPU_CLASSES_MAX];
	unsigned ngpu;
	uint64_t nofile_hard;
	uint32_t mtu;
	/* Why no session can start, or none has a network; code 0: they can. */
	struct err cannot, no_network;

	struct ev_timer sweep, guard, space;
	bool pool_low; /* below the second watermark: volumes are frozen */

	struct list files; /* struct files */
	unsigned nfiles, next_files;
	uint64_t files_memory; /* of all of them together: not for sessions */
	struct buf files_bpf;
};

enum files_state { FILES_STARTING, FILES_SERVING, FILES_ENDING };

/* The process that serves the files of one volume while no session has it
 * (doc/internals/files.md). */
struct files {
	struct local *l;
	struct list node;
	char volume[41], image[81], key[KEY_MAX_];
	unsigned index;
	char dir[256], sockets[256];
	enum files_state state;
	struct ev_child keeper;
	int report_fd; /* its end without a word: it serves */
	struct ev_fd report;
	struct ev_timer idle;
	mono_ms asked;     /* the latest FILES_START */
	struct list calls; /* struct files_call: who waits until it serves */
	struct ev_later later;
};

struct session {
	struct local *l;
	char id[40], key[KEY_MAX_], volume[41];
	uint32_t epoch;
	unsigned index;
	char dir[256];
	enum session_state state;
	uint64_t since_boot_ns;

	struct ev_child shim; /* while it is our child */
	bool shim_runs;
	unsigned adoptions;
	mono_ms adopt_at; /* not before */
	int fd;
	struct ev_fd fd_ev;
	struct ev_timer check;
	struct ev_later later;
	uint32_t seq;
	struct list calls; /* struct forwarded, not yet answered, the oldest first */
	struct ev_timer patience;
	bool told_end;             /* the stop record went out */
	bool frozen;               /* perhaps: an engine before us may have done it */
	int frozen_fd[FROZEN_MAX]; /* what we froze and have to thaw; -1: not (freeze.c) */
	uint64_t stop_at_boot_ns;  /* as the shim last said */
	bool stop_wanted, deadline_wanted;
	char stop_reason[32];
	uint32_t stop_grace;
	struct wire_session_deadline deadline;
};

/* session.c */
/* Makes the object for a folder that exists, and looks after it from now on. */
struct session *session_new(struct local *l, const char *key, unsigned index);
struct session *session_find(struct local *l, struct str id, uint32_t epoch);
MUST_CHECK int session_spawn(struct session *s, bool adopt, struct err *err);
void session_stop(struct session *s, const struct wire_session_stop *m);
void session_set_deadline(struct session *s, const struct wire_session_deadline *m);
void session_ask_stats(struct session *s, struct engine_call *c);
/* Its agent becomes the newer program; answered when the agent has been told. */
void session_ask_upgrade(struct session *s, struct engine_call *c);
/* Its agent may send so much of its documents. */
void session_give_credit(struct session *s, struct engine_call *c,
                         const struct wire_session_index *ask);
/* Asks the shim to tell all it knows (again). */
void session_listen(struct session *s);
/* {"session",…} of SESSION_LIST */
struct jsonw;
void session_put(struct session *s, struct jsonw *w);
/* False while there is no container. */
bool session_read_state(struct session *s, struct shim_state *ret);
void session_key(struct str id, uint32_t epoch, char ret[KEY_MAX_]);

/* make.c */
/* Folders and files of a new session, whole or not at all. */
MUST_CHECK int make_session(struct local *l, const struct wire_session_start *m,
                            const char *key, unsigned index, struct err *err);

/* files.c */
#define FILES_CGROUP "files"
void files_start(struct local *l, struct engine_call *c, const struct wire_files_start *m);
/* Its process ends now, and with it the lock; true if there was one. */
bool files_end(struct local *l, struct str volume);
void files_end_all(struct local *l);
bool files_is_key(const struct local *l, const char *key);
/* What a killed engine left. */
void files_sweep(struct local *l);
void files_init(struct local *l);
/* Ends them, and waits for it. */
void files_fini(struct local *l);
/* files-make.c: folders, socket, process; whole or not at all. */
MUST_CHECK int files_make(struct files *f, struct err *err);
void files_unmake(struct files *f);

/* freeze.c */
void freeze_watch(struct local *l);
/* `frozen` stays set while that can't be done. */
void session_thaw(struct session *s);
/* thaw.c: what an engine before this one froze, and held() no session leads to. */
void thaw_left(struct local *l, bool (*held)(struct local *l, struct str image));

/* local.c */
MUST_CHECK int local_new(struct ev *ev, const struct engine_cfg *cfg, struct local **ret,
                         struct err *err);
/* Leaves sessions alone; takes away what is ours alone when there is none. */
void local_free(struct local *l);
void local_emit_run(struct local *l, const char *key);
