/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JupyterLab's event stream (`/api/events/subscribe`): schemas that are known,
 * and every browser that listens. An event that nobody hears is not kept.
 */
#pragma once

#include "base/list.h"
#include "base/str.h"

struct agent;

struct events {
	struct list listeners_;
	unsigned n_;
};

#define EVENT_CONTENTS "https://events.jupyter.org/jupyter_server/contents_service/v1"
#define EVENT_KERNEL   "https://events.jupyter.org/jupyter_server/kernel_actions/v1"
#define EVENT_STOP     "https://carrel.dev/events/stop_warning/v1"
#define EVENT_SESSION  "https://carrel.dev/events/session/v1"

void events_init(struct events *e);
void events_fini(struct events *e);
/* All listeners are sent away; they come back. */
void events_leave(struct agent *a, unsigned timeout_ms);
/* Sends {schema_id, schema_version "1", timestamp, …members} to all;
 * `members` is the inside of an object, without braces, already JSON. */
void events_emit(struct agent *a, const char *schema, struct str members);
