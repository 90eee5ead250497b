/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One export: a process of the image's Python with its own nbconvert, limited
 * in time, memory and output. It answers the call, or is killed with it.
 */
#pragma once

#include "agent/call.h"

struct conversion {
	const char *format;
	const char *path; /* of the notebook, absolute */
	const char *cwd;  /* where its pictures lie */
	struct str title;
	const char *sanitize; /* of HTML: "true", "false", or "" for what nbconvert does */
	char *temp;           /* a notebook that was posted: removed afterwards; taken */
	bool browser; /* needs one: no limit on its address space, which is all reserve */
};

void nbconvert_run(struct call *c, const struct conversion *e);
/* A page for a person, JSON for a program. */
void nbconvert_refuse(struct call *c, unsigned status, struct str why);
