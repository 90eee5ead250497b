/* SPDX-License-Identifier: Apache-2.0 */
/* What `carrel login` keeps: address and token of one hub, in
 * $XDG_CONFIG_HOME/carrel/credentials (or ~/.config/…), mode 0600. */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct cred {
	const char *url; /* both in the arena */
	const char *token;
};

/* -ENOENT: nobody signed in. -EPERM: others may read the file. */
MUST_CHECK int cred_load(struct arena *a, struct cred *ret, struct err *err);
MUST_CHECK int cred_save(struct arena *a, const struct cred *cred, struct err *err);
/* 0 also if there is none. */
MUST_CHECK int cred_remove(struct arena *a, struct err *err);
/* A hub's address in its one form: http or https, host, port, no slash at the
 * end. "localhost:8888" gets http://, another bare host https://. */
MUST_CHECK int cred_url(struct arena *a, struct str text, const char **ret, struct err *err);
/* True if what is sent to it stays on this machine. */
bool cred_url_is_local(const char *url);
