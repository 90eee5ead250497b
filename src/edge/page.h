/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edge's own answers: a small page for people, a problem document (RFC 9457)
 * for programs, told apart by Accept. No byte of the request is repeated in
 * them. The strict policy allows one style sheet, by its hash.
 */
#pragma once

#include "http/server.h"

struct page {
	unsigned status;
	const char *slug; /* of the problem's type */
	const char *title;
	const char *text; /* what happened and what to do */
	const char *link; /* NULL: none */
	const char *link_text;
	unsigned retry_s; /* 0: no Retry-After; pages reload themselves after it */
};

/* Once, before the first page. */
void page_init(bool tls);
void page_send(struct http_req *r, const struct page *p);
/* Does the client ask for a page, as a browser's navigation does? */
bool page_wanted(const struct http_req *r);
