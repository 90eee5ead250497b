/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row per method and path. A pattern is relative to the base URL, without
 * a leading slash; `:x` takes one segment, `*` takes any number of them (also
 * none) joined by '/', and may be followed by more: "api/contents/<star>/checkpoints".
 * Captures are decoded and come in order in call->arg. The first row that fits
 * wins; a path that only fits rows of other methods is 405. HEAD uses GET rows.
 */
#pragma once

#include "base/macros.h"

struct call;
typedef void call_fn(struct call *c);

enum route_flags {
	ROUTE_API = 0,         /* JSON errors, 403 without a token, foreign Origin 404 */
	ROUTE_PUBLIC = 1 << 0, /* no authentication */
	ROUTE_PAGE = 1 << 1,   /* HTML: 302 to the login form without a token */
	ROUTE_WS = 1 << 2,     /* WebSocket: 403 without a token or from a foreign Origin */
	ROUTE_FILES = 1 << 3,  /* GET needs XSRF or a same-origin Referer (with cookies) */
	ROUTE_NO_XSRF = 1 << 4,
	ROUTE_SLASH = 1 << 5, /* a trailing slash is part of the path, no redirect */
};

struct route {
	const char *method, *pattern;
	call_fn *fn;
	unsigned flags;
};

/* Tables end with a row of zeros. */
extern const struct route kernels_routes[];  /* kernels_api.c: kernels and kernel specs */
extern const struct route sessions_routes[]; /* sessions_api.c */
extern const struct route runs_routes[];     /* runs_api.c */
extern const struct route ide_routes[];      /* ide.c */
extern const struct route contents_routes[], files_routes[], terms_routes[];
extern const struct route resume_routes[];      /* resume_api.c: uploads that go on */
extern const struct route disk_routes[];        /* disk_api.c: sizes, names */
extern const struct route environment_routes[]; /* environment.c: packages */
extern const struct route restore_routes[];     /* untrash.c: back from the trash */
extern const struct route server_routes[], lab_routes[], settings_routes[], nbconvert_routes[];
