/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent: one Jupyter server for one user, on one loop. `struct agent` is
 * what every part of it shares; each part owns the registry named after it and
 * nobody else looks inside. Requests reach a part through its route table
 * (agent/route.h) and are answered through agent/call.h.
 *
 * Lifetime: made once by agent_start, gone with the process; nothing here is
 * ever freed under a request.
 */
#pragma once

#include <sys/types.h>

#include "agent/events.h"
#include "base/json.h"
#include "base/time.h"
#include "ev/ev.h"
#include "http/server.h"
#include "http/wsdeflate.h"

/* From the command line (serve) or /run/carrel/config.json (session). All
 * strings are NUL-terminated and live as long as the process. */
struct agent_cfg {
	bool session; /* PID 1 in a container: uid 0 of its namespace, user code gets `uid` */
	bool files;   /* a stopped workspace's: no user code, and only files are served */
	const char *image_root; /* where the image's packages lie; NULL: at / */
	const char *root;       /* contents root, absolute, canonical */
	const char *base_url;   /* as given, starts and ends with '/' */
	const char *token;      /* serve only; "" = no authentication */
	const char *ip;
	unsigned port;

	uid_t uid; /* whom kernels and shells run as (session) */
	gid_t gid;
	const char *user, *home;
	const char *path; /* PATH of kernels and shells */
	char *const *env; /* base environment of kernels and shells, NULL-terminated */

	const char *python; /* what kernel specs call `python3`: absolute, or found in path */
	const char *lab;    /* JupyterLab's files, contracts section 5; NULL: none */
	const char *ide;    /* the notebook IDE's files; NULL: the folder `ide` beside lab */
	const char
	    *data_dir; /* the user's Jupyter data directory (kernels/, labextensions/, …) */
	const char
	    *config_dir; /* the user's Jupyter configuration (serverconfig/, labconfig/) */
	const char *runtime_dir; /* connection files and sockets of kernels: 0700, short path */
	const char *app_settings_dir, *user_settings_dir, *schemas_dir, *workspaces_dir;
	const char *labextensions_dir; /* NULL: data_dir's and the python prefix's */
	bool delete_to_trash;
	unsigned terminal_cull_seconds; /* 0: never */
	/* Kernels that did nothing for so long are ended (0: none is), looked for
	 * every interval; also ones that are watched or busy. */
	unsigned cull_idle_seconds, cull_interval_seconds;
	bool cull_connected, cull_busy;
	unsigned convert_seconds, convert_mb; /* limits of one nbconvert; 0: the default */
	unsigned state_fd; /* of the program before this one (agent/reexec.h); 0: none */
	const char *session_id, *workspace;
};

/* What a user did, for the evidence of activity (contracts section 4). Never
 * called for polling. */
enum activity { ACT_START, ACT_OPEN, ACT_SAVE, ACT_RUN, ACT_TYPE, ACT_UPLOAD, ACT_MAX_ };

#define AGENT_ACCOUNT_MAX 64
#define AGENT_USERS_MAX   16

struct agent {
	struct ev *ev;
	const struct agent_cfg *cfg;
	struct http_server *server;
	int root_fd; /* O_PATH folder of cfg->root: everything beneath by openat2 */
	wall_us started_at, last_api_at;
	bool stopping; /* SHIM_STOPPING or SIGTERM was seen: start nothing new */

	struct {
		boot_ns at[ACT_MAX_];
		enum activity what; /* the latest */
		wall_us wall;
		unsigned transfers; /* uploads and downloads in progress */
		/* Who did what last, the latest first; edge names them. */
		struct agent_user {
			char account[AGENT_ACCOUNT_MAX];
			enum activity what;
			wall_us at;
		} user[AGENT_USERS_MAX];
	} activity;

	struct wsd_pool deflate; /* of all WebSockets */
	struct events events;    /* events.c */
	struct kernels *kernels; /* kernels.h: kernels, sessions, kernel specs */
	struct terms *terms;     /* terms.h */
	struct shim_link *shim;  /* shimlink.h; NULL in serve mode */
	struct auth *auth;       /* auth.h */
	struct lab *lab;         /* lab.h */
	struct uploads *uploads; /* upload.c */
	struct cpu_watch *cpu;   /* evidence.c */
	struct reexec *reexec;   /* reexec.h */
	struct docs *docs;       /* docs.h; NULL in serve mode */
};

/* Records activity now. Kinds that matter are sent to the shim soon. */
void agent_touch(struct agent *a, enum activity what);
/* The same of a certain account; "" if nobody has said which. */
void agent_touch_by(struct agent *a, const char *account, enum activity what);
/* Something that counts as evidence changed (a kernel went busy or idle, a
 * job began): send it to the shim soon. */
void agent_evidence_changed(struct agent *a);

/* What the shim knows about memory, for the message after a SIGKILL. */
struct oom_facts {
	uint64_t oom_kills; /* since the session began */
	uint64_t limit_bytes, peak_bytes;
};
/* facts is NULL when nobody can say (no shim, or no answer within a second).
 * Called once, from a later turn. */
typedef void oom_fn(struct agent *a, const struct oom_facts *facts, void *arg);
void agent_oom_query(struct agent *a, oom_fn *fn, void *arg);

/* Ends the process in order: sessions are told, kernels and shells end, then
 * the loop stops. Idempotent. */
void agent_stop(struct agent *a, const char *reason, unsigned grace_seconds);
