/* SPDX-License-Identifier: Apache-2.0 */
/* What a request says that wants to become a WebSocket. Apart from ws.c for
 * edge, which has no WebSockets of its own. */
#include <netinet/in.h>

#include "http/ws.h"
#include "http/wskey.h"

bool ws_is_handshake(const struct http_req *r)
{
	const struct http_head *h = &r->head;

	return h->upgrade_ws && str_is(h->method, "GET") && !h->chunked && h->length == 0 &&
	       http_count(h, "Sec-WebSocket-Version") == 1 &&
	       str_is(http_get(h, "Sec-WebSocket-Version"), "13") &&
	       http_count(h, "Sec-WebSocket-Key") == 1 &&
	       ws_key_ok(http_get(h, "Sec-WebSocket-Key"));
}

bool ws_offered(const struct http_req *r, const char *proto)
{
	for (size_t i = 0; i < r->head.n; i++) {
		struct str v = r->head.fields[i].value, part;

		if (!str_ieq(r->head.fields[i].name, STR("Sec-WebSocket-Protocol")))
			continue;
		while (str_split(&v, ',', &part)) {
			if (str_is(str_trim(part), proto))
				return true;
		}
	}
	return false;
}

static bool is_loopback(const struct addr *a)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in4;

	if (a->sa.ss_family == AF_INET) {
		memcpy(&in4, &a->sa, sizeof(in4));
		return ntohl(in4.sin_addr.s_addr) >> 24 == 127;
	}
	if (a->sa.ss_family != AF_INET6)
		return false; /* a unix socket: of a proxy, which has an opinion itself */
	memcpy(&in6, &a->sa, sizeof(in6));
	return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr) ||
	       (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr) && in6.sin6_addr.s6_addr[12] == 127);
}

bool ws_is_far(const struct http_req *r)
{
	static const char *const of_proxies[] = { "X-Forwarded-For", "Forwarded", "X-Real-IP",
		                                  "Via" };

	if (!is_loopback(r->peer))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(of_proxies); i++) {
		if (http_count(&r->head, of_proxies[i]))
			return true;
	}
	return false;
}
