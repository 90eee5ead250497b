/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sse.h"

#include <errno.h>

void sse_init(struct sse *s, sse_fn *fn, void *arg)
{
	*s = (struct sse){ .fn = fn, .arg = arg };
	buf_init(&s->line_, SSE_LINE_MAX);
	buf_init(&s->data_, SSE_DATA_MAX);
}

void sse_fini(struct sse *s)
{
	buf_fini(&s->line_);
	buf_fini(&s->data_);
}

/* Too long for us or with a NUL: as if it had not been there. */
static void keep(char to[SSE_NAME_MAX], struct str value)
{
	if (value.len >= SSE_NAME_MAX || str_chr(value, 0, 0) < value.len)
		return;
	if (value.len)
		memcpy(to, value.ptr, value.len);
	to[value.len] = 0;
}

static int dispatch(struct sse *s)
{
	struct str data = buf_str(&s->data_);
	bool more = true;

	if (s->some_)
		more = s->fn(s->arg, s->event_[0] ? str_of(s->event_) : STR("message"),
		             str_sub(data, 0, data.len - 1), str_of(s->id_));
	buf_clear(&s->data_);
	s->event_[0] = 0;
	s->some_ = false;
	return more ? 0 : -ECANCELED;
}

static int on_line(struct sse *s, struct str line)
{
	size_t colon = str_chr(line, ':', 0);
	struct str field = str_sub(line, 0, colon), value = str_sub(line, colon + 1, line.len);

	if (!line.len)
		return dispatch(s);
	if (value.len && value.ptr[0] == ' ')
		value = str_sub(value, 1, value.len);
	if (str_is(field, "data")) {
		buf_put_str(&s->data_, value);
		buf_put_c(&s->data_, '\n');
		s->some_ = true;
	} else if (str_is(field, "event")) {
		keep(s->event_, value);
	} else if (str_is(field, "id")) {
		keep(s->id_, value);
	}
	return buf_error(&s->data_);
}

/* A line ends with LF, CR or CRLF. */
int sse_feed(struct sse *s, struct str bytes)
{
	for (size_t i = 0; i < bytes.len; i++) {
		char c = bytes.ptr[i];
		int r;

		if (c == '\n' && s->cr_) {
			s->cr_ = false;
			continue;
		}
		s->cr_ = c == '\r';
		if (c != '\n' && c != '\r') {
			buf_put_c(&s->line_, c);
			continue;
		}
		if (buf_error(&s->line_))
			return buf_error(&s->line_);
		r = on_line(s, buf_str(&s->line_));
		buf_clear(&s->line_);
		if (r < 0)
			return r;
	}
	return buf_error(&s->line_);
}
