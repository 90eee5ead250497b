/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel: one interpreter of the user, its four ZeroMQ connections, and the
 * browsers that watch it. kernel.c holds the registry and the states,
 * kernel_proc.c the process, kernel_msgs.c what the kernel says, kernel_tell.c
 * what the browsers are told, kernel_end.c stopping, restarting and dying;
 * kclient.h the browsers' side.
 *
 * A kernel is freed at the end of the turn in which it became DEAD; nothing
 * but its id may be kept elsewhere.
 */
#pragma once

#include "agent/agent.h"
#include "agent/kconn.h"
#include "agent/kernels.h"
#include "proto/jmsg.h"

#define KERNEL_ID_MAX    80
#define KERNEL_TAIL      2048U /* what it wrote on stderr last */
#define KERNEL_SUBS_MAX  16U
#define KERNEL_ASKED_MAX ((size_t)64 << 10)
#define KERNELS_MAX      200U
#define SESSIONS_MAX     2000U

/*
 *   STARTING <--------> RESTARTING
 *      |  \             ^   |
 *      |   +--> READY --+   |
 *      v          |         v
 *   STOPPING <----+---------+----> FAILED (from STARTING too; a restart leads
 *      |                             |     back to RESTARTING)
 *      v                             v
 *     DEAD  (any state may also die)
 */
enum kernel_state {
	KERNEL_STARTING,   /* the process runs, and has not answered yet */
	KERNEL_READY,      /* answers, and is heard on iopub */
	KERNEL_RESTARTING, /* the old process is being ended, or the new one waits */
	KERNEL_STOPPING,   /* is being ended for good */
	KERNEL_FAILED,     /* did not start, or dies always: kept so that it can say why */
	KERNEL_DEAD,       /* final */
	KERNEL_STATE_MAX_,
};

/* execution_state of the API: what the user's code does. */
enum kernel_exec { EXEC_STARTING, EXEC_IDLE, EXEC_BUSY, EXEC_RESTARTING, EXEC_DEAD };

struct kernel;

/* Somebody waits for a restart to be done, or for the end. Lives in a
 * request's arena; unlinked by kernel_unwait. ok: what was waited for came. */
struct kernel_wait {
	struct list node;
	void (*fn)(struct kernel_wait *w, struct kernel *k, bool ok);
	void *arg;
	bool for_end;
};

struct kernel {
	struct agent *a;
	struct list node; /* in kernels.all */
	char id[KERNEL_ID_MAX];
	char *name; /* of its spec */
	char *cwd;  /* absolute */
	char *path; /* JPY_SESSION_NAME, or NULL */
	enum kernel_state state;
	mono_ms since_ms; /* when this state was entered */

	/* Process */
	struct ev_child child;
	pid_t pid; /* 0: none; also its process group */
	bool interrupt_by_message, tcp;
	struct ev_fd output;
	char tail[KERNEL_TAIL];
	size_t tail_len;
	int sent_signal;   /* the hardest we sent to this process */
	unsigned restarts; /* in a row, without having been stable */
	bool ever_ready;
	mono_ms ready_ms;
	const char *reason; /* why it died last, for the model; or NULL */
	char *failure;      /* FAILED: the whole sentence; or NULL */
	unsigned port_tries;
	unsigned cull_seconds; /* idle for longer, it is ended; 0: never */
	char reason_kept[128]; /* of it, when another program said so */

	/* Connections */
	char file[KCONN_ADDR_MAX], ip[KCONN_ADDR_MAX];
	unsigned ports[5];
	char key[65], session[37];
	struct kconn conn[JMSG_CHANNEL_MAX_];
	struct ev_timer timer; /* of the state: nudge, ending, back-off */
	unsigned step;
	mono_ms start_ms;
	bool got_info, got_iopub;
	struct buf info; /* content of the last kernel_info_reply */

	/* What it does */
	enum kernel_exec exec;
	wall_us last_activity;
	struct {
		struct buf parent; /* header of the execute_request; empty: none */
		char id[128];
		wall_us since;
		bool waiting;       /* on input() */
		bool paused;        /* at a breakpoint */
		bool replied;       /* the reply was here, idle was not */
		struct buf session; /* whom to tell when it dies */
		struct buf
		    asked; /* while it waits: {"header", "content"} of the input_request */
	} run;
	uint64_t sub[KERNEL_SUBS_MAX]; /* requests that run in subshells (JEP 91): hashes */
	unsigned nsub;
	struct ev_timer idle_timer;
	mono_ms iopub_ms; /* when it last said something */

	struct list clients; /* struct kclient */
	struct runs *runs;   /* runs.h; NULL until a cell was run */
	struct ev_timer sweep;
	struct list waits;
	struct ev_later gone;
};

struct kernels {
	struct agent *a;
	struct list all, sessions;
	size_t n, nsessions;
	wall_us last_activity;
	uint64_t oom_kills, oom_heard; /* known before; as the shim said last */
	struct ev_timer oom_timer;     /* then the one becomes the other */
	unsigned end_ms;               /* per step of an ending, while all are stopped */
	struct ev_timer cull;
	void (*stopped)(struct agent *a);
};

