/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hub's API through libcurl. Answers are bounded, redirects are not
 * followed (a token must not travel), and a token is only ever sent to the
 * address that it was made at.
 */
#pragma once

#include "cli/cli.h"
#include "cli/sse.h"

struct api_request {
	const char *method;
	const char *path;    /* under /api/v1, encoded */
	struct str body;     /* JSON; none: STR_NONE */
	const char *type;    /* of a body that is not JSON */
	const char *confirm; /* header X-Confirm, percent-encoded as needed; or NULL */
	bool once;           /* carries an Idempotency-Key: may be tried again */
	bool quiet;          /* the caller explains a failure */
	bool slow;           /* may take minutes */
};

struct api_reply {
	long status; /* 0: no answer */
	struct str body;
	struct json *json; /* NULL if the answer is not JSON */
	char next[24];     /* X-Next-Cursor, "": there is no more */
};

/* Finds address and token: CARREL_URL, CARREL_TOKEN_FILE, then what login
 * kept. The exit code; err says what is missing. */
int api_find(struct cli *c, struct err *err);
/* The same, and says it. */
int api_open(struct cli *c);
/* One exchange; CLI_OK if the answer is 2xx. Else says why. */
int api_call(struct cli *c, const struct api_request *q, struct api_reply *ret);
/* Says why an answer that is not 2xx was refused; the exit code. */
int api_explain(struct cli *c, const struct api_reply *r);
/* GET of one path, made as by printf. */
int api_get(struct cli *c, struct api_reply *ret, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Every page of a list, as one {"items":[…]} (plus `also` of the last page). */
int api_list(struct cli *c, const char *path, const char *also, struct api_reply *ret);
/* Follows /events until fn returns false (CLI_OK), the stream ends or nothing
 * came for `quiet_ms` (CLI_FAILED, nothing said). */
int api_events(struct cli *c, unsigned quiet_ms, sse_fn *fn, void *arg);
/* The path with every other byte than unreserved ones percent-encoded. */
const char *api_escape(struct cli *c, const char *segment);
