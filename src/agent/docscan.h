/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What documents there are below the root: a walk in steps of a bounded number
 * of entries, so that nobody waits for it. Hidden folders and those of packages
 * are passed by; so is what lies too deep, and what is too much.
 */
#pragma once

#include "agent/agent.h"
#include "proto/docmsg.h"

#define SCAN_DOCS_MAX    10000U
#define SCAN_ENTRIES_MAX 100000U
#define SCAN_STEP        500U

struct docscan {
	struct arena m;
	struct doc_item *items; /* sorted by path, when it is done */
	size_t n, entries;
	struct str *folders; /* still to be walked */
	size_t nfolders, room;
	void *dir; /* DIR of the folder that is being walked */
	struct str at;
};

void docscan_begin(struct docscan *s);
void docscan_fini(struct docscan *s);
/* False: it is done. */
bool docscan_step(struct docscan *s, const struct agent *a);
/* What a document is by name, and where it may lie. */
bool docscan_wants(struct str path);
