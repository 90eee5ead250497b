/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line is one write(2) of at most PIPE_BUF bytes, so lines of several
 * processes on one pipe never mix, and a pipe that poll(2) calls writable
 * takes it without blocking.
 */
#include "base/log.h"

#include <limits.h>
#include <poll.h>
#include <stdatomic.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/time.h"

#define VALUE_MAX ((size_t)256)

static const char *const level_names[] = { "debug", "info", "warn", "error" };

/* Written once, at the start of the program. */
static const char *log_program = "carrel";
static enum log_level log_min = LOG_INFO;
static atomic_uint dropped;

void log_init(const char *program, enum log_level min)
{
	log_program = program;
	log_min = min;
}

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c <= ' ' || c > '~' || c == '"' || c == '=' || c == '\\')
			return false;
	}
	return s.len > 0;
}

/* Control characters could forge lines or drive a terminal; bytes that are
 * not UTF-8 could break the reader. Both are shown, not passed on. */
static void put_quoted(struct buf *b, struct str s)
{
	bool text = utf8_valid(s);

	buf_put_c(b, '"');
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c == '\n')
			buf_put_z(b, "\\n");
		else if (c < ' ' || c == 0x7f || (c >= 0x80 && !text))
			buf_printf(b, "\\x%02x", c);
		else
			buf_put_c(b, (char)c);
	}
	buf_put_c(b, '"');
}

static void put_value(struct buf *b, struct str s)
{
	if (s.len > VALUE_MAX) {
		s.len = VALUE_MAX;
		s.len = utf8_whole(s);
	}
	if (is_plain(s))
		buf_put_str(b, s);
	else
		put_quoted(b, s);
}

static bool emit(struct buf *b)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	struct str line;

	if (buf_error(b)) {
		/* Too long: the front of it is worth more than nothing. */
		b->error_ = 0;
		b->max_ += 8;
		buf_put_z(b, " cut=1");
	}
	buf_put_c(b, '\n');
	line = buf_str(b);
	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) &&
	       write(STDERR_FILENO, line.ptr, line.len) == (ssize_t)line.len;
}

void log_event_(enum log_level level, const char *event, const struct log_kv *kv, size_t n)
{
	struct buf b = BUF(PIPE_BUF - 8);
	char at[TIME_RFC3339_MAX];
	unsigned lost;

	if (level < log_min)
		return;
	time_rfc3339(time_wall_us(), at);
	buf_printf(&b, "level=%s event=%s prog=%s at=%s", level_names[level], event,
	           log_program, at);
	lost = atomic_exchange(&dropped, 0);
	if (lost)
		buf_printf(&b, " dropped=%u", lost);
	for (size_t i = 0; i < n; i++) {
		buf_printf(&b, " %s=", kv[i].key);
		if (kv[i].kind == LOG_KV_INT)
			buf_printf(&b, "%lld", (long long)kv[i].i);
		else
			put_value(&b, kv[i].s);
	}
	if (!emit(&b))
		atomic_fetch_add(&dropped, lost + 1);
	buf_fini(&b);
}

void log_err(enum log_level level, const char *event, const struct err *err)
{
	log_event(level, event, LI("code", err->code), LZ("message", err->msg),
	          LZ("file", err->file ? err->file : "?"), LI("line", err->line));
}
