/* SPDX-License-Identifier: Apache-2.0 */
#include "edge/fields.h"

#include <errno.h>

#define IS(name, lit) str_ieq((name), STR(lit))

static bool is_word_of_connection(struct str s)
{
	return IS(s, "close") || IS(s, "keep-alive") || IS(s, "upgrade");
}

int fields_named(const struct http_head *h, struct fields_named *ret)
{
	ret->n = 0;
	for (size_t i = 0; i < h->n; i++) {
		struct str v = h->fields[i].value, part;

		if (!IS(h->fields[i].name, "connection"))
			continue;
		while (str_split(&v, ',', &part)) {
			part = str_trim(part);
			if (is_word_of_connection(part))
				continue;
			if (ret->n == ARRAY_LEN(ret->name))
				return -EINVAL;
			ret->name[ret->n++] = part;
		}
	}
	return 0;
}

static bool is_named(struct str name, const struct fields_named *named)
{
	for (size_t i = 0; i < named->n; i++) {
		if (str_ieq(name, named->name[i]))
			return true;
	}
	return false;
}

/* Fields of one connection only (RFC 9110 7.6.1), and framing, which each
 * side writes for itself. */
static bool is_hop(struct str n)
{
	switch (n.ptr[0] | 0x20) {
	case 'c':
		return IS(n, "connection") || IS(n, "content-length");
	case 'k':
		return IS(n, "keep-alive");
	case 'p':
		return str_ieq(str_sub(n, 0, 6), STR("proxy-"));
	case 't':
		return IS(n, "te") || IS(n, "trailer") || IS(n, "transfer-encoding");
	case 'u':
		return IS(n, "upgrade");
	default:
		return false;
	}
}

/* What only we may say to those behind us. Names with '_' are refused since
 * some servers take "X_Carrel_Account" for "X-Carrel-Account". */
static bool poses_as_ours(struct str n)
{
	if (str_chr(n, '_', 0) < n.len)
		return true;
	switch (n.ptr[0] | 0x20) {
	case 'x':
		return str_ieq(str_sub(n, 0, 9), STR("x-carrel-")) ||
		       str_ieq(str_sub(n, 0, 12), STR("x-forwarded-")) || IS(n, "x-real-ip");
	case 'f':
		return IS(n, "forwarded");
	default:
		return false;
	}
}

/* Said again by us: Expect was answered here, the handshake's fields belong
 * to each of the two connections. */
static bool is_for_us(struct str n)
{
	switch (n.ptr[0] | 0x20) {
	case 'e':
		return IS(n, "expect");
	case 'h':
		return IS(n, "host") || IS(n, "http2-settings");
	case 's':
		return IS(n, "sec-websocket-key") || IS(n, "sec-websocket-version") ||
		       IS(n, "sec-websocket-extensions") || IS(n, "sec-websocket-accept");
	default:
		return false;
	}
}

/* The one name of that kind that is a page's to send: core wants to see that a
 * script of the console wrote the request. */
static bool is_csrf_word(struct str n)
{
	return IS(n, "x-carrel-csrf");
}

static bool is_platform_cookie(struct str name)
{
	return IS(name, "__Host-s") || IS(name, "__Host-t");
}

static void put_field(struct buf *out, struct str name, struct str value)
{
	buf_put_str(out, name);
	buf_put(out, ": ", 2);
	buf_put_str(out, value);
	buf_put(out, "\r\n", 2);
}

/* The cookies but for those of the platform; nothing if none are left. */
static void put_cookies(struct buf *out, struct str v)
{
	bool any = false;
	struct str part;

	while (str_split(&v, ';', &part)) {
		struct str cookie = str_trim(part);
		struct str name = str_trim(str_sub(cookie, 0, str_chr(cookie, '=', 0)));

		/* "=__Host-t=x" would read as a platform cookie once it is sent on. */
		if (cookie.len == 0 || name.len == 0 || is_platform_cookie(name))
			continue;
		buf_put_z(out, any ? "; " : "Cookie: ");
		buf_put_str(out, cookie);
		any = true;
	}
	if (any)
		buf_put(out, "\r\n", 2);
}

int fields_request(const struct http_head *h, enum fields_to to, struct buf *out)
{
	struct fields_named named;

	if (fields_named(h, &named) < 0)
		return -EINVAL;
	put_field(out, STR("Host"), h->host);
	for (size_t i = 0; i < h->n; i++) {
		struct str name = h->fields[i].name;

		if (is_hop(name) || is_for_us(name) || is_named(name, &named))
			continue;
		if (poses_as_ours(name) && !(to == TO_CORE && is_csrf_word(name)))
			continue;
		if (to != TO_CORE && IS(name, "authorization"))
			continue;
		if (to == TO_FILES && !IS(name, "content-type"))
			continue;
		if (to != TO_CORE && IS(name, "cookie")) {
			if (to == TO_SESSION)
				put_cookies(out, h->fields[i].value);
			continue;
		}
		put_field(out, name, h->fields[i].value);
	}
	return buf_error(out);
}

/* A cookie without a name ("=__Host-t=x") would read as one of the platform's
 * when it comes back. */
static bool may_set(struct str set_cookie)
{
	struct str pair = str_sub(set_cookie, 0, str_chr(set_cookie, ';', 0));
	size_t eq = str_chr(pair, '=', 0);
	struct str name = str_trim(str_sub(pair, 0, eq));

	return eq < pair.len && name.len && !is_platform_cookie(name);
}

bool fields_answer(const struct http_field *f, const struct fields_named *named,
                   enum fields_to from)
{
	struct str n = f->name;

	if (is_hop(n) || IS(n, "date") || is_named(n, named))
		return false;
	if (from == TO_CORE)
		return true;
	if (poses_as_ours(n) || IS(n, "alt-svc") || IS(n, "sec-websocket-accept") ||
	    IS(n, "sec-websocket-extensions"))
		return false;
	return !IS(n, "set-cookie") || (from == TO_SESSION && may_set(f->value));
}

struct str fields_strip_token(struct str target, struct buf *out)
{
	size_t q = str_chr(target, '?', 0);
	struct str rest = str_sub(target, q + 1, target.len), part, token = STR_NONE;
	char sep = '?';

	buf_put_str(out, str_sub(target, 0, q));
	while (rest.len && str_split(&rest, '&', &part)) {
		if (str_starts(part, STR("token="))) {
			if (!token.ptr)
				token = str_sub(part, 6, part.len);
			continue;
		}
		buf_put_c(out, sep);
		buf_put_str(out, part);
		sep = '&';
	}
	return token;
}
