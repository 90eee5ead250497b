/* SPDX-License-Identifier: Apache-2.0 */
/* The public names of this installation, and which of them a Host means. */
#pragma once

#include "base/err.h"
#include "base/str.h"

#define SITE_HOST_MAX  256
#define SITE_LABEL_MAX 63

struct site {
	bool tls;
	char console[SITE_HOST_MAX];     /* as in a Host field: no default port */
	char suffix[SITE_HOST_MAX];      /* ".localhost:8888": comes after a label */
	char origin[SITE_HOST_MAX + 16]; /* "http://localhost:8888", no slash */
};

enum site_kind { SITE_UNKNOWN, SITE_CONSOLE, SITE_SESSION };

/* console_url: http(s)://host[:port][/]; session_domain: a host name, or ""
 * for the console's. */
MUST_CHECK int site_init(struct site *s, const char *console_url, const char *session_domain,
                         struct err *err);
/* A session's label comes back in lower case. */
enum site_kind site_host(const struct site *s, struct str host,
                         char ret_label[SITE_LABEL_MAX + 1]);
/* Is `origin` (an Origin field) the origin of `host` here? */
bool site_is_origin(const struct site *s, struct str origin, struct str host);
