/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <errno.h>

static unsigned char fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool str_ieq(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (fold(a.ptr[i]) != fold(b.ptr[i]))
			return false;
	}
	return true;
}

bool str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && str_eq(str_sub(s, 0, prefix.len), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.len >= suffix.len && str_eq(str_sub(s, s.len - suffix.len, s.len), suffix);
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int r = n ? memcmp(a.ptr, b.ptr, n) : 0;

	if (r)
		return r;
	return (a.len > b.len) - (a.len < b.len);
}

size_t str_chr(struct str s, char c, size_t from)
{
	const char *at;

	if (from >= s.len)
		return s.len;
	at = memchr(s.ptr + from, c, s.len - from);
	return at ? (size_t)(at - s.ptr) : s.len;
}

size_t str_find(struct str s, struct str needle)
{
	if (needle.len == 0)
		return 0;
	for (size_t i = str_chr(s, needle.ptr[0], 0); i < s.len && s.len - i >= needle.len;
	     i = str_chr(s, needle.ptr[0], i + 1)) {
		if (memcmp(s.ptr + i, needle.ptr, needle.len) == 0)
			return i;
	}
	return s.len;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
	while (s.len && is_blank(s.ptr[0])) {
		s.ptr++;
		s.len--;
	}
	while (s.len && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool str_split(struct str *s, char sep, struct str *part)
{
	size_t i;

	if (!s->ptr)
		return false;
	i = str_chr(*s, sep, 0);
	*part = str_sub(*s, 0, i);
	*s = i < s->len ? str_sub(*s, i + 1, s->len) : STR_NONE;
	return true;
}

static int digits(struct str s, uint64_t *ret)
{
	uint64_t v = 0;
	bool over = false;

	if (s.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return -EINVAL;
		over |= __builtin_mul_overflow(v, (uint64_t)10, &v);
		over |= __builtin_add_overflow(v, (uint64_t)(s.ptr[i] - '0'), &v);
	}
	if (over)
		return -ERANGE;
	*ret = v;
	return 0;
}

int str_to_u64(struct str s, uint64_t min, uint64_t max, uint64_t *ret)
{
	uint64_t v;
	int r = digits(s, &v);

	if (r < 0)
		return r;
	if (v < min || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

int str_to_i64(struct str s, int64_t min, int64_t max, int64_t *ret)
{
	bool minus = s.len && s.ptr[0] == '-';
	uint64_t u;
	int64_t v;
	int r = digits(minus ? str_sub(s, 1, s.len) : s, &u);

	if (r < 0)
		return r;
	if (u > (uint64_t)INT64_MAX + minus)
		return -ERANGE;
	v = minus ? (int64_t)(0 - u) : (int64_t)u;
	if (v < min || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

char *str_dup_z(struct str s)
{
	char *p;

	if (s.len && memchr(s.ptr, 0, s.len))
		return NULL;
	p = malloc(s.len + 1);
	if (!p)
		return NULL;
	if (s.len)
		memcpy(p, s.ptr, s.len);
	p[s.len] = 0;
	return p;
}

bool str_eq_secret(struct str a, struct str b)
{
	volatile unsigned char diff = 0;

	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		diff = (unsigned char)(diff | (a.ptr[i] ^ b.ptr[i]));
	return diff == 0;
}
