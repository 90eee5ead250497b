/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request targets (origin-form only) and query strings. A path is decoded
 * once, into segments; ".", "..", NUL, backslash and invalid UTF-8 are
 * refused; %2F inside a segment only with `slash_ok`. Query parameters may
 * lack '=' or be empty between '&&' (JupyterLab sends both).
 */
#pragma once

#include "base/arena.h"

#define URL_SEGMENTS_MAX 64
#define URL_PARAMS_MAX   64

struct url {
	struct str path;                  /* raw, before '?' */
	struct str query;                 /* raw, after '?' */
	struct str seg[URL_SEGMENTS_MAX]; /* decoded, in the arena */
	size_t n;
	bool trailing_slash;
	struct {
		struct str key, value; /* decoded ('+' is a space) */
	} param[URL_PARAMS_MAX];
	size_t nparam;
};

/* -EINVAL: answer 400. */
MUST_CHECK int url_parse(struct arena *a, struct str target, bool slash_ok, struct url *ret);
/* Value of the first such parameter; STR_NONE (ptr NULL) if absent. */
struct str url_param(const struct url *u, const char *key);
/* The decoded segments from `from` on, joined by '/'. */
struct str url_join(struct arena *a, const struct url *u, size_t from);
