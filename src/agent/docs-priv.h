/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by docs.c (what is to be said) and docsend.c (one message on its way). */
#pragma once

#include <sys/stat.h>

#include "agent/docs.h"
#include "agent/docscan.h"
#include "agent/doctext.h"
#include "base/list.h"
#include "base/map.h"

#define QUEUE_MAX 1024U
#define MOVES_MAX 32U

/* Something happened to this file that was not said yet. */
struct docs_item {
	struct list node;
	char *path;
	bool text, seen;
	enum doc_what what;
	wall_us at;
};

struct docs_move {
	char *from, *to;
};

/* A document that is being read, a piece a turn. */
struct docs_reading {
	int fd;
	enum doc_kind kind;
	struct stat st;
	uint64_t done;
	struct doctext out;
	struct nbtext nb;
	struct buf plain;
	char *path;
};

struct docs {
	struct agent *a;
	bool on; /* somebody wants to hear it */
	uint32_t credit;

	struct map by_path;
	struct list queue; /* struct docs_item */
	struct docs_move move[MOVES_MAX];
	unsigned nmoves;
	bool kernels; /* may have changed */
	struct buf kernels_said;

	/* The message that was not acknowledged yet; empty: none is. */
	struct buf body;
	uint64_t gen;
	uint32_t part, parts;
	bool is_list, is_kernels;

	struct docs_reading read;
	struct docscan scan;
	bool scanning, listing; /* walking; telling what was found */
	size_t page_from, page_to;
	size_t *wanted;
	size_t nwanted, wanted_at;
	boot_ns scanned_at;

	struct ev_timer pump, patience, rescan, walk, reader;
};

/* docsend.c */
void docsend_start(struct docs *d); /* of d->body, from its first part */
void docsend_more(struct docs *d);  /* what the credit and the socket take */
/* Opens it, and calls docs_read_done when its message is in d->body. */
void docs_read_begin(struct docs *d, struct str path);
void docs_read_stop(struct docs *d);

/* docs.c */
void docs_pump(struct docs *d, unsigned ms);
