/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/streamtext.h"

#include "base/encode.h"

#define UNIT sizeof(uint16_t)

void streamtext_init(struct streamtext *t, size_t max_bytes)
{
	*t = (struct streamtext){ 0 };
	buf_init(&t->done_, max_bytes);
	buf_init(&t->before_, max_bytes * UNIT);
	buf_init(&t->after_, max_bytes * UNIT);
}

void streamtext_fini(struct streamtext *t)
{
	buf_fini(&t->done_);
	buf_fini(&t->before_);
	buf_fini(&t->after_);
	t->edited = false;
}

void streamtext_clear(struct streamtext *t)
{
	buf_clear(&t->done_);
	buf_clear(&t->before_);
	buf_clear(&t->after_);
}

static void push(struct buf *b, uint16_t u)
{
	buf_put(b, &u, UNIT);
}

static uint16_t at(const struct buf *b, size_t i)
{
	uint16_t u;

	memcpy(&u, buf_str(b).ptr + i * UNIT, UNIT);
	return u;
}

/* The last unit, taken off; only when there is one. */
static uint16_t pop(struct buf *b)
{
	uint16_t u = at(b, buf_len(b) / UNIT - 1);

	buf_unput(b, UNIT);
	return u;
}

/* Types one unit over what is there. */
static void type(struct streamtext *t, uint16_t u)
{
	push(&t->before_, u);
	if (buf_len(&t->after_)) {
		(void)pop(&t->after_);
		t->edited = true;
	}
}

/* The character at s[i] and its length; s is valid UTF-8. */
static uint32_t decode(struct str s, size_t i, size_t *ret_len)
{
	unsigned char c = (unsigned char)s.ptr[i];
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	uint32_t v = n == 1 ? c : c & (0x7fU >> n);

	if (n > s.len - i)
		n = s.len - i;
	for (size_t k = 1; k < n; k++)
		v = v << 6 | ((unsigned char)s.ptr[i + k] & 0x3f);
	*ret_len = n;
	return v;
}

static void type_all(struct streamtext *t, struct str s)
{
	for (size_t i = 0, n; i < s.len; i += n) {
		uint32_t c = decode(s, i, &n);

		if (c >= 0x10000) {
			type(t, (uint16_t)(0xd800 + ((c - 0x10000) >> 10)));
			type(t, (uint16_t)(0xdc00 + ((c - 0x10000) & 0x3ff)));
		} else {
			type(t, (uint16_t)c);
		}
	}
}

static bool is_high(uint32_t u)
{
	return u >= 0xd800 && u < 0xdc00;
}

static bool is_low(uint32_t u)
{
	return u >= 0xdc00 && u < 0xe000;
}

/* The line in reading order, unit by unit. */
static uint16_t unit_at(const struct streamtext *t, size_t i)
{
	size_t before = buf_len(&t->before_) / UNIT, after = buf_len(&t->after_) / UNIT;

	return i < before ? at(&t->before_, i) : at(&t->after_, after - 1 - (i - before));
}

/* Half a character, left over where the other half was overwritten, can't be
 * written as UTF-8 and becomes what a reader would make of it. */
static void put_line(const struct streamtext *t, struct buf *ret)
{
	size_t n = (buf_len(&t->before_) + buf_len(&t->after_)) / UNIT;

	for (size_t i = 0; i < n; i++) {
		uint32_t u = unit_at(t, i);

		if (is_high(u) && i + 1 < n && is_low(unit_at(t, i + 1)))
			u = 0x10000 + ((u - 0xd800) << 10) + (unit_at(t, ++i) - 0xdc00U);
		else if (is_high(u) || is_low(u))
			u = 0xfffd;
		utf8_put(ret, u);
	}
}

static void end_line(struct streamtext *t)
{
	put_line(t, &t->done_);
	buf_put_c(&t->done_, '\n');
	buf_clear(&t->before_);
	buf_clear(&t->after_);
}

/* As JupyterLab has it, the unit that the cursor stands on goes too. */
static void backspace(struct streamtext *t)
{
	if (!buf_len(&t->before_))
		return;
	(void)pop(&t->before_);
	if (buf_len(&t->after_))
		(void)pop(&t->after_);
	t->edited = true;
}

static void back_to(struct streamtext *t, size_t cursor)
{
	while (buf_len(&t->before_) / UNIT > cursor && !buf_error(&t->after_))
		push(&t->after_, pop(&t->before_));
}

static void control(struct streamtext *t, char c)
{
	if (c == '\n')
		end_line(t);
	else if (c == '\b')
		backspace(t);
	else
		back_to(t, 0);
}

static bool is_control(char c)
{
	return c == '\n' || c == '\b' || c == '\r';
}

void streamtext_add(struct streamtext *t, struct str s)
{
	while (s.len) {
		size_t n = 0;
		bool whole;

		while (n < s.len && !is_control(s.ptr[n]))
			n++;
		whole = n < s.len && s.ptr[n] == '\n' && !buf_len(&t->before_) &&
		        !buf_len(&t->after_);
		if (whole) { /* most lines come in one piece */
			buf_put_str(&t->done_, str_sub(s, 0, n + 1));
		} else {
			type_all(t, str_sub(s, 0, n));
			if (n < s.len)
				control(t, s.ptr[n]);
		}
		s = str_sub(s, n + 1, s.len);
	}
}

void streamtext_set(struct streamtext *t, struct str text, size_t cursor)
{
	size_t from = text.len;

	streamtext_clear(t);
	while (from && text.ptr[from - 1] != '\n')
		from--;
	buf_put_str(&t->done_, str_sub(text, 0, from));
	type_all(t, str_sub(text, from, text.len));
	back_to(t, cursor);
}

size_t streamtext_cursor(const struct streamtext *t)
{
	return buf_len(&t->before_) / UNIT;
}

int streamtext_get(const struct streamtext *t, struct buf *ret)
{
	if (buf_error(&t->done_) || buf_error(&t->before_) || buf_error(&t->after_))
		return buf_error(&t->done_)     ? buf_error(&t->done_)
		       : buf_error(&t->before_) ? buf_error(&t->before_)
		                                : buf_error(&t->after_);
	buf_put_str(ret, buf_str(&t->done_));
	put_line(t, ret);
	return buf_error(ret);
}
