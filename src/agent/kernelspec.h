/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel specs: folders with a kernel.json, in the places where Jupyter looks
 * for them. They are read when asked for and never kept: they are few, and a
 * `pip install` or `ipykernel install` must show at once. If there is none but
 * a Python with ipykernel, `python3` is made up: an empty list breaks
 * JupyterLab.
 *
 * Everything made here lives in the caller's arena.
 */
#pragma once

#include "agent/agent.h"

#define KSPEC_MAX      200U /* specs listed */
#define KSPEC_ARGS_MAX 64U
#define KSPEC_DEFAULT  "python3"

struct kspec {
	struct str name; /* lower case, as the folder's */
	const char *dir; /* resources */
	const char *argv[KSPEC_ARGS_MAX + 1];
	struct str argv_json, env_json, metadata_json; /* as in the file */
	struct str display_name, language, protocol;
	const struct json *env;
	bool interrupt_by_message;
	/* By tcp, because its ZeroMQ may have no ipc: metadata.carrel.transport
	 * says so ("tcp" or "ipc"), else all but Python's and R's. */
	bool tcp;
	bool has_cull; /* metadata.cull_idle_timeout, in seconds */
	unsigned cull_seconds;
};

/* What stands for {…} in argv and for variables in env. */
struct kspec_vars {
	const char *connection_file;
	const char *session_name; /* JPY_SESSION_NAME, or NULL */
};

/* Specs by name, the first place wins; *ret_n of them. */
MUST_CHECK int kspec_list(struct agent *a, struct arena *m, struct kspec ***ret, size_t *ret_n,
                          struct err *err);
/* name empty: the default. -ENOENT with a sentence. */
MUST_CHECK int kspec_find(struct agent *a, struct arena *m, struct str name, struct kspec **ret,
                          struct err *err);
/* The name in POST bodies, resolved: `python3` when empty, else the first. */
struct str kspec_default(struct agent *a, struct arena *m);
/* argv with everything filled in, NULL-terminated. */
MUST_CHECK int kspec_argv(struct agent *a, struct arena *m, const struct kspec *s,
                          const struct kspec_vars *v, const char *const **ret, struct err *err);
/* The agent's environment for user programs, then the spec's, then ours. */
MUST_CHECK int kspec_env(struct agent *a, struct arena *m, const struct kspec *s,
                         const struct kspec_vars *v, const char *const **ret, struct err *err);
/* {"name","spec","resources"}; base is the base URL as the client sees it. */
void kspec_put(const struct kspec *s, struct str base, struct jsonw *w);
