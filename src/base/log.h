/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line per event on stderr: `level=info event=session_start s=s_7f… …`.
 * Values are quoted and escaped when needed, cut at 256 bytes. Never a secret,
 * a token or a cell's content. A full pipe drops and counts, never blocks.
 * Only the top of a task logs; functions below return.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_init(const char *program, enum log_level min);

struct log_kv {
	const char *key;
	enum { LOG_KV_STR, LOG_KV_INT } kind;
	struct str s;
	int64_t i;
};
#define LS(k, v) ((struct log_kv){ .key = (k), .kind = LOG_KV_STR, .s = (v) })
#define LZ(k, v) ((struct log_kv){ .key = (k), .kind = LOG_KV_STR, .s = str_of(v) })
#define LI(k, v) ((struct log_kv){ .key = (k), .kind = LOG_KV_INT, .i = (int64_t)(v) })

void log_event_(enum log_level level, const char *event, const struct log_kv *kv, size_t n);
/* log_event(LOG_INFO, "listen", LZ("addr", a), LI("port", p)); at least one. */
#define log_event(level, event, ...)                                         \
	log_event_((level), (event), (const struct log_kv[]){ __VA_ARGS__ }, \
	           sizeof((const struct log_kv[]){ __VA_ARGS__ }) / sizeof(struct log_kv))
void log_err(enum log_level level, const char *event, const struct err *err);
