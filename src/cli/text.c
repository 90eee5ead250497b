/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/text.h"

#include <errno.h>
#include <stdio.h>

#include "base/encode.h"

#define DAY       UINT64_C(86400)
#define TEN_YEARS (3650 * DAY)
#define TABLE_MAX ((size_t)64 << 20)

static const struct {
	char letter;
	const char *name;
	uint64_t seconds;
} units[] = { { 'd', "d", DAY }, { 'h', "h", 3600 }, { 'm', "min", 60 }, { 's', "s", 1 } };

/* The digits at the front of *s, taken off it. */
static int leading_number(struct str *s, uint64_t max, uint64_t *ret)
{
	size_t n = 0;
	int r;

	while (n < s->len && s->ptr[n] >= '0' && s->ptr[n] <= '9')
		n++;
	r = str_to_u64(str_sub(*s, 0, n), 0, max, ret);
	if (r == 0)
		*s = str_sub(*s, n, s->len);
	return r;
}

int duration_parse(struct str s, uint64_t *ret_seconds, struct err *err)
{
	struct str whole = s;
	uint64_t total = 0, v;
	size_t next = 0;
	bool good = whole.len > 0;

	while (s.len && good) {
		good = leading_number(&s, TEN_YEARS, &v) == 0 && s.len > 0;
		while (good && next < ARRAY_LEN(units) && units[next].letter != s.ptr[0])
			next++;
		good = good && next < ARRAY_LEN(units);
		if (!good)
			break;
		total += v * units[next++].seconds;
		s = str_sub(s, 1, s.len);
	}
	if (!good)
		return ERR(err, -EINVAL,
		           "\"%.*s\" is not a duration: write it as 90s, 45m, 2h, 1h30m or 7d",
		           STR_ARG(whole));
	if (total > TEN_YEARS)
		return ERR(err, -ERANGE, "%.*s is longer than ten years", STR_ARG(whole));
	*ret_seconds = total;
	return 0;
}

void duration_text(uint64_t seconds, char ret[DURATION_TEXT_MAX])
{
	size_t i = 0;
	uint64_t rest;

	while (i < ARRAY_LEN(units) - 1 && seconds < units[i].seconds)
		i++;
	rest = seconds % units[i].seconds;
	if (i + 1 < ARRAY_LEN(units) && rest >= units[i + 1].seconds)
		(void)snprintf(ret, DURATION_TEXT_MAX, "%llu %s %llu %s",
		               (unsigned long long)(seconds / units[i].seconds), units[i].name,
		               (unsigned long long)(rest / units[i + 1].seconds),
		               units[i + 1].name);
	else
		(void)snprintf(ret, DURATION_TEXT_MAX, "%llu %s",
		               (unsigned long long)(seconds / units[i].seconds), units[i].name);
}

static const char size_letters[] = "KMGTP";

int size_parse(struct str s, uint64_t *ret_bytes, struct err *err)
{
	struct str whole = s;
	uint64_t v, base = 1024;
	unsigned power = 0;

	if (leading_number(&s, UINT64_MAX, &v) < 0)
		goto bad;
	s = str_trim(s);
	if (s.len) {
		char c = (char)(s.ptr[0] >= 'a' && s.ptr[0] <= 'z' ? s.ptr[0] - 'a' + 'A'
		                                                   : s.ptr[0]);
		const char *at = strchr(size_letters, c);

		if (at && c) {
			power = (unsigned)(at - size_letters) + 1;
			s = str_sub(s, 1, s.len);
			if (str_ieq(s, STR("b")))
				base = 1000;
		}
		if (s.len && !str_ieq(s, STR("b")) && !(power && str_ieq(s, STR("ib"))))
			goto bad;
	}
	for (; power; power--) {
		if (__builtin_mul_overflow(v, base, &v))
			return ERR(err, -ERANGE, "%.*s is too large", STR_ARG(whole));
	}
	*ret_bytes = v;
	return 0;
bad:
	return ERR(err, -EINVAL, "\"%.*s\" is not a size: write it as 512MiB, 5GiB or 1TiB",
	           STR_ARG(whole));
}

