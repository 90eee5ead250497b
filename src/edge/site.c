/* SPDX-License-Identifier: Apache-2.0 */
#include "edge/site.h"

#include <errno.h>
#include <stdio.h>

static struct str default_port(const struct site *s)
{
	return s->tls ? STR(":443") : STR(":80");
}

/* Browsers leave the scheme's own port out; others may send it. */
static struct str without_default(const struct site *s, struct str host)
{
	struct str port = default_port(s);

	return str_ends(host, port) ? str_sub(host, 0, host.len - port.len) : host;
}

static bool host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!host_char(s.ptr[i]))
			return false;
	}
	return s.len > 0 && s.len < 200;
}

int site_init(struct site *s, const char *console_url, const char *session_domain,
              struct err *err)
{
	struct str url = str_of(console_url), domain = str_of(session_domain), host, port;
	uint64_t n;

	if (str_ends(url, STR("/")))
		url.len--;
	s->tls = str_starts(url, STR("https://"));
	if (!s->tls && !str_starts(url, STR("http://")))
		return ERR(err, -EINVAL,
		           "the console's address \"%s\" does not begin with http:// "
		           "or https://",
		           console_url);
	host = without_default(s, str_sub(url, s->tls ? 8 : 7, url.len));
	port = str_sub(host, str_chr(host, ':', 0), host.len);
	host.len -= port.len;
	if (!is_name(host) ||
	    (port.len && str_to_u64(str_sub(port, 1, port.len), 1, 65535, &n) < 0))
		return ERR(err, -EINVAL,
		           "the console's address \"%s\" is not scheme://name[:port] "
		           "in lower case",
		           console_url);
	if (!domain.len)
		domain = host;
	if (!is_name(domain))
		return ERR(err, -EINVAL,
		           "the sessions' domain \"%s\" is not a host name in lower "
		           "case, without a port",
		           session_domain);
	(void)snprintf(s->console, sizeof(s->console), "%.*s%.*s", STR_ARG(host),
	               STR_ARG(port));
	(void)snprintf(s->suffix, sizeof(s->suffix), ".%.*s%.*s", STR_ARG(domain),
	               STR_ARG(port));
	(void)snprintf(s->origin, sizeof(s->origin), "%s://%s", s->tls ? "https" : "http",
	               s->console);
	return 0;
}

static bool label(struct str l, char ret[SITE_LABEL_MAX + 1])
{
	if (l.len == 0 || l.len > SITE_LABEL_MAX)
		return false;
	for (size_t i = 0; i < l.len; i++) {
		char c = l.ptr[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c | 0x20);
		if (!host_char(c) || c == '.')
			return false;
		ret[i] = c;
	}
	ret[l.len] = 0;
	return true;
}

enum site_kind site_host(const struct site *s, struct str host,
                         char ret_label[SITE_LABEL_MAX + 1])
{
	struct str suffix = str_of(s->suffix);

	host = without_default(s, host);
	if (str_ieq(host, str_of(s->console)))
		return SITE_CONSOLE;
	if (host.len <= suffix.len ||
	    !str_ieq(str_sub(host, host.len - suffix.len, host.len), suffix))
		return SITE_UNKNOWN;
	return label(str_sub(host, 0, host.len - suffix.len), ret_label) ? SITE_SESSION
	                                                                 : SITE_UNKNOWN;
}

bool site_is_origin(const struct site *s, struct str origin, struct str host)
{
	struct str scheme = s->tls ? STR("https://") : STR("http://");

	return str_starts(origin, scheme) &&
	       str_ieq(without_default(s, str_sub(origin, scheme.len, origin.len)),
	               without_default(s, host));
}
