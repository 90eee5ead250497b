/* SPDX-License-Identifier: Apache-2.0 */
/* Places in line, for those who wait. */
#pragma once

#include "cli/api.h"

/* "in line, place 2 of 5; 1 session ends by 14:20 at the latest", or NULL: not
 * in line. queue: the session's. */
const char *queue_text(struct cli *c, const struct json *queue);
/* Its turn is kept: until when; else NULL. */
const char *queue_held_until(struct cli *c, const struct json *session);
/* After Ctrl-C: leave the line, or wait on? True: it was asked to leave. */
bool queue_asks_to_leave(struct cli *c, const struct json *session);