const char *kernel_state_name(enum kernel_state s);
const char *kernel_exec_name(const struct kernel *k);
/* The only writer of k->state; -EPERM if the table forbids it. */
MUST_CHECK int kernel_move(struct kernel *k, enum kernel_state to, struct err *err);
bool kernel_may(enum kernel_state from, enum kernel_state to);

struct kernel *kernel_by_id(struct agent *a, struct str id);
struct kernel_new {
	struct str id;   /* empty: a new one */
	struct str name; /* of the spec; empty: the default */
	struct str path; /* of the notebook or folder, relative to the root */
	bool is_file;    /* path names a file: its folder is the cwd */
};
/* -ENOENT: no such spec. -EEXIST: that id runs. -EAGAIN: too many. */
MUST_CHECK int kernel_new(struct agent *a, const struct kernel_new *n, struct kernel **ret,
                          struct err *err);
/* Without a process, in no list; for kernels that come from elsewhere. a may be
 * NULL if it is only looked at and freed. */
struct kernel *kernel_blank(struct agent *a);
void kernel_free(struct kernel *k);
void kernel_put_model(const struct kernel *k, struct jsonw *w);
size_t kernel_connections(const struct kernel *k);
/* Does the user's code run in it, and wait neither for a person's input nor
 * for one at a breakpoint? */
bool kernel_is_working(const struct kernel *k);
void kernel_emit(struct kernel *k, const char *action, const char *status, const char *msg);

/* kernel_proc.c */
MUST_CHECK int kernel_launch(struct kernel *k, struct err *err);
/* A process that runs already, and its output (taken; -1: closed). */
MUST_CHECK int kernel_adopt(struct kernel *k, pid_t pid, int output, struct err *err);
void kernel_signal(struct kernel *k, int signo); /* to its process group */
MUST_CHECK int kernel_interrupt(struct kernel *k, struct err *err);
void kernel_close_process(struct kernel *k);
void kernel_unlink_files(struct kernel *k);
MUST_CHECK int kernel_prepare_files(struct kernel *k, struct err *err);
/* It ended because somebody had taken one of its ports: others, if it may try
 * again. */
bool kernel_change_ports(struct kernel *k);
void kernel_look_for_colons(struct kernel *k);

/* kernel_cull.c: looks from time to time for kernels that nobody uses */
void kernels_cull_start(struct kernels *ks);

/* kernel_end.c */
void kernel_stop(struct kernel *k, struct kernel_wait *w); /* w may be NULL */
void kernel_restart(struct kernel *k, struct kernel_wait *w);
void kernel_unwait(struct kernel_wait *w);
void kernel_await_gone(struct kernel *k); /* FAILED: it is not kept for ever */
void kernel_on_ready(struct kernel *k);   /* from the messages: it answers */
void kernel_on_exit(struct kernel *k, int code, int status);

/* kernel_msgs.c */
void kernel_listen(struct kernel *k); /* connects, nudges */
/* Connections and their callbacks, without connecting. */
void kernel_prepare_conns(struct kernel *k);
/* The reply was here, idle is awaited. */
void kernel_await_idle(struct kernel *k);
void kernel_hear_out(struct kernel *k); /* its process has ended: reads what is there */
void kernel_deafen(struct kernel *k);   /* disconnects */
MUST_CHECK int kernel_send(struct kernel *k, const struct jmsg *m);
/* A message of our own: session and time are filled in. */
MUST_CHECK int kernel_make(struct kernel *k, struct arena *a, struct jmsg_new n,
                           struct jmsg *ret);
/* Makes and sends one; content is JSON or "". */
MUST_CHECK int kernel_ask(struct kernel *k, enum jmsg_channel c, const char *type,
                          struct str content);
void kernel_forget_run(struct kernel *k);

/* kernel_tell.c */
/* A message of the kernel's to all browsers, and to the run that it belongs to. */
void kernel_tell_all(struct kernel *k, struct arena *a, const struct jmsg *m);
/* What a message said that was too large to be kept. */
void kernel_tell_dropped(struct kernel *k, const struct jmsg *m);
/* A status of our own, as if the kernel had said it of `parent` (a header, or ""). */
void kernel_tell_state(struct kernel *k, struct str parent, const char *state);
/* The same of the kernel itself; exec changes too. */
void kernel_tell_status(struct kernel *k, enum kernel_exec exec);
/* Ends the running request in the browsers: error output, error reply, idle. */
void kernel_tell_death(struct kernel *k, const char *ename, const char *evalue);

/* sessions_api.c */
void sessions_fini(struct agent *a);
/* The kernel of the session with that path; NULL. */
struct kernel *sessions_kernel(struct agent *a, struct str path);
/* Paths of the notebooks that use a kernel, copied into m; their number. */
size_t sessions_notebooks(struct agent *a, const struct kernel *k, struct arena *m,
                          struct str *ret, size_t max);
/* Each document with a kernel: path (as long as nothing changes), changed: 1
 * while it works. */
struct doc_item;
size_t sessions_documents(struct agent *a, struct doc_item *ret, size_t max);
/* A file or folder has a new name. */
void sessions_moved(struct agent *a, struct str from, struct str to);
