/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the messages of one request to the outputs of its cell, as JupyterLab's
 * output area makes them: streams of one name joined, carriage returns and
 * backspaces carried out, clear_output now or with the next output, displays
 * that are updated by their display_id. Pure: no kernel, no file, no clock.
 *
 * Everything is made in the arena given, which must outlive the list.
 */
#pragma once

#include "agent/streamtext.h"
#include "base/json.h"
#include "base/map.h"

#define OUTPUTS_TEXT_MAX ((size_t)64 << 20)
#define OUTPUTS_IDS_MAX  65536U

enum outputs_msg {
	OUTPUTS_NONE, /* nothing that an output is made of */
	OUTPUTS_STREAM,
	OUTPUTS_DISPLAY,
	OUTPUTS_UPDATE, /* of displays with that display_id, here or in other cells */
	OUTPUTS_RESULT,
	OUTPUTS_ERROR,
	OUTPUTS_CLEAR,
	OUTPUTS_PAGE,     /* the content of an execute_reply: what `help?` shows */
	OUTPUTS_SNAPSHOT, /* outputs_snapshot of what came before */
};

struct outputs {
	struct arena *a;
	struct json *list_, *last_;
	struct json *text_node_; /* of the stream that the last output is */
	struct str stream_;      /* its name; empty: the next one begins a new output */
	struct streamtext text_;
	struct map ids_; /* display_id to struct outputs_id */
	bool clear_next_;
};

enum outputs_msg outputs_type(struct str t); /* of a msg_type */
/* The display_id that a message's content has, made in the arena; empty: none. */
struct str outputs_display_id(struct arena *a, struct str content);

MUST_CHECK int outputs_init(struct outputs *o, struct arena *a);
void outputs_fini(struct outputs *o);
/* -EINVAL: the content is not what such a message holds; nothing was changed.
 * -ENOMEM, -E2BIG: the maximum is reached, o can only be finished. */
MUST_CHECK int outputs_add(struct outputs *o, enum outputs_msg type, struct str content);
/* An array of outputs in their browser form; NULL: no memory. More may be
 * added afterwards, which changes it. */
struct json *outputs_list(struct outputs *o);
/* Appends JSON from which a fresh struct outputs goes on as this one would. */
MUST_CHECK int outputs_snapshot(struct outputs *o, struct buf *ret);
