/* SPDX-License-Identifier: Apache-2.0 */
/* What a request says that wants to become a WebSocket. Apart from ws.c for
 * edge, which has no WebSockets of its own. */
#include "http/ws.h"
#include "http/wskey.h"
#include "net/ip.h"

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

bool ws_is_far(const struct http_req *r)
{
	struct ip ip;

	/* A unix socket is a proxy's, which has an opinion itself. */
	return !ip_of(r->peer, &ip) || !ip_is_loopback(&ip) || http_is_forwarded(&r->head);
}
