/* SPDX-License-Identifier: Apache-2.0 */
#include "core/name.h"

#include <errno.h>

#include "base/encode.h"

/* One character of valid UTF-8. */
static uint32_t next_char(struct str s, size_t *at)
{
	unsigned char c = (unsigned char)s.ptr[(*at)++];
	unsigned more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
	uint32_t v = more ? c & (0x3fU >> more) : c;

	while (more-- && *at < s.len)
		v = (v << 6) | ((unsigned char)s.ptr[(*at)++] & 0x3fU);
	return v;
}

static bool is_space(uint32_t c)
{
	return c == ' ' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
	       c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Invisible, or able to make a name look like another: controls, line and
 * paragraph separators, direction marks, zero width space, byte order mark,
 * noncharacters and private use. The zero-width joiner stays: emoji need it. */
static bool is_hidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x200b ||
	       c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	       (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef) ||
	       (c >= 0xe000 && c <= 0xf8ff) || c >= 0xe0080;
}

int name_check(struct str s, struct err *err)
{
	size_t at = 0, chars = 0;
	uint32_t c = 0, first = 0;

	if (s.len == 0)
		return ERR(err, -EINVAL, "A name must not be empty.");
	if (s.len > NAME_BYTES_MAX)
		return ERR(err, -EINVAL, "A name has at most %d characters.", NAME_CHARS_MAX);
	if (!utf8_valid(s))
		return ERR(err, -EINVAL, "A name must be valid UTF-8.");
	while (at < s.len) {
		c = next_char(s, &at);
		if (chars++ == 0)
			first = c;
		if (c == '/' || c == '\\')
			return ERR(err, -EINVAL, "A name must not contain '%c'.", (char)c);
		if (is_hidden(c))
			return ERR(err, -EINVAL,
			           "A name must not contain control or invisible characters.");
	}
	if (chars > NAME_CHARS_MAX)
		return ERR(err, -EINVAL, "A name has at most %d characters.", NAME_CHARS_MAX);
	if (is_space(first) || is_space(c))
		return ERR(err, -EINVAL, "A name must not begin or end with a space.");
	if (str_is(s, ".") || str_is(s, ".."))
		return ERR(err, -EINVAL, "A name must not be '.' or '..'.");
	return 0;
}

int email_normal(struct str s, char ret[EMAIL_MAX + 1], struct err *err)
{
	size_t at = str_chr(s, '@', 0);

	if (s.len == 0 || s.len > EMAIL_MAX || at == 0 || at + 1 >= s.len ||
	    str_chr(s, '@', at + 1) != s.len || !utf8_valid(s))
		return ERR(err, -EINVAL, "An e-mail address looks like name@example.org.");
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c <= ' ' || c == 0x7f || c == '/' || c == '\\' || c == '"')
			return ERR(err, -EINVAL,
			           "An e-mail address has no spaces, quotes or slashes.");
	}
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		ret[i] = c;
	}
	ret[s.len] = '\0';
	return 0;
}

void name_to_hostname(const char *name, char ret[HOSTNAME_LEN_MAX + 1])
{
	size_t n = 0;

	for (; *name && n < HOSTNAME_LEN_MAX; name++) {
		char c = *name;

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			ret[n++] = c;
		else if (n > 0 && ret[n - 1] != '-')
			ret[n++] = '-';
	}
	while (n > 0 && ret[n - 1] == '-')
		n--;
	ret[n] = '\0';
	if (n == 0)
		memcpy(ret, "session", sizeof("session"));
}