void size_text(uint64_t bytes, char ret[SIZE_TEXT_MAX])
{
	uint64_t unit = 1024, tenths;
	size_t i = 0;

	if (bytes < unit) {
		(void)snprintf(ret, SIZE_TEXT_MAX, "%llu B", (unsigned long long)bytes);
		return;
	}
	while (i + 1 < sizeof(size_letters) - 1 && bytes / 1024 >= unit) {
		unit *= 1024;
		i++;
	}
	tenths = bytes / unit * 10 + bytes % unit * 10 / unit;
	if (tenths % 10 && tenths < 1000)
		(void)snprintf(ret, SIZE_TEXT_MAX, "%llu.%llu %ciB",
		               (unsigned long long)(tenths / 10),
		               (unsigned long long)(tenths % 10), size_letters[i]);
	else
		(void)snprintf(ret, SIZE_TEXT_MAX, "%llu %ciB",
		               (unsigned long long)(tenths / 10), size_letters[i]);
}

/* One character off the front of *s; U+FFFD for a byte that starts none. */
static uint32_t next_char(struct str *s)
{
	for (size_t n = 1; n <= 4 && n <= s->len; n++) {
		struct str one = str_sub(*s, 0, n);
		uint32_t c;

		if (!utf8_valid(one))
			continue;
		c = (uint8_t)one.ptr[0];
		if (n > 1)
			c &= 0x7fU >> n;
		for (size_t i = 1; i < n; i++)
			c = c << 6 | ((uint8_t)one.ptr[i] & 0x3f);
		*s = str_sub(*s, n, s->len);
		return c;
	}
	*s = str_sub(*s, 1, s->len);
	return 0xfffd;
}

void text_clean(struct buf *b, struct str s)
{
	while (s.len) {
		uint32_t c = next_char(&s);

		if (c == '\n' || c == '\t')
			c = ' ';
		/* C0, DEL, C1, and what reorders a line (Trojan Source). */
		if (c < ' ' || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
		    (c >= 0x2066 && c <= 0x2069))
			c = '?';
		utf8_put(b, c);
	}
}

static const struct {
	uint32_t first, last;
	unsigned width;
} widths[] = {
	{ 0x0300, 0x036f, 0 },   { 0x1100, 0x115f, 2 },   { 0x1ab0, 0x1aff, 0 },
	{ 0x200b, 0x200f, 0 },   { 0x20d0, 0x20ff, 0 },   { 0x2e80, 0xa4cf, 2 },
	{ 0xac00, 0xd7a3, 2 },   { 0xf900, 0xfaff, 2 },   { 0xfe00, 0xfe0f, 0 },
	{ 0xfe30, 0xfe6f, 2 },   { 0xff00, 0xff60, 2 },   { 0xffe0, 0xffe6, 2 },
	{ 0x1f300, 0x1faff, 2 }, { 0x20000, 0x3fffd, 2 }, { 0xe0100, 0xe01ef, 0 },
};

size_t text_width(struct str s)
{
	size_t total = 0;

	while (s.len) {
		uint32_t c = next_char(&s);
		unsigned w = 1;

		for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
			if (c >= widths[i].first && c <= widths[i].last)
				w = widths[i].width;
		}
		total += w;
	}
	return total;
}

void table_init(struct table *t, const char *const *titles)
{
	*t = (struct table){ .text = BUF(TABLE_MAX) };
	for (; titles[t->columns]; t->columns++)
		CHECK(t->columns < TABLE_COLUMNS);
	for (size_t i = 0; i < t->columns; i++) {
		t->right[i] = titles[i][0] == '>';
		table_cell(t, titles[i] + t->right[i]);
	}
}

void table_cell(struct table *t, const char *text)
{
	size_t column = t->cells++ % t->columns, start = buf_len(&t->text), width;

	text_clean(&t->text, str_of(text));
	width = text_width(str_sub(buf_str(&t->text), start, buf_len(&t->text)));
	if (width > t->width[column])
		t->width[column] = width;
	buf_put_c(&t->text, 0);
}

static void spaces(struct buf *b, size_t n)
{
	for (; n > 0; n--)
		buf_put_c(b, ' ');
}

void table_end(struct table *t, struct buf *b)
{
	struct str rest = buf_str(&t->text);

	CHECK(t->cells % t->columns == 0);
	for (size_t i = 0; i < t->cells && !buf_error(&t->text); i++) {
		size_t column = i % t->columns, end = str_chr(rest, 0, 0);
		struct str cell = str_sub(rest, 0, end);
		size_t pad = t->width[column] - text_width(cell);
		bool last = column + 1 == t->columns;

		spaces(b, t->right[column] ? pad : 0);
		buf_put_str(b, cell);
		spaces(b, t->right[column] || last ? 0 : pad);
		buf_put_z(b, last ? "\n" : "  ");
		rest = str_sub(rest, end + 1, rest.len);
	}
	buf_fini(&t->text);
}
