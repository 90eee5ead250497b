/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cond.h"

#include <errno.h>

/* Is the tag in the list, or the list "*"? Weak comparison leaves out W/. */
static bool has_tag(struct str list, struct str tag, bool weak)
{
	struct str one;

	if (str_is(str_trim(list), "*"))
		return true;
	while (list.len && str_split(&list, ',', &one)) {
		one = str_trim(one);
		if (weak && str_starts(one, STR("W/")))
			one = str_sub(one, 2, one.len);
		if (str_eq(one, tag))
			return true;
	}
	return false;
}

/* Dates count in seconds. */
static bool parse_date(const struct http_head *h, const char *field, wall_us *ret)
{
	return time_parse_http(http_get(h, field), ret) == 0;
}

static wall_us second_of(const struct cond_file *f)
{
	return f->mtime - f->mtime % 1000000;
}

/* In the order of RFC 9110 13.2.2. */
enum cond cond_check(const struct http_head *h, const struct cond_file *f)
{
	struct str match = http_get(h, "If-Match"), none = http_get(h, "If-None-Match");
	wall_us t;

	if (match.ptr) {
		if (!has_tag(match, f->tag, false))
			return COND_FAILED;
	} else if (parse_date(h, "If-Unmodified-Since", &t) && second_of(f) > t) {
		return COND_FAILED;
	}
	if (none.ptr)
		return has_tag(none, f->tag, true) ? COND_SAME : COND_SEND;
	if (parse_date(h, "If-Modified-Since", &t) && second_of(f) <= t)
		return COND_SAME;
	return COND_SEND;
}

bool cond_if_range(const struct http_head *h, const struct cond_file *f)
{
	struct str v = http_get(h, "If-Range");
	wall_us t;

	if (!v.ptr)
		return true;
	if (v.len && v.ptr[0] == '"')
		return str_eq(v, f->tag);
	return time_parse_http(v, &t) == 0 && t == second_of(f);
}

int range_parse(struct str field, uint64_t size, uint64_t *off, uint64_t *len)
{
	struct str s, from, to;
	uint64_t a = 0, b = size ? size - 1 : 0;
	size_t dash;

	if (!str_starts(field, STR("bytes=")))
		return -EINVAL;
	s = str_trim(str_sub(field, 6, field.len));
	dash = str_chr(s, '-', 0);
	if (dash == s.len || str_chr(s, ',', 0) < s.len)
		return -EINVAL;
	from = str_sub(s, 0, dash);
	to = str_sub(s, dash + 1, s.len);
	if (!from.len) {
		if (str_to_u64(to, 0, UINT64_MAX, &b) < 0)
			return -EINVAL;
		if (b == 0 || size == 0)
			return -ERANGE;
		a = b > size ? 0 : size - b;
		b = size - 1;
	} else {
		if (str_to_u64(from, 0, UINT64_MAX, &a) < 0 ||
		    (to.len && str_to_u64(to, 0, UINT64_MAX, &b) < 0))
			return -EINVAL;
		if (to.len && b < a)
			return -EINVAL;
		if (a >= size)
			return -ERANGE;
		if (b >= size)
			b = size - 1;
	}
	*off = a;
	*len = b - a + 1;
	return 0;
}
