/* SPDX-License-Identifier: Apache-2.0 */
#include "edge/source.h"

#include <stdio.h>

/* Takes the part behind the last comma off *s; false when *s is used up. */
static bool take_last(struct str *s, struct str *part)
{
	size_t at = s->len;

	if (!s->ptr)
		return false;
	while (at > 0 && s->ptr[at - 1] != ',')
		at--;
	*part = str_trim(str_sub(*s, at, s->len));
	*s = at ? str_sub(*s, 0, at - 1) : STR_NONE;
	return true;
}

/* The last hop that is not a proxy of ours: what stands before it is the
 * client's to invent. A loopback address there is another machine's, and must
 * not be taken for ours. False: nobody, or something odd. */
static bool last_hop(const struct ip_nets *proxies, const struct http_head *h, struct ip *ret)
{
	for (size_t i = h->n; i-- > 0;) {
		struct str v = h->fields[i].value, hop;

		if (!str_ieq(h->fields[i].name, STR("X-Forwarded-For")))
			continue;
		while (take_last(&v, &hop)) {
			if (ip_parse(hop, ret) < 0)
				return false;
			if (!ip_nets_have(proxies, ret))
				return !ip_is_loopback(ret);
		}
	}
	return false;
}

static enum source_kind forwarded(enum source_kind kind, char ret[IP_TEXT_MAX])
{
	(void)snprintf(ret, IP_TEXT_MAX, "forwarded");
	return kind;
}

enum source_kind source_of(const struct ip_nets *proxies, const struct addr *peer,
                           const struct http_head *h, char ret[IP_TEXT_MAX])
{
	struct ip ip;
	bool by_ip = ip_of(peer, &ip);

	if (by_ip && ip_nets_have(proxies, &ip)) {
		if (!last_hop(proxies, h, &ip))
			return forwarded(SOURCE_ODD, ret);
	} else if ((!by_ip || ip_is_loopback(&ip)) && http_is_forwarded(h)) {
		return forwarded(SOURCE_STRANGER, ret);
	}
	if (by_ip)
		ip_text(&ip, ret);
	else
		(void)snprintf(ret, IP_TEXT_MAX, "local");
	return SOURCE_KNOWN;
}
