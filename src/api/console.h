/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console's files, embedded at build time (tools/embed-assets): pages and
 * hashed assets. The only bytes of this origin that are not JSON or numbers,
 * and none of them is a user's.
 */
#pragma once

#include <stdbool.h>

#include "api/core.h"
#include "http/server.h"

struct asset_bytes {
	const unsigned char *ptr; /* NULL: not there in this coding */
	size_t len;
};
struct asset {
	const char *path; /* "/assets/index-1a2b3c.js" */
	const char *type;
	const char *etag; /* with its quotes */
	struct asset_bytes identity, br, gz;
};
extern const struct asset assets[]; /* sorted by path */
extern const size_t nassets;

/* Answers GET and HEAD of console pages and assets. False: not ours. */
bool console_serve(struct http_req *r, const struct core_cfg *cfg);
/* The fields that every answer of this origin carries. */
void console_headers(struct http_req *r, const struct core_cfg *cfg);
