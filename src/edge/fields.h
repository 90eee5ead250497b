/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What crosses the proxy: heads are never copied, they are written anew from
 * the parsed form. Fields of the connection, fields named in Connection and
 * whatever could pose as ours are left out first; ours are added by the
 * caller.
 */
#pragma once

#include "base/buf.h"
#include "http/head.h"

enum fields_to {
	TO_CORE,    /* the console's host: core authenticates, so it sees what was sent */
	TO_SESSION, /* the user's own code: no platform cookie, no Authorization */
	TO_PROGRAM, /* the same, on the console's host: no cookie at all, either way */
	TO_FILES,   /* a workspace's files for the console: nothing but the body's type */
};

/* The request's fields as lines, Host first. -EINVAL: Connection names more
 * fields than anybody needs. */
MUST_CHECK int fields_request(const struct http_head *h, enum fields_to to, struct buf *out);

struct fields_named {
	struct str name[8];
	size_t n;
};
/* The fields that Connection names. */
MUST_CHECK int fields_named(const struct http_head *h, struct fields_named *ret);
/* May this field of an answer go back to the client? */
bool fields_answer(const struct http_field *f, const struct fields_named *named,
                   enum fields_to from);

/* Appends the query string without its `token` parameters, and gives back the
 * value of the first one (raw), or STR_NONE. `target` is a whole target. */
struct str fields_strip_token(struct str target, struct buf *out);
