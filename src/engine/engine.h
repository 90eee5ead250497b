/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine makes sessions: volumes, containers, networks. Behind one struct
 * of verbs: `local` (an OCI runtime on this host), `fake` (for tests, on a
 * virtual clock), later others. The verbs are those of the wire protocol
 * (contracts section 3), and their arguments its structs; slices live only
 * during the call.
 *
 * A verb answers its call exactly once, now or in a later turn, by one of
 * engine_ok(), engine_fail(), engine_answer(). What happens by itself is told
 * by engine_emit(), once `events` was called; after that call everything that
 * is not yet acknowledged and the present phase of every session come (again).
 */
#pragma once

#include "base/err.h"
#include "ev/ev.h"
#include "proto/wire.h"

struct engine;
struct engine_call; /* a request that waits for its answer */

struct engine_ops {
	void (*host_facts)(struct engine *e, struct engine_call *c);
	void (*image_list)(struct engine *e, struct engine_call *c);
	void (*volume_create)(struct engine *e, struct engine_call *c,
	                      const struct wire_volume_create *m);
	void (*volume_grow)(struct engine *e, struct engine_call *c,
	                    const struct wire_volume_grow *m);
	void (*volume_stat)(struct engine *e, struct engine_call *c,
	                    const struct wire_volume_stat *m);
	void (*volume_delete)(struct engine *e, struct engine_call *c,
	                      const struct wire_volume_delete *m);
	void (*files_start)(struct engine *e, struct engine_call *c,
	                    const struct wire_files_start *m);
	void (*session_start)(struct engine *e, struct engine_call *c,
	                      const struct wire_session_start *m);
	void (*session_stop)(struct engine *e, struct engine_call *c,
	                     const struct wire_session_stop *m);
	void (*session_deadline)(struct engine *e, struct engine_call *c,
	                         const struct wire_session_deadline *m);
	void (*session_list)(struct engine *e, struct engine_call *c,
	                     const struct wire_session_list *m);
	void (*session_stats)(struct engine *e, struct engine_call *c,
	                      const struct wire_session_stats *m);
	void (*session_log)(struct engine *e, struct engine_call *c,
	                    const struct wire_session_log *m);
	void (*session_upgrade)(struct engine *e, struct engine_call *c,
	                        const struct wire_session_upgrade *m);
	void (*session_index)(struct engine *e, struct engine_call *c,
	                      const struct wire_session_index *m);
	void (*events)(struct engine *e, struct engine_call *c);
	void (*journal_ack)(struct engine *e, struct engine_call *c,
	                    const struct wire_journal_ack *m);
};

typedef void engine_event_fn(void *arg, const struct wire_msg *m);

/* Embedded, as first member, by each engine. */
struct engine {
	const struct engine_ops *ops;
	engine_event_fn *on_event; /* NULL: nobody listens */
	void *event_arg;
};

typedef void engine_answer_fn(void *arg, const struct wire_msg *m);

/* Dispatches a request; answer is called exactly once with the same seq. */
void engine_request(struct engine *e, const struct wire_msg *m, engine_answer_fn *answer,
                    void *arg);
void engine_ok(struct engine_call *c);
void engine_fail(struct engine_call *c, const struct err *err);
/* Sets the answer's seq. */
void engine_answer(struct engine_call *c, struct wire_msg *m);
void engine_emit(struct engine *e, const struct wire_msg *m);

/* The strings live as long as the process. */
struct engine_cfg {
	const char *state;   /* STATE */
	const char *run_dir; /* /run/carrel/<instance> */
	const char *instance;
	unsigned slot;            /* 0..63 */
	uid_t edge_gid, core_uid; /* who may reach sessions' sockets; who may connect */
	const char *image_dir;
	const char *session_dir;         /* becomes /opt/carrel */
	const char *shim;                /* the carrel-shim program */
	const char *runtime;             /* OCI runtime: absolute, or found on PATH */
	const char *network;             /* "10.86.0.0/16" */
	const char *dns, *network_allow; /* separated by spaces; may be empty */
	const char *gpus;                /* "t4:2"; empty: what nvidia-smi says */
	uint64_t pool_overcommit_pct, pool_low_bytes, pool_stop_bytes, scratch_bytes;
	uint64_t files_memory_bytes, files_idle_s;
	const char *http_proxy, *https_proxy, *no_proxy;
	const char *pip_index_url, *pip_extra_index_url, *npm_registry, *ca_bundle;
};

/* The local engine behind its socket, until SIGTERM. Sessions live on. */
MUST_CHECK int engine_run(const struct engine_cfg *cfg, int listen_fd, struct err *err);
